package kernel

// trailer is the length of the end of a row.
//
// A row holds what level 2 needs beside the sum of level 1. With D dimensions in
// the planes:
//
//	[0, D/2)      the trailing 4 bits of the codes whose leading ones are in the
//	              planes, in the order of the lane's bytes there, nibbles likewise
//	[D/2, 80-D/2) the 8-bit codes of dimensions D … 79
//	the last 4    a little-endian uint32: an error byte, and a bias of 24 bits,
//	              signed, above it
const trailer = 4

// Kernels read a row as its first and its last halfRow bytes, which may overlap.
const halfRow = 32

// words is how many groups of four codes a half has: each has a shift of its own.
const words = halfRow / 4

// Targets is the query of level 2. Assembly relies on the layout.
type Targets struct {
	low, high [halfRow]int8 // weights of the nibbles
	// Weights of whole codes in the first and the last bytes; where these overlap,
	// the first have them.
	first, last [halfRow]int8
	// Shifts of the sums of four codes.
	shiftLow, shiftHigh, shiftFirst, shiftLast [words]uint32
	shiftBias                                  uint32
	Factor                                     uint32 // of the error byte
	planes                                     int
}

// Set takes the weights of a query for codes of so many planes, one for each
// dimension; how far the sums of the parts are shifted up, in which trailing bits
// count as 0 … 15 and whole codes as 0 … 255; and how far biases are. Shifts are
// 0 … 31.
func (t *Targets) Set(planes int, w *[Dims]int8, shifts *[Parts]uint32, bias uint32) {
	dims := PlaneDims(planes)
	*t = Targets{planes: planes, shiftBias: checkShift(bias)}
	from := RowSize(planes) - halfRow
	for p, shift := range shifts {
		checkShift(shift)
		d, to := Part(p)
		for ; d < to; d++ {
			switch b, high := nibble(d); {
			case d >= dims:
				if b = d - dims/2; b < halfRow {
					t.first[b], t.shiftFirst[b/4] = w[d], shift
				} else {
					t.last[b-from], t.shiftLast[(b-from)/4] = w[d], shift
				}
			case high:
				t.high[b], t.shiftHigh[b/4] = w[d], shift
			default:
				t.low[b], t.shiftLow[b/4] = w[d], shift
			}
		}
	}
}

func checkShift(s uint32) uint32 {
	if s > 31 {
		panic("kernel: a shift is beyond 31")
	}
	return s
}

// nibble tells where the trailing bits of a dimension of the planes stand in a row:
// in which byte, and whether in its high nibble.
func nibble(d int) (at int, high bool) {
	const first, second = FirstDims / 2, (BothDims - FirstDims) / 2
	switch {
	case d < first:
		return d, false
	case d < 2*first:
		return d - first, true
	case d < 2*first+second:
		return d - first, false
	}
	return d - first - second, true
}

// Refine keeps of ids, with the sums that level 1 gave, those rows for which
//
//	total = sum + Σ over parts of (Σ w·r)<<shift + bias<<bias shift + byte·Factor >= thr
//
// in int32 arithmetic that wraps around, r being trailing bits (0 … 15) or whole
// codes (0 … 255). It moves the ids that stay to the front of ids, in their order,
// writes their totals to the same places of sums and returns how many there are.
// What stands after them in ids and sums is undefined.
//
// ids are row numbers in rows, which must be long enough, and sums is no shorter
// than ids. Set must have been called.
func (s *Set) Refine(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	if len(ids) == 0 {
		return 0
	}
	checkPlanes(t.planes)
	if len(sums) < len(ids) {
		panic("kernel: not a sum for each id")
	}
	if uint64(len(rows)) < (uint64(largest(ids))+1)*uint64(RowSize(t.planes)) {
		panic("kernel: an id is out of range")
	}
	return s.refine(rows, t, thr, ids, sums)
}

// PrefetchFirst asks for the rows of the first ids, as many as Refine looks ahead, to
// be brought into the cache; Refine asks for the others itself. It is a hint: ids
// out of range do no harm, and the portable Set does nothing.
func (s *Set) PrefetchFirst(rows []byte, planes int, ids []uint32) {
	if len(rows) > 0 && len(ids) > 0 {
		s.prefetchRows(rows, RowSize(planes), ids[:min(len(ids), refineAhead)])
	}
}

// refineAhead is how many ids ahead the assembly of Refine asks for rows.
const refineAhead = 16
