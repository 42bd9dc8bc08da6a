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

func flag(v bool) uint32 {
	if v {
		return 1
	}
	return 0
}

func (s *Set) scan(first []byte, lanes int, w *Weights, thr int32, many bool, base uint32, out []uint32, sums []int32) int {
	blocks := (lanes + Lanes - 1) / Lanes
	switch s.kind {
	case avx512vnni:
		return scanVNNI(&first[0], blocks, w, thr, base, flag(many), &out[0], &sums[0])
	case avx2:
		return scanAVX2(&first[0], blocks, w, thr, base, flag(many), &out[0], &sums[0])
	default:
		return scanPortable(first, nil, lanes, w, thr, base, out, sums)
	}
}

func (s *Set) scanBoth(first, second []byte, lanes int, w *Weights, thr int32, many bool, base uint32, out []uint32, sums []int32) int {
	blocks := (lanes + Lanes - 1) / Lanes
	switch s.kind {
	case avx512vnni:
		return scanBothVNNI(&first[0], &second[0], blocks, w, thr, base, flag(many), &out[0], &sums[0])
	case avx2:
		return scanBothAVX2(&first[0], &second[0], blocks, w, thr, base, flag(many), &out[0], &sums[0])
	default:
		return scanPortable(first, second, lanes, w, thr, base, out, sums)
	}
}

func (s *Set) deepen(second []byte, w *Weights, thr int32, ids []uint32, sums []int32) int {
	switch s.kind {
	case avx512vnni:
		return deepenVNNI(&second[0], w, thr, &ids[0], &sums[0], len(ids))
	case avx2:
		return deepenAVX2(&second[0], w, thr, &ids[0], &sums[0], len(ids))
	default:
		return deepenPortable(second, w, thr, ids, sums)
	}
}

func (s *Set) refine(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	size := RowSize(t.planes)
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

func (s *Set) code(c *Coder, z *[Dims]float32, codes *[Dims]byte, sums *[Runs]CodeSums) {
	if s.kind == portable {
		codePortable(c, z, codes, sums)
		return
	}
	codeAVX2(c, &z[0], &codes[0], &sums[0])
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

func (s *Set) prefetchLanes(second []byte, ids []uint32) {
	if s.kind != portable {
		prefetchLanesOf(&second[0], &ids[0], len(ids))
	}
}
