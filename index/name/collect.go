package name

import "math/bits"

func bitCount(m uint16) int { return bits.OnesCount16(m) }

// keyMask is the mask of query word i met by key, which is near as well.
func keyMask(i int) mask { return 1<<i | 1<<(i+nearShift) }

func nearMask(i int) mask { return 1 << (i + nearShift) }

// collect finds the words that meet a needed word of the query by key.
func (s *searcher) collect() {
	byTerm := map[term]mask{}
	for i, q := range s.terms {
		if s.need&(1<<i) == 0 {
			continue
		}
		for _, t := range q.keys {
			byTerm[t] |= keyMask(i)
		}
	}
	s.find(byTerm)
}

// collectNear finds the words that meet a needed word of the query by nearness.
func (s *searcher) collectNear() {
	byTerm := map[term]mask{}
	byText := map[string]mask{} // a word that comes twice is looked up once
	for i, q := range s.terms {
		if s.need&(1<<i) == 0 {
			continue
		}
		for _, t := range q.near {
			byTerm[t] |= nearMask(i)
		}
		if q.fuzzy {
			byText[s.tokens[i].Text] |= nearMask(i)
		}
	}
	s.find(byTerm)
	for text, m := range byText {
		s.findSimilar(text, m)
	}
}

// meet says that a word of the lexicon meets words of the query.
func (s *searcher) meet(w uint32, m mask) {
	if s.met[w] == 0 {
		s.words = append(s.words, w)
	}
	s.met[w] |= m
}

// find meets the words of the lexicon that have one of the keys.
func (s *searcher) find(byTerm map[term]mask) {
	for _, b := range s.st.blocks {
		for t, m := range byTerm {
			for _, w := range b.lookup(t) {
				s.meet(w, m)
			}
		}
	}
	for w := s.st.covered(); int(w) < len(s.st.lexicon); w++ {
		s.st.lexicon[w].keys(func(t term) {
			if m := byTerm[t]; m != 0 {
				s.meet(w, m)
			}
		})
	}
}

// findSimilar meets the words that are spelt as near to text as its length allows.
func (s *searcher) findSimilar(text string, m mask) {
	k := fuzziness(len(text))
	for _, b := range s.st.blocks {
		b.similar(text, k, func(w uint32) { s.meet(w, m) })
	}
	for w := s.st.covered(); int(w) < len(s.st.lexicon); w++ {
		x := s.st.lexicon[w]
		if within(text, x.Text, k) || x.Alt != "" && within(text, x.Alt, k) {
			s.meet(w, m)
		}
	}
}

// mark sets the masks of the forms that hold the words met. Words that meet one of
// the query's openers open a form; the others only add to forms that are open, so
// that a common word costs little beside a rare one.
func (s *searcher) mark() {
	rest := 0
	for _, w := range s.words {
		m := s.met[w]
		for part, seg := range s.st.segments {
			forms, _ := seg.holding(w)
			if m&s.openers == 0 {
				rest += len(forms)
				continue
			}
			s.open(part, forms, m)
		}
	}
	part := len(s.st.segments)
	for i, d := range s.st.delta {
		if m := s.meets(d.words); m&s.openers != 0 {
			s.open(part, []uint32{uint32(i)}, m)
		}
	}
	open := 0
	for _, seen := range s.seen[:part] {
		open += len(seen)
	}
	if open*formCost < rest {
		s.lookUp()
		return
	}
	for _, w := range s.words {
		m := s.met[w]
		if m&s.openers != 0 {
			continue
		}
		for part, seg := range s.st.segments {
			masks := s.masks[part]
			forms, _ := seg.holding(w)
			for _, f := range forms {
				if masks[f] != 0 {
					masks[f] |= m
				}
			}
		}
	}
}

// formCost is what it costs to look at the words of a form, in posted forms.
const formCost = 20

// lookUp completes the masks of the open forms by their words.
func (s *searcher) lookUp() {
	for part, seg := range s.st.segments {
		for _, f := range s.seen[part] {
			s.masks[part][f] |= s.meets(seg.form(f))
		}
	}
}

// meets says which words of the query a name of these words meets.
func (s *searcher) meets(words []uint32) (m mask) {
	for _, w := range words {
		m |= s.met[w]
	}
	return m
}

// open adds a mask to forms and notes those that had none.
func (s *searcher) open(part int, forms []uint32, m mask) {
	masks, seen := s.masks[part], s.seen[part]
	for _, f := range forms {
		if masks[f] == 0 {
			seen = append(seen, f)
		}
		masks[f] |= m
	}
	s.seen[part] = seen
}

// rarest picks the n needed words of the query that the fewest names meet by key;
// of equals the first. A name that meets all needed words but n-1 meets one of
// them.
func (s *searcher) rarest(n int) (set uint16) {
	count := s.borne()
	for range n {
		best := -1
		for i := range s.terms {
			if s.need&^set&(1<<i) != 0 && (best < 0 || count[i] < count[best]) {
				best = i
			}
		}
		set |= 1 << best
	}
	return set
}

// borne counts for each bit of a mask the names in segments, dead ones among them,
// that meet the word so; a name that holds two such words counts twice.
func (s *searcher) borne() (count [2 * nearShift]int) {
	for _, w := range s.words {
		held := 0
		for _, seg := range s.st.segments {
			_, n := seg.holding(w)
			held += n
		}
		for m := s.met[w]; m != 0; m &= m - 1 {
			count[bits.TrailingZeros64(uint64(m))] += held
		}
	}
	return count
}

// uncommon gives the words of the query that few living names meet: by key at most
// commonWord, by nearness commonNear.
func (s *searcher) uncommon() (set mask) {
	count := s.borne()
	for i := range s.terms {
		if s.need&(1<<i) == 0 {
			continue
		}
		for _, c := range []struct {
			bit, limit int
		}{{i, commonWord}, {i + nearShift, commonNear}} {
			if count[c.bit]+len(s.st.delta) <= c.limit || s.countLive(1<<c.bit, c.limit+1) <= c.limit {
				set |= 1 << c.bit
			}
		}
	}
	return set
}

// countLive counts the living names that meet a word of the query, at most most.
func (s *searcher) countLive(of mask, most int) int {
	n := 0
	var marked [][2]uint32
	count := func(part int, f uint32) {
		seqs, _ := s.st.bearers(part, f)
		for _, seq := range seqs {
			if n < most && s.st.live.has(seq) {
				n++
			}
		}
	}
	for i, d := range s.st.delta {
		if s.meets(d.words)&of != 0 {
			count(len(s.st.segments), uint32(i))
		}
	}
	for _, w := range s.words {
		if s.met[w]&of == 0 {
			continue
		}
		for part, seg := range s.st.segments {
			forms, _ := seg.holding(w)
			for _, f := range forms {
				if n >= most {
					break
				}
				if s.masks[part][f]&counted == 0 {
					s.masks[part][f] |= counted
					marked = append(marked, [2]uint32{uint32(part), f})
					count(part, f)
				}
			}
		}
	}
	for _, m := range marked {
		s.masks[m[0]][m[1]] &^= counted
	}
	return n
}
