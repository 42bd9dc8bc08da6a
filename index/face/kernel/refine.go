package kernel

// trailer is the length of the end of a row.
//
// A row holds what level 2 needs beside the sum of level 1. With G groups in the
// plane:
//
//	[0, 4G)     the trailing 4 bits of the codes whose leading ones are in the
//	            plane, in the order of the lane's bytes there, nibbles likewise
//	[4G, 80-4G) the 8-bit codes of dimensions 8G … 79
//	the last 4  a little-endian uint32: an error byte, and a bias of 24 bits,
//	            signed, above it
//
// What is between does not matter.
const trailer = 4

// SumShift is how far level 2 shifts the sum of level 1.
const SumShift = 12

// Kernels read a row as its first and its last halfRow bytes, which may overlap.
const halfRow = 32

// Targets is the query of level 2. Assembly relies on the layout.
type Targets struct {
	low, high [halfRow]int8 // weights of the nibbles
	// Weights of whole codes in the first and the last bytes; where these overlap,
	// the first have them.
	first, last                                [halfRow]int8
	shiftLow, shiftHigh, shiftWhole, shiftBias uint32
	Factor                                     uint32 // of the error byte
	groups                                     int
}

// Shifts are those of the sums of level 2, 0 … 31 each: of the trailing bits of low
// and high nibbles, of the whole codes, and of biases.
type Shifts struct{ Low, High, Whole, Bias uint32 }

// Set takes the weights of a query: those of level 1, for the trailing bits, and
// one for each dimension beyond the plane, 80-8·groups.
func (t *Targets) Set(groups int, w *Weights, rest []int8, s Shifts) {
	checkGroups(groups)
	if len(rest) != Dims-8*groups {
		panic("kernel: not a weight for each dimension")
	}
	if s.Low|s.High|s.Whole|s.Bias > 31 {
		panic("kernel: a shift is beyond 31")
	}
	n := 4 * groups
	*t = Targets{groups: groups, shiftLow: s.Low, shiftHigh: s.High, shiftWhole: s.Whole, shiftBias: s.Bias}
	copy(t.low[:], w.A[:n])
	copy(t.high[:], w.A[n:2*n])
	copy(t.first[n:], rest)
	from := RowSize(groups) - halfRow
	for b := max(n, halfRow); b < Dims-n; b++ {
		t.last[b-from] = rest[b-n]
	}
}

// Refine keeps of ids, with the sums that Scan gave, those rows for which
//
//	total = sum<<12 + (Σ low·r)<<shiftLow + (Σ high·r)<<shiftHigh
//	      + (Σ whole·c)<<shiftWhole + bias<<shiftBias + byte·Factor >= thr
//
// in int32 arithmetic that wraps around, r being trailing bits (0 … 15) and c
// whole codes (0 … 255). It moves the ids that stay to the front of ids, in their
// order, writes their totals to the same places of sums and returns how many
// there are. What stands after them in ids and sums is undefined.
//
// ids are row numbers in rows, which must be long enough, and sums is no shorter
// than ids. Set must have been called.
func (s *Set) Refine(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	if len(ids) == 0 {
		return 0
	}
	checkGroups(t.groups)
	if len(sums) < len(ids) {
		panic("kernel: not a sum for each id")
	}
	var last uint32
	for _, id := range ids {
		last = max(last, id)
	}
	if uint64(len(rows)) < (uint64(last)+1)*uint64(RowSize(t.groups)) {
		panic("kernel: an id is out of range")
	}
	return s.refine(rows, t, thr, ids, sums)
}

// PrefetchFirst asks for the rows of the first ids, as many as Refine looks ahead, to
// be brought into the cache; Refine asks for the others itself. It is a hint: ids
// out of range do no harm, and the portable Set does nothing.
func (s *Set) PrefetchFirst(rows []byte, groups int, ids []uint32) {
	if len(rows) > 0 && len(ids) > 0 {
		s.prefetchRows(rows, RowSize(groups), ids[:min(len(ids), refineAhead)])
	}
}

// refineAhead is how many ids ahead the assembly of Refine asks for rows.
const refineAhead = 16
