package kernel

// Targets is the query of level 2. Point and Weight are in the order of Places.
// Assembly relies on the layout.
type Targets struct {
	Point  [Dims]float32 // the query in units of the 8-bit code: code c8 lies at c8
	Weight [Dims]float32 // the square of the code's step
	Limit  float32       // bound of the distance to the code point, >= 0, +Inf allowed
	Unit   float32       // unit of the error bytes, >= 0
}

// mainBytes of a residual row are handled apart from the rest.
const mainBytes = 32

// Places returns the entries of Targets for the two nibbles of byte b of a
// residual row. The bytes belong to the groups of plane A and then those of plane
// B, four to a group: with GA groups in plane A and GB = 10-GA in plane B the low
// nibbles are A-low (4GA) and B-low (4GB), the high ones A-high and B-high. The
// low and the high nibbles of 32 bytes come first, then those of the other 8.
func Places(b int) (low, high int) {
	if b < mainBytes {
		return b, mainBytes + b
	}
	return mainBytes + b, RowSize + b
}

// Refine keeps of ids those rows whose 8-bit code is near the query: with c8 the
// code of a dimension (16 times the nibble in the plane plus the nibble in the
// row) and r = Limit + e8[id]·Unit those for which
//
//	d2 = Σ Weight·(c8 - Point)² <= r·r
//
// It moves the ids that stay to the front of ids, in their order, writes their
// d2 to the same places of d2 and returns how many there are. What stands after
// them in ids and d2 is undefined.
//
// ids are row numbers in the whole planes, rows and e8; all must be below
// len(e8), and the other slices as long as that requires. d2 needs the length of
// ids.
//
// All arithmetic is float32 and each operation is rounded. Lane l of 16 sums the
// terms Weight·((c8-Point)·(c8-Point)) of entries l, l+16, l+32, l+48, l+64 in
// this order; then lanes l and l+8 are added, l and l+4, l and l+2, and 0 and 1.
func (s *Set) Refine(planeA, planeB, rows, e8 []byte, groupsA int, t *Targets, ids []uint32, d2 []float32) int {
	checkGroups(groupsA)
	if len(ids) == 0 {
		return 0
	}
	if len(d2) < len(ids) {
		panic("kernel: no room for the distances")
	}
	var last uint32
	for _, id := range ids {
		last = max(last, id)
	}
	n := int(last) + 1
	blocks := (n + Lanes - 1) / Lanes
	if len(e8) < n || len(rows) < n*RowSize ||
		len(planeA) < blocks*BlockSize(groupsA) || len(planeB) < blocks*BlockSize(groups-groupsA) {
		panic("kernel: an id is out of range")
	}
	return s.refine(planeA, planeB, rows, e8, groupsA, t, ids, d2)
}
