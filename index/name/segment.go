package name

import "slices"

// doc is one name of one entry.
type doc struct {
	// seq is the number of the entry's version, see state.
	seq  uint32
	name uint16
	weak bool
	// tokens is how many of words are the words of the name in their order; the
	// rest are neighbours joined.
	tokens uint8
	// core counts the core words among them.
	core  uint8
	words []uint32
}

// segment is an immutable set of names with the postings of their words.
type segment struct {
	docs []doc
	// words are the words that occur, in rising order; the names that hold words[i]
	// are list[start[i]:start[i+1]], in rising order.
	words, start, list []uint32
}

// buildSegment sorts the names under their words by counting.
func buildSegment(docs []doc) *segment {
	s := &segment{docs: docs}
	top := uint32(0)
	for _, d := range docs {
		for _, w := range d.words {
			top = max(top, w+1)
		}
	}
	counts := make([]uint32, top)
	each := func(f func(w, d uint32)) {
		for i, d := range docs {
			for k, w := range d.words {
				if !slices.Contains(d.words[:k], w) {
					f(w, uint32(i))
				}
			}
		}
	}
	each(func(w, _ uint32) { counts[w]++ })
	var used []uint32
	for w, n := range counts {
		if n > 0 {
			s.words = append(s.words, uint32(w))
			used = append(used, n)
		}
	}
	s.start = sums(used)
	s.list = make([]uint32, s.start[len(used)])
	next := counts
	for i, w := range s.words {
		next[w] = s.start[i]
	}
	each(func(w, d uint32) {
		s.list[next[w]] = d
		next[w]++
	})
	return s
}

// holding gives the names that hold a word.
func (s *segment) holding(w uint32) []uint32 {
	i := int(w)
	// A segment of a whole list holds nearly every word: number w stands at w.
	if i >= len(s.words) || s.words[i] != w {
		var ok bool
		if i, ok = slices.BinarySearch(s.words, w); !ok {
			return nil
		}
	}
	return s.list[s.start[i]:s.start[i+1]]
}
