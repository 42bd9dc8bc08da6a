//go:build !amd64

package flat

func supported() []kind { return nil }

func (s *Set) tileShape() (rows, width int) { return 1, 8 }

func (s *Set) distances(q, base, out []float32) { distancesPortable(q, base, out) }

func (s *Set) multi8([]float32, []float32, int, int, []float32) {}

func (s *Set) stream(b []byte) uint64 { return streamPortable(b) }

func (s *Set) tile(rows, panel []float32, dim int, norms, queryNorms, bounds, out []float32, masks []uint32) {
	masks[0] = tilePortable(rows, panel, dim, 8, norms[0], queryNorms, bounds, out)
}
