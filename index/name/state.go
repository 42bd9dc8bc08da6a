package name

import (
	"cmp"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// state is everything a reader needs. It is immutable: a writer publishes a new
// one. Slices may share memory with later states, which only append beyond the
// length seen here.
type state struct {
	// token computes the keys of a word, as those of the lexicon were; table is what
	// it goes by, nil when it goes by rules alone.
	token func(names.Raw) *names.Token
	table *names.Table
	// ids maps an entry version's number (seq) to the entry; every write of an
	// entry takes the next number.
	ids []watchlist.EntryID
	// rising is how many ids stand in rising order at the beginning.
	rising uint32
	// live says which seqs are current.
	live seqSet
	// lexicon holds the distinct words, which names give by number; blocks are the
	// dictionary of its beginning, in order.
	// sketches are their sketches at the same places.
	lexicon  []word
	sketches []names.Sketch
	blocks   []*block
	segments []*segment
	// delta are the names that no segment holds yet.
	delta []doc
	// size counts live names, dead the dead ones still in delta or segments.
	size, dead int
}

// covered is how many words of the lexicon are in the dictionary.
func (s *state) covered() uint32 {
	if len(s.blocks) == 0 {
		return 0
	}
	return s.blocks[len(s.blocks)-1].to
}

// seqSet is a set of small numbers whose chunks are shared between copies.
type seqSet [][]uint64

const chunkBits = 4096

func (b seqSet) has(i uint32) bool {
	return b[i/chunkBits][i%chunkBits/64]&(1<<(i%64)) != 0
}

// with returns the set with the given changes; b itself stays as it is.
func (b seqSet) with(on, off []uint32) seqSet {
	if len(on)+len(off) == 0 {
		return b
	}
	n := slices.Clone(b)
	fresh := map[uint32]bool{}
	chunk := func(i uint32) []uint64 {
		c := i / chunkBits
		for int(c) >= len(n) {
			fresh[uint32(len(n))] = true
			n = append(n, make([]uint64, chunkBits/64))
		}
		if !fresh[c] {
			n[c] = slices.Clone(n[c])
			fresh[c] = true
		}
		return n[c]
	}
	for _, i := range on {
		chunk(i)[i%chunkBits/64] |= 1 << (i % 64)
	}
	for _, i := range off {
		chunk(i)[i%chunkBits/64] &^= 1 << (i % 64)
	}
	return n
}

// addID gives an entry version the next number.
func (s *state) addID(id watchlist.EntryID) uint32 {
	seq := uint32(len(s.ids))
	if s.rising == seq && (seq == 0 || s.ids[seq-1] < id) {
		s.rising++
	}
	s.ids = append(s.ids, id)
	return seq
}

// compareIDs orders two entry versions by the ids of their entries.
func (s *state) compareIDs(a, b uint32) int {
	if a < s.rising && b < s.rising {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(s.ids[a], s.ids[b])
}

// parts is the number of segments and the delta, which is the last part.
func (s *state) parts() int { return len(s.segments) + 1 }

// forms is the number of forms of a part; each name of the delta is one.
func (s *state) forms(part int) int {
	if part < len(s.segments) {
		return s.segments[part].forms()
	}
	return len(s.delta)
}

// shape gives what form f of a part is like.
func (s *state) shape(part int, f uint32) shape {
	if part < len(s.segments) {
		return s.segments[part].heads[f].shape
	}
	return s.delta[f].shape
}

// words gives the words of form f of a part, those joined too.
func (s *state) words(part int, f uint32) []uint32 {
	if part < len(s.segments) {
		return s.segments[part].form(f)
	}
	return s.delta[f].words
}

// bearers gives the entry versions that bear form f of a part, in rising order, and
// which of their names it is.
func (s *state) bearers(part int, f uint32) (seqs []uint32, names []uint16) {
	if part < len(s.segments) {
		g := s.segments[part]
		return g.seqs[g.from[f]:g.from[f+1]], g.names[g.from[f]:g.from[f+1]]
	}
	return s.delta[f].seq[:], s.delta[f].name[:]
}

// borne reports whether anyone living bears form f of a part.
func (s *state) borne(part int, f uint32) bool {
	seqs, _ := s.bearers(part, f)
	return slices.ContainsFunc(seqs, s.live.has)
}
