package flat

import "golang.org/x/sys/cpu"

func supported() []kind {
	var kinds []kind
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
		kinds = append(kinds, avx512)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kinds = append(kinds, avx2)
	}
	return kinds
}

// tileShape returns how many rows and queries a tile has.
func (s *Set) tileShape() (rows, width int) {
	switch s.kind {
	case avx512:
		return 12, 32
	case avx2:
		return 6, 16
	default:
		return 1, 8
	}
}

func (s *Set) distances(q, base, out []float32) {
	switch s.kind {
	case avx512:
		distancesAVX512(&q[0], &base[0], &out[0], len(q), len(out))
	case avx2:
		distancesAVX2(&q[0], &base[0], &out[0], len(q), len(out))
	default:
		distancesPortable(q, base, out)
	}
}

func (s *Set) multi8(queries, base []float32, dim, pairs int, out []float32) {
	multi8AVX512(&queries[0], &base[0], &out[0], dim, pairs)
}

func (s *Set) stream(b []byte) uint64 {
	switch s.kind {
	case avx512:
		return streamAVX512(&b[0], len(b)/1024)
	case avx2:
		return streamAVX2(&b[0], len(b)/1024)
	default:
		return streamPortable(b)
	}
}

func (s *Set) tile(rows, panel []float32, dim int, norms, queryNorms, bounds, out []float32, masks []uint32) {
	switch s.kind {
	case avx512:
		tileAVX512(&rows[0], &panel[0], dim, &norms[0], &queryNorms[0], &bounds[0], &out[0], &masks[0])
	case avx2:
		tileAVX2(&rows[0], &panel[0], dim, &norms[0], &queryNorms[0], &bounds[0], &out[0], &masks[0])
	default:
		masks[0] = tilePortable(rows, panel, dim, 8, norms[0], queryNorms, bounds, out)
	}
}

//go:noescape
func distancesAVX512(x, rows, out *float32, dim, n int)

//go:noescape
func distancesAVX2(x, rows, out *float32, dim, n int)

//go:noescape
func multi8AVX512(queries, rows, out *float32, dim, pairs int)

//go:noescape
func streamAVX512(b *byte, kilobytes int) uint64

//go:noescape
func streamAVX2(b *byte, kilobytes int) uint64

//go:noescape
func tileAVX512(rows, panel *float32, dim int, norms, queryNorms, bounds, out *float32, masks *uint32)

//go:noescape
func tileAVX2(rows, panel *float32, dim int, norms, queryNorms, bounds, out *float32, masks *uint32)
