package kernel

// Weights is the query of level 1: an integer weight per dimension, and how far
// the sums of three quarters of the dimensions are shifted to the scale of the
// first. With GA groups in plane A and GB = 10-GA in plane B:
//
//	A[0:4GA]      A-low:  dims 0 … 4GA-1, the low nibbles of plane A
//	A[4GA:8GA]    A-high: dims 4GA … 8GA-1, its high nibbles
//	B[0:4GB]      B-low:  dims 8GA … 8GA+4GB-1
//	B[4GB:8GB]    B-high: the rest
//
// Byte j of group g of a lane holds the codes of A-low[4g+j] and A-high[4g+j].
// The rest of A and B is ignored. Weights may be any int8, shifts lie in [0, 31];
// ScanA reads A and ShiftAHigh only. Assembly relies on the layout.
type Weights struct {
	A          [8 * MaxGroups]int8
	B          [8 * (groups - MinGroups)]int8
	ShiftAHigh uint32
	ShiftBLow  uint32
	ShiftBHigh uint32
}

// ScanA writes to out the ids base+v of the lanes v < lanes of plane A, in
// ascending order, for which
//
//	bias[v] + Σ A-low·c + (Σ A-high·16c >> ShiftAHigh) >= thr
//
// and returns how many there are; c are the lane's codes (0 … 15), >> rounds
// towards minus infinity, and no sum can overflow int32. No bias is special.
//
// The plane starts at a block and holds whole blocks of BlockSize(groups) bytes.
// The bytes of lanes from lanes on may be anything, and may be written
// meanwhile. out needs room for lanes+32 ids; its contents after the result are
// undefined.
func (s *Set) ScanA(planeA []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	checkGroups(groups)
	blocks := checkScan(lanes, base, out)
	if len(planeA) < blocks*BlockSize(groups) {
		panic("kernel: plane A is too short")
	}
	checkShift(w.ShiftAHigh)
	if blocks == 0 {
		return 0
	}
	return trim(out, s.scanA(planeA, groups, lanes, w, thr, base, out), base, lanes)
}

// ScanAB is ScanA on all 80 dimensions: the ids of the lanes for which
//
//	biasAB[v] + Σ A-low·c + (Σ A-high·16c >> ShiftAHigh)
//	          + (Σ B-low·c >> ShiftBLow) + (Σ B-high·16c >> ShiftBHigh) >= thr
//
// where biasAB comes from plane B; that of plane A is ignored.
func (s *Set) ScanAB(planeA, planeB []byte, groupsA int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	checkGroups(groupsA)
	blocks := checkScan(lanes, base, out)
	if len(planeA) < blocks*BlockSize(groupsA) {
		panic("kernel: plane A is too short")
	}
	if len(planeB) < blocks*BlockSize(groups-groupsA) {
		panic("kernel: plane B is too short")
	}
	checkShift(w.ShiftAHigh | w.ShiftBLow | w.ShiftBHigh)
	if blocks == 0 {
		return 0
	}
	return trim(out, s.scanAB(planeA, planeB, groupsA, lanes, w, thr, base, out), base, lanes)
}

func checkGroups(groupsA int) {
	if groupsA < MinGroups || groupsA > MaxGroups {
		panic("kernel: plane A has 4, 5 or 6 groups")
	}
}

func checkShift(shifts uint32) {
	if shifts > 31 {
		panic("kernel: a shift is beyond 31")
	}
}

func checkScan(lanes int, base uint32, out []uint32) (blocks int) {
	if lanes < 0 || uint64(base)+uint64(lanes) > 1<<32 {
		panic("kernel: lanes out of range")
	}
	if len(out) < lanes+Lanes {
		panic("kernel: no room for the survivors")
	}
	return (lanes + Lanes - 1) / Lanes
}

// trim drops the survivors of the last block that are not published; ids ascend.
func trim(out []uint32, n int, base uint32, lanes int) int {
	for n > 0 && int(out[n-1]-base) >= lanes {
		n--
	}
	return n
}
