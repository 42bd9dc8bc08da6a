package name

import "slices"

// doc is one name of one entry, as the writer makes it and the delta holds it.
type doc struct {
	// seq is the number of the entry's version, see state; name is the place of the
	// name among the entry's. Arrays of one, so that bearers can give slices.
	seq  [1]uint32
	name [1]uint16
	shape
	words []uint32
}

// shape is what a search needs of a name besides its words.
type shape struct {
	weak bool
	// tokens is how many of the words are the words of the name in their order; the
	// rest are neighbours joined.
	tokens uint8
	// core counts the core words among them.
	core uint8
}

// segment is an immutable set of names with the postings of their words. Names of
// the same words are one form, however many people bear it: in the region a
// million names are far fewer forms.
type segment struct {
	// heads are one more than the forms: form f has the words
	// text[heads[f].at:heads[f+1].at].
	heads []head
	text  []uint32
	// The bearers of form f are seqs and names from[f]:from[f+1], in rising order of
	// seq, then name.
	from, seqs []uint32
	names      []uint16
	// words are the words that occur, in rising order; the forms that hold words[i]
	// are list[start[i]:start[i+1]], in rising order, and borne[i] names.
	words, start, list, borne []uint32
}

// head is what a search reads of a form before its words.
type head struct {
	at uint32
	shape
}

// forms is their number.
func (s *segment) forms() int { return len(s.heads) - 1 }

// form gives the words of a form.
func (s *segment) form(f uint32) []uint32 { return s.text[s.heads[f].at:s.heads[f+1].at] }

// docs calls f with every name, those of a form in their order.
func (s *segment) docs(f func(d doc)) {
	for i := range s.forms() {
		for k := s.from[i]; k < s.from[i+1]; k++ {
			f(doc{[1]uint32{s.seqs[k]}, [1]uint16{s.names[k]}, s.heads[i].shape, s.form(uint32(i))})
		}
	}
}

// buildSegment puts names of the same words together and sorts the forms under
// their words by counting. Names of the same words stay in their order.
func buildSegment(docs []doc) *segment {
	s := &segment{}
	formOf := make([]uint32, len(docs))
	g := newGrouper(len(docs))
	var first, count []uint32
	for i := range docs {
		f := g.group(docs, first, i)
		if int(f) == len(first) {
			first, count = append(first, uint32(i)), append(count, 0)
		}
		formOf[i] = f
		count[f]++
	}
	s.from = sums(count)
	s.seqs, s.names = make([]uint32, len(docs)), make([]uint16, len(docs))
	next := slices.Clone(s.from)
	for i := range docs {
		k := next[formOf[i]]
		next[formOf[i]]++
		s.seqs[k], s.names[k] = docs[i].seq[0], docs[i].name[0]
	}
	forms := make([]doc, len(first))
	for f, i := range first {
		forms[f] = docs[i]
	}
	s.write(forms)
	return s
}

// write sets the words of the forms, whose bearers are known, and the postings.
func (s *segment) write(forms []doc) {
	words := 0
	for i := range forms {
		words += len(forms[i].words)
	}
	s.heads, s.text = make([]head, 0, len(forms)+1), make([]uint32, 0, words)
	for f := range forms {
		s.heads = append(s.heads, head{uint32(len(s.text)), forms[f].shape})
		s.text = append(s.text, forms[f].words...)
	}
	s.heads = append(s.heads, head{at: uint32(len(s.text))})
	s.post()
}

// post makes the postings of the forms.
func (s *segment) post() {
	top := uint32(0)
	for _, w := range s.text {
		top = max(top, w+1)
	}
	counts, borne := make([]uint32, top), make([]uint32, top)
	each := func(f func(w, form uint32)) {
		for i := range s.forms() {
			words := s.form(uint32(i))
			for k, w := range words {
				if !slices.Contains(words[:k], w) {
					f(w, uint32(i))
				}
			}
		}
	}
	each(func(w, f uint32) {
		counts[w]++
		borne[w] += s.from[f+1] - s.from[f]
	})
	var used []uint32
	for w, n := range counts {
		if n > 0 {
			s.words = append(s.words, uint32(w))
			s.borne = append(s.borne, borne[w])
			used = append(used, n)
		}
	}
	s.start = sums(used)
	s.list = make([]uint32, s.start[len(used)])
	next := counts
	for i, w := range s.words {
		next[w] = s.start[i]
	}
	each(func(w, f uint32) {
		s.list[next[w]] = f
		next[w]++
	})
}

// place finds a word among those that occur.
func (s *segment) place(w uint32) (int, bool) {
	// A segment of a whole list holds nearly every word: number w stands at w.
	if i := int(w); i < len(s.words) && s.words[i] == w {
		return i, true
	}
	return slices.BinarySearch(s.words, w)
}

// holding gives the forms that hold a word, and how many names they are.
func (s *segment) holding(w uint32) (forms []uint32, names int) {
	i, ok := s.place(w)
	if !ok {
		return nil, 0
	}
	return s.list[s.start[i]:s.start[i+1]], int(s.borne[i])
}

// grouper numbers sequences of words by their first appearance: a table of open
// places, at most half of them taken.
type grouper struct {
	places []uint32 // 1 more than the number of the group, or 0
}

func newGrouper(n int) *grouper {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &grouper{make([]uint32, size)}
}

// group gives the number of docs[i]'s words; first holds the places in docs at
// which the groups so far appeared first.
func (g *grouper) group(docs []doc, first []uint32, i int) uint32 {
	d := &docs[i]
	mask := uint64(len(g.places) - 1)
	for at := hashWords(d) & mask; ; at = (at + 1) & mask {
		switch n := g.places[at]; {
		case n == 0:
			g.places[at] = uint32(len(first)) + 1
			return uint32(len(first))
		case docs[first[n-1]].shape == d.shape && slices.Equal(docs[first[n-1]].words, d.words):
			return n - 1
		}
	}
}

// hashWords spreads names over a table; equal names give equal numbers.
func hashWords(d *doc) uint64 {
	h := uint64(d.tokens)<<1 | uint64(bit(d.weak))
	for _, w := range d.words {
		h = (h ^ uint64(w)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
