package name

import (
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
	// live says which seqs are current.
	live seqSet
	// lexicon holds the distinct words, which names give by number; blocks are the
	// dictionary of its beginning, in order.
	lexicon  []word
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
