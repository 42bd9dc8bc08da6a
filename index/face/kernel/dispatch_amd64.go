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

func (s *Set) scanA(plane []byte, gr int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	p, blocks, o := &plane[0], (lanes+Lanes-1)/Lanes, &out[0]
	switch s.kind {
	case avx512vnni:
		switch gr {
		case 4:
			return scanA4VNNI(p, blocks, w, thr, base, o)
		case 5:
			return scanA5VNNI(p, blocks, w, thr, base, o)
		default:
			return scanA6VNNI(p, blocks, w, thr, base, o)
		}
	case avx2:
		switch gr {
		case 4:
			return scanA4AVX2(p, blocks, w, thr, base, o)
		case 5:
			return scanA5AVX2(p, blocks, w, thr, base, o)
		default:
			return scanA6AVX2(p, blocks, w, thr, base, o)
		}
	default:
		return scanAPortable(plane, gr, lanes, w, thr, base, out)
	}
}

func (s *Set) scanAB(planeA, planeB []byte, ga int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	p, q, blocks, o := &planeA[0], &planeB[0], (lanes+Lanes-1)/Lanes, &out[0]
	switch s.kind {
	case avx512vnni:
		switch ga {
		case 4:
			return scanAB4VNNI(p, q, blocks, w, thr, base, o)
		case 5:
			return scanAB5VNNI(p, q, blocks, w, thr, base, o)
		default:
			return scanAB6VNNI(p, q, blocks, w, thr, base, o)
		}
	case avx2:
		switch ga {
		case 4:
			return scanAB4AVX2(p, q, blocks, w, thr, base, o)
		case 5:
			return scanAB5AVX2(p, q, blocks, w, thr, base, o)
		default:
			return scanAB6AVX2(p, q, blocks, w, thr, base, o)
		}
	default:
		return scanABPortable(planeA, planeB, ga, lanes, w, thr, base, out)
	}
}

func (s *Set) refine(planeA, planeB, rows, e8 []byte, ga int, t *Targets, ids []uint32, d2 []float32) int {
	a, b, r, e, i, d := &planeA[0], &planeB[0], &rows[0], &e8[0], &ids[0], &d2[0]
	switch s.kind {
	case avx512vnni:
		switch ga {
		case 4:
			return refine4VNNI(a, b, r, e, t, i, len(ids), d)
		case 5:
			return refine5VNNI(a, b, r, e, t, i, len(ids), d)
		default:
			return refine6VNNI(a, b, r, e, t, i, len(ids), d)
		}
	case avx2:
		switch ga {
		case 4:
			return refine4AVX2(a, b, r, e, t, i, len(ids), d)
		case 5:
			return refine5AVX2(a, b, r, e, t, i, len(ids), d)
		default:
			return refine6AVX2(a, b, r, e, t, i, len(ids), d)
		}
	default:
		return refinePortable(planeA, planeB, rows, e8, ga, t, ids, d2)
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
