package name

import (
	"math/bits"

	"vigie/watchlist/names"
)

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

// mark sets the masks of the names that hold the words met. Words that meet one of
// the query's openers open a name; the others only add to names that are open, so
// that a common word costs little beside a rare one.
func (s *searcher) mark() {
	for _, opening := range []bool{true, false} {
		for _, w := range s.words {
			m := s.met[w]
			if opening != (uint16(m|m>>nearShift)&s.openers != 0) {
				continue
			}
			for part, seg := range s.st.segments {
				s.add(part, seg.holding(w), m, opening)
			}
		}
	}
	part := len(s.st.segments)
	for i, d := range s.st.delta {
		var m mask
		for _, w := range d.words {
			m |= s.met[w]
		}
		if uint16(m|m>>nearShift)&s.openers != 0 {
			s.add(part, []uint32{uint32(i)}, m, true)
		}
	}
}

func (s *searcher) add(part int, docs []uint32, m mask, opening bool) {
	masks := s.masks[part]
	if !opening {
		for _, d := range docs {
			if masks[d] != 0 {
				masks[d] |= m
			}
		}
		return
	}
	seen := s.seen[part]
	for _, d := range docs {
		if masks[d] == 0 {
			seen = append(seen, d)
		}
		masks[d] |= m
	}
	s.seen[part] = seen
}

// rarest picks the n needed words of the query that the fewest names meet by key;
// of equals the first. A name that meets all needed words but n-1 meets one of
// them.
func (s *searcher) rarest(n int) (set uint16) {
	var count [names.MaxTokens]int
	for _, w := range s.words {
		held := 0
		for _, seg := range s.st.segments {
			held += len(seg.holding(w))
		}
		for m := s.met[w].keys(); m != 0; m &= m - 1 {
			count[bits.TrailingZeros16(m)] += held
		}
	}
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
