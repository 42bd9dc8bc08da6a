//go:build !amd64

package kernel

func supported() []kind { return nil }

func (s *Set) scanA(plane []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	return scanAPortable(plane, groups, lanes, w, thr, base, out)
}

func (s *Set) scanAB(planeA, planeB []byte, groupsA int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	return scanABPortable(planeA, planeB, groupsA, lanes, w, thr, base, out)
}

func (s *Set) refine(planeA, planeB, rows, e8 []byte, groupsA int, t *Targets, ids []uint32, d2 []float32) int {
	return refinePortable(planeA, planeB, rows, e8, groupsA, t, ids, d2)
}

func (s *Set) rotate(x, rows, out []float32) { rotatePortable(x, rows, out) }

func (s *Set) prefetch([]float32, int, []uint32) {}
