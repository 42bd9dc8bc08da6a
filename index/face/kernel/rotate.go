package kernel

// Rotate writes out[j] = Σ x[i]·rows[j·len(x)+i]. len(x) is a positive multiple
// of 16, and rows holds len(out) rows.
//
// All arithmetic is float32 and each operation is rounded: lane l of 16 starts
// at the product of i = l and adds those of i = l+16, l+32, … in order; then
// lanes l and l+8 are added, l and l+4, l and l+2, and 0 and 1.
func (s *Set) Rotate(x, rows, out []float32) {
	if len(x) == 0 || len(x)%16 != 0 {
		panic("kernel: the dimension is no multiple of 16")
	}
	if len(rows) < len(out)*len(x) {
		panic("kernel: too few rows")
	}
	if len(out) > 0 {
		s.rotate(x, rows, out)
	}
}

// Prefetch asks for vectors[id·stride : (id+1)·stride] of every id to be brought
// into the cache. It is a hint: ids out of range do no harm, and the portable Set
// does nothing.
func (s *Set) Prefetch(vectors []float32, stride int, ids []uint32) {
	if len(vectors) > 0 && stride > 0 && len(ids) > 0 {
		s.prefetch(vectors, stride, ids)
	}
}
