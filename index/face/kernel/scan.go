package kernel

// Weights is the query of level 1: an integer weight per dimension of the plane,
// how far the sum of the second half of them is shifted down to the scale of the
// first, and biases up. With G groups:
//
//	A[0:4G]   low:  dims 0 … 4G-1, the low nibbles of the plane
//	A[4G:8G]  high: dims 4G … 8G-1, its high nibbles
//
// Byte j of group g of a lane holds the codes of low[4g+j] and high[4g+j]. The
// rest of A is ignored. Weights may be any int8, shifts lie in [0, 31].
// Assembly relies on the layout.
type Weights struct {
	A         [8 * MaxGroups]int8
	ShiftHigh uint32
	ShiftBias uint32
}

// Scan writes to out the ids base+v of the lanes v < lanes of a plane, in
// ascending order, for which
//
//	sum = bias[v]<<ShiftBias + Σ low·c + (Σ high·16c >> ShiftHigh) >= thr
//
// and the sums to the same places of sums, and returns how many there are; c are
// the lane's codes (0 … 15), >> rounds towards minus infinity, and sums wrap
// around in int32, which takes a ShiftBias above 15. No bias is special.
//
// The plane starts at a block and holds whole blocks of BlockSize(groups) bytes.
// The bytes of lanes from lanes on may be anything, and may be written
// meanwhile. out and sums need room for lanes+32 values; what they hold after the
// result is undefined.
func (s *Set) Scan(plane []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32, sums []int32) int {
	checkGroups(groups)
	if lanes < 0 || uint64(base)+uint64(lanes) > 1<<32 {
		panic("kernel: lanes out of range")
	}
	if len(out) < lanes+Lanes || len(sums) < lanes+Lanes {
		panic("kernel: no room for the survivors")
	}
	blocks := (lanes + Lanes - 1) / Lanes
	if len(plane) < blocks*BlockSize(groups) {
		panic("kernel: the plane is too short")
	}
	if w.ShiftHigh|w.ShiftBias > 31 {
		panic("kernel: a shift is beyond 31")
	}
	if blocks == 0 {
		return 0
	}
	n := s.scan(plane, groups, lanes, w, thr, base, out, sums)
	// Drop the survivors of the last block that are not published; ids ascend.
	for n > 0 && int(out[n-1]-base) >= lanes {
		n--
	}
	return n
}
