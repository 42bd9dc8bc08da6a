package name

import "math/bits"

func bitCount(m uint16) int { return bits.OnesCount16(m) }

// set adds bits to the mask of a document.
func (s *searcher) set(part int, d uint32, m mask) {
	if s.masks[part][d] == 0 {
		s.seen[part] = append(s.seen[part], d)
	}
	s.masks[part][d] |= m
}

// keyMask is the mask of query word i met by key, which is near as well.
func keyMask(i int) mask { return 1<<i | 1<<(i+nearShift) }

func nearMask(i int) mask { return 1 << (i + nearShift) }

// collect finds the names that meet a word of the query by key.
func (s *searcher) collect() error {
	byTerm := map[term]mask{}
	for i, q := range s.terms {
		for _, t := range q.keys {
			byTerm[t] |= keyMask(i)
		}
	}
	return s.mark(byTerm)
}

// collectNear finds the names that meet a word of the query by nearness.
func (s *searcher) collectNear() error {
	byTerm := map[term]mask{}
	for i, q := range s.terms {
		for _, t := range q.near {
			byTerm[t] |= nearMask(i)
		}
	}
	if err := s.mark(byTerm); err != nil {
		return err
	}
	byWord := map[string]mask{} // a word that comes twice is looked up once
	for i, q := range s.terms {
		if q.fuzzy && s.need&(1<<i) != 0 {
			byWord[s.tokens[i].Text] |= nearMask(i)
		}
	}
	for word, m := range byWord {
		if err := s.markFuzzy(word, m); err != nil {
			return err
		}
	}
	return nil
}

// mark sets the masks of the documents that hold the terms, in all segments and
// in the delta.
func (s *searcher) mark(byTerm map[term]mask) error {
	for part, seg := range s.st.segments {
		for t, m := range byTerm {
			if err := seg.visit(t, func(d uint32) { s.set(part, d, m) }); err != nil {
				return err
			}
		}
	}
	part := len(s.st.segments)
	for d, dd := range s.st.delta {
		var m mask
		for _, t := range dd.terms {
			m |= byTerm[t]
		}
		if m != 0 {
			s.set(part, uint32(d), m)
		}
	}
	return nil
}

// markFuzzy marks the documents that hold a tok term as near to a word of the
// query as its length allows.
func (s *searcher) markFuzzy(word string, m mask) error {
	k := fuzziness(len(word))
	for part, seg := range s.st.segments {
		words, err := seg.similar(word, k)
		if err != nil {
			return err
		}
		for _, w := range words {
			if err := seg.visit(term{fieldToken, w}, func(d uint32) { s.set(part, d, m) }); err != nil {
				return err
			}
		}
	}
	part := len(s.st.segments)
	for d, dd := range s.st.delta {
		for _, t := range dd.terms {
			if t.field == fieldToken && within(word, t.value, k) {
				s.set(part, uint32(d), m)
				break
			}
		}
	}
	return nil
}
