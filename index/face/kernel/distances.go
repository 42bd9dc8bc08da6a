package kernel

// aheadBytes is how many bytes of rows are asked for before they are needed.
const aheadBytes = 4096

// Distances writes to d2[i] the squared Euclidean distance of q and the row
// vectors[ids[i]·stride : (ids[i]+1)·stride], for all of ids, in their order.
// len(q) is stride, a positive multiple of 16. ids may repeat; they do best in
// ascending order. d2 needs the length of ids.
//
// All arithmetic is float32; each Set sums in an order of its own, so that their
// results differ. For finite values, with s the exact squared distance and
// n = stride, every result that does not overflow satisfies
//
//	|d2 - s| <= γ(n+2)·s + n·2⁻¹⁴⁹, γ(k) = k·2⁻²⁴/(1 - k·2⁻²⁴),
//
// because a term passes through at most n+2 roundings: two for its difference,
// which is squared, and n for the product and the sums (the first addition to each
// sum is exact, as it begins at zero); fused operations take fewer. Underflow adds
// at most 2⁻¹⁵⁰ for each product. No result is NaN, and none overflows unless
// (1+γ(n+2))·s + n·2⁻¹⁴⁹ exceeds the largest float32: it is +Inf then.
func (s *Set) Distances(q, vectors []float32, stride int, ids []uint32, d2 []float32) {
	if stride <= 0 || stride%16 != 0 {
		panic("kernel: the dimension is no multiple of 16")
	}
	if len(q) != stride {
		panic("kernel: the query is no row")
	}
	if len(ids) == 0 {
		return
	}
	if len(d2) < len(ids) {
		panic("kernel: no room for the distances")
	}
	var last uint32
	run := true
	for i, id := range ids {
		last = max(last, id)
		run = run && id == ids[0]+uint32(i)
	}
	if uint64(last) >= uint64(len(vectors)/stride) {
		panic("kernel: an id is out of range")
	}
	ahead := 0
	if !run { // the processor sees by itself where a run leads
		ahead = max(1, aheadBytes/(4*stride))
	}
	s.distances(q, vectors, ids, ahead, d2)
}

// distancesPortable reads the named rows only.
func distancesPortable(q, vectors []float32, ids []uint32, d2 []float32) {
	for i, id := range ids {
		row := vectors[int(id)*len(q):][:len(q)]
		var a, b, c, d float32
		for k := 0; k+4 <= len(row); k += 4 {
			u, v := (*[4]float32)(q[k:]), (*[4]float32)(row[k:])
			e, f, g, h := u[0]-v[0], u[1]-v[1], u[2]-v[2], u[3]-v[3]
			a, b, c, d = a+e*e, b+f*f, c+g*g, d+h*h
		}
		d2[i] = a + b + (c + d)
	}
}
