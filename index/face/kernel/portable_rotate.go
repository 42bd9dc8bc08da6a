package kernel

func rotatePortable(x, rows, out []float32) {
	for j := range out {
		row := rows[j*len(x):][:len(x)]
		var a [16]float32
		eightLanes(x, row, (*[8]float32)(a[:8]))
		eightLanes(x[8:], row[8:], (*[8]float32)(a[8:]))
		out[j] = fold(&a)
	}
}

// eightLanes sums eight of sixteen lanes in variables: an array would live in memory,
// and all sixteen find no registers. The conversions forbid fusing.
func eightLanes(x, y []float32, sum *[8]float32) {
	u, v := (*[8]float32)(x), (*[8]float32)(y)
	a0, a1, a2, a3 := float32(u[0]*v[0]), float32(u[1]*v[1]), float32(u[2]*v[2]), float32(u[3]*v[3])
	a4, a5, a6, a7 := float32(u[4]*v[4]), float32(u[5]*v[5]), float32(u[6]*v[6]), float32(u[7]*v[7])
	for len(x) >= 24 && len(y) >= 24 {
		x, y = x[16:], y[16:]
		u, v = (*[8]float32)(x), (*[8]float32)(y)
		a0 += float32(u[0] * v[0])
		a1 += float32(u[1] * v[1])
		a2 += float32(u[2] * v[2])
		a3 += float32(u[3] * v[3])
		a4 += float32(u[4] * v[4])
		a5 += float32(u[5] * v[5])
		a6 += float32(u[6] * v[6])
		a7 += float32(u[7] * v[7])
	}
	*sum = [8]float32{a0, a1, a2, a3, a4, a5, a6, a7}
}

// fold adds the 16 lanes in the order that is part of the contract.
func fold(a *[16]float32) float32 {
	for l := range 8 {
		a[l] += a[l+8]
	}
	for l := range 4 {
		a[l] += a[l+4]
	}
	return (a[0] + a[2]) + (a[1] + a[3])
}
