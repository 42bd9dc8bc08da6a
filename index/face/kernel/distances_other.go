//go:build !amd64

package kernel

func (s *Set) distances(q, vectors []float32, ids []uint32, _ int, d2 []float32) {
	distancesPortable(q, vectors, ids, d2)
}
