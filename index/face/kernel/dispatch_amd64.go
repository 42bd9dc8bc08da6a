package kernel

import "golang.org/x/sys/cpu"

func supported() []kind {
	var kinds []kind
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI && x.HasPOPCNT {
		kinds = append(kinds, avx512vnni)
	}
	if x.HasAVX2 && x.HasPOPCNT {
		kinds = append(kinds, avx2)
	}
	return kinds
}

func (s *Set) scan(plane []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32, sums []int32) int {
	p, blocks, o, v := &plane[0], (lanes+Lanes-1)/Lanes, &out[0], &sums[0]
	switch s.kind {
	case avx512vnni:
		switch groups {
		case 5:
			return scan5VNNI(p, blocks, w, thr, base, o, v)
		case 6:
			return scan6VNNI(p, blocks, w, thr, base, o, v)
		case 7:
			return scan7VNNI(p, blocks, w, thr, base, o, v)
		default:
			return scan8VNNI(p, blocks, w, thr, base, o, v)
		}
	case avx2:
		switch groups {
		case 5:
			return scan5AVX2(p, blocks, w, thr, base, o, v)
		case 6:
			return scan6AVX2(p, blocks, w, thr, base, o, v)
		case 7:
			return scan7AVX2(p, blocks, w, thr, base, o, v)
		default:
			return scan8AVX2(p, blocks, w, thr, base, o, v)
		}
	default:
		return scanPortable(plane, groups, lanes, w, thr, base, out, sums)
	}
}

func (s *Set) refine(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	size := RowSize(t.groups)
	switch s.kind {
	case avx512vnni:
		return refineVNNI(&rows[0], size, t, thr, &ids[0], &sums[0], len(ids))
	case avx2:
		return refineAVX2(&rows[0], size, t, thr, &ids[0], &sums[0], len(ids))
	default:
		return refinePortable(rows, t, thr, ids, sums)
	}
}

func (s *Set) rotate(x, rows, out []float32) {
	switch s.kind {
	case avx512vnni:
		rotateVNNI(&x[0], &rows[0], &out[0], len(x), len(out))
	case avx2:
		rotateAVX2(&x[0], &rows[0], &out[0], len(x), len(out))
	default:
		rotatePortable(x, rows, out)
	}
}

func (s *Set) prefetch(vectors []float32, stride int, ids []uint32) {
	if s.kind != portable {
		prefetchVectors(&vectors[0], 4*stride, &ids[0], len(ids))
	}
}

func (s *Set) prefetchRows(rows []byte, size int, ids []uint32) {
	if s.kind != portable {
		prefetchRowsOf(&rows[0], size, &ids[0], len(ids))
	}
}
