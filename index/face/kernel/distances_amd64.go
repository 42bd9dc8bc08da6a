package kernel

func (s *Set) distances(q, vectors []float32, ids []uint32, ahead int, d2 []float32) {
	if s.kind == portable {
		distancesPortable(q, vectors, ids, d2)
		return
	}
	s.Prefetch(vectors, len(q), ids[:min(ahead, len(ids))])
	if s.kind == avx512vnni {
		distancesVNNI(&q[0], &vectors[0], len(q)/16, &ids[0], len(ids), ahead, &d2[0])
	} else {
		distancesAVX2(&q[0], &vectors[0], len(q)/16, &ids[0], len(ids), ahead, &d2[0])
	}
}

// The distances of q and n >= 1 rows of lines·16 values. While they sum one row
// they fetch the one that is ahead places behind it.

//go:noescape
func distancesVNNI(q, vectors *float32, lines int, ids *uint32, n, ahead int, d2 *float32)

//go:noescape
func distancesAVX2(q, vectors *float32, lines int, ids *uint32, n, ahead int, d2 *float32)
