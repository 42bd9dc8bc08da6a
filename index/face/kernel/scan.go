package kernel

// Parts of the dimensions: each has weights of its own scale. The first plane holds
// parts 0 and 1 in its low nibbles and 2 and 3 in its high ones, the second plane
// part 4 in the low and 5 in the high ones; part 6 is in no plane.
const Parts = 7

// PlaneParts are in the planes: parts 0 to 5.
const PlaneParts = 6

var partEnds = [Parts]int{8, 20, 28, FirstDims, 52, BothDims, Dims}

// Part returns the dimensions from … to-1 of a part, 0 to Parts-1.
func Part(p int) (from, to int) {
	if p > 0 {
		from = partEnds[p-1]
	}
	return from, partEnds[p]
}

// The largest shifts of level 1: sums of the low nibbles are shifted up to 12 bits,
// as are biases, those of the high nibbles, which come times 16, up to 8.
const (
	MaxShiftLow  = 12
	MaxShiftHigh = 8
)

// Weights is the query of level 1: an integer weight per dimension of the planes,
// any int8, and how far the sums of the parts and the biases are shifted up.
// Assembly relies on the layout.
//
// Byte j of group g of a lane of the first plane holds the codes of dimensions
// 4g+j, in its low nibble, and 20+4g+j; of the second plane, 40+4g+j and 52+4g+j.
type Weights struct {
	W [BothDims]int8
	// shifts of parts 0 and 2 come on top of those of parts 1 and 3.
	shifts [PlaneParts]uint32
	bias   uint32
}

// SetShifts takes the shifts of the parts 0 to 5 as they count at level 2, where
// whole codes are shifted up: at level 1 the leading bits stand for 16 times 0 … 15,
// as those of the high nibbles come. None is above 8, no part of the first plane has
// a larger shift than the one before it in the same nibbles, and that of biases is
// at most 12.
func (w *Weights) SetShifts(whole *[PlaneParts]uint32, bias uint32) {
	w.bias = bias
	for p, s := range whole {
		if !partHigh(p) {
			s += MaxShiftLow - MaxShiftHigh
		}
		w.shifts[p] = s
	}
	w.shifts[0] -= w.shifts[1]
	w.shifts[2] -= w.shifts[3]
	w.check()
}

// shift is how far the sum of a part is shifted up.
func (w *Weights) shift(p int) uint32 {
	if p == 0 || p == 2 {
		return w.shifts[p] + w.shifts[p+1]
	}
	return w.shifts[p]
}

// partHigh says that a part is in the high nibbles.
func partHigh(p int) bool { return p == 2 || p == 3 || p == 5 }

func (w *Weights) check() {
	for p, s := range w.shifts {
		if total := w.shift(p); max(s, total) > MaxShiftLow || partHigh(p) && total > MaxShiftHigh {
			panic("kernel: a shift is too large")
		}
	}
	if w.bias > MaxShiftLow {
		panic("kernel: the shift of biases is too large")
	}
}

// Scan writes to out the ids base+v of the lanes v < lanes of the first plane, in
// ascending order, for which
//
//	sum = bias[v]<<its shift + Σ over parts 0 … 3 of (Σ w·c)<<the part's shift >= thr
//
// and the sums to the same places of sums, and returns how many there are; c are
// the lane's codes, 0 … 15 in low nibbles, and 0, 16, … 240 in high ones, and sums
// wrap around in int32. No bias is special. many says that more than one lane in a
// hundred, or so, is expected to pass; it makes a difference in time only.
//
// The plane starts at a block and holds whole blocks. The bytes of lanes from lanes
// on may be anything, and may be written meanwhile. out and sums need room for
// lanes+32 values; what they hold after the result is undefined.
func (s *Set) Scan(first []byte, lanes int, w *Weights, thr int32, many bool, base uint32, out []uint32, sums []int32) int {
	blocks := blocksOf(lanes, w, base, out, sums)
	if len(first) < blocks*FirstBlock {
		panic("kernel: the plane is too short")
	}
	if blocks == 0 {
		return 0
	}
	return published(s.scan(first, lanes, w, thr, many, base, out, sums), lanes, base, out)
}

// ScanBoth is Scan for two planes: the second plane's bias and the sums of parts 4
// and 5 are added.
func (s *Set) ScanBoth(first, second []byte, lanes int, w *Weights, thr int32, many bool, base uint32, out []uint32, sums []int32) int {
	blocks := blocksOf(lanes, w, base, out, sums)
	if len(first) < blocks*FirstBlock || len(second) < blocks*SecondBlock {
		panic("kernel: a plane is too short")
	}
	if blocks == 0 {
		return 0
	}
	return published(s.scanBoth(first, second, lanes, w, thr, many, base, out, sums), lanes, base, out)
}

func blocksOf(lanes int, w *Weights, base uint32, out []uint32, sums []int32) (blocks int) {
	if lanes < 0 || uint64(base)+uint64(lanes) > 1<<32 {
		panic("kernel: lanes out of range")
	}
	if len(out) < lanes+Lanes || len(sums) < lanes+Lanes {
		panic("kernel: no room for the survivors")
	}
	w.check()
	return (lanes + Lanes - 1) / Lanes
}

// published drops the survivors of the last block that are not published; ids
// ascend.
func published(n, lanes int, base uint32, out []uint32) int {
	for n > 0 && int(out[n-1]-base) >= lanes {
		n--
	}
	return n
}

// Deepen keeps of ids, with the sums that Scan gave, those rows whose sum reaches
// thr when what ScanBoth adds is added. It moves them and their new sums to the
// front, in their order, and returns how many there are. What stands after them is
// undefined. ids are row numbers in the second plane, which must be long enough,
// and sums is no shorter than ids.
func (s *Set) Deepen(second []byte, w *Weights, thr int32, ids []uint32, sums []int32) int {
	if len(ids) == 0 {
		return 0
	}
	if len(sums) < len(ids) {
		panic("kernel: not a sum for each id")
	}
	w.check()
	if len(second)/SecondBlock <= int(largest(ids)/Lanes) {
		panic("kernel: an id is out of range")
	}
	return s.deepen(second, w, thr, ids, sums)
}

// PrefetchLanes asks for what Deepen reads of some rows to be brought into the
// cache. It is a hint: ids out of range do no harm, and the portable Set does
// nothing.
func (s *Set) PrefetchLanes(second []byte, ids []uint32) {
	if len(second) > 0 && len(ids) > 0 {
		s.prefetchLanes(second, ids)
	}
}

func largest(ids []uint32) (last uint32) {
	for _, id := range ids {
		last = max(last, id)
	}
	return last
}
