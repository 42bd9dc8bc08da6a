//go:build !amd64

package kernel

func supported() []kind { return nil }

func (s *Set) scan(first []byte, lanes int, w *Weights, thr int32, _ bool, base uint32, out []uint32, sums []int32) int {
	return scanPortable(first, nil, lanes, w, thr, base, out, sums)
}

func (s *Set) scanBoth(first, second []byte, lanes int, w *Weights, thr int32, _ bool, base uint32, out []uint32, sums []int32) int {
	return scanPortable(first, second, lanes, w, thr, base, out, sums)
}

func (s *Set) deepen(second []byte, w *Weights, thr int32, ids []uint32, sums []int32) int {
	return deepenPortable(second, w, thr, ids, sums)
}

func (s *Set) refine(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	return refinePortable(rows, t, thr, ids, sums)
}

func (s *Set) rotate(x, rows, out []float32) { rotatePortable(x, rows, out) }

func (s *Set) code(c *Coder, z *[Dims]float32, codes *[Dims]byte, sums *[Runs]CodeSums) {
	codePortable(c, z, codes, sums)
}

func (s *Set) prefetch([]float32, int, []uint32) {}

func (s *Set) prefetchRows([]byte, int, []uint32) {}

func (s *Set) prefetchLanes([]byte, []uint32) {}
