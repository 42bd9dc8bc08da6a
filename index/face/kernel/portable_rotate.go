package kernel

func rotatePortable(x, rows, out []float32) {
	for j := range out {
		out[j] = dot(x, rows[j*len(x):][:len(x)])
	}
}

// dot keeps its 16 lanes in variables: an array would live in memory.
func dot(x, y []float32) float32 {
	u, v := (*[16]float32)(x), (*[16]float32)(y)
	a0, a1, a2, a3 := u[0]*v[0], u[1]*v[1], u[2]*v[2], u[3]*v[3]
	a4, a5, a6, a7 := u[4]*v[4], u[5]*v[5], u[6]*v[6], u[7]*v[7]
	a8, a9, a10, a11 := u[8]*v[8], u[9]*v[9], u[10]*v[10], u[11]*v[11]
	a12, a13, a14, a15 := u[12]*v[12], u[13]*v[13], u[14]*v[14], u[15]*v[15]
	for i := 16; i+16 <= len(x) && i+16 <= len(y); i += 16 {
		u, v = (*[16]float32)(x[i:]), (*[16]float32)(y[i:])
		// The conversions forbid fusing the product with the sum.
		a0 += float32(u[0] * v[0])
		a1 += float32(u[1] * v[1])
		a2 += float32(u[2] * v[2])
		a3 += float32(u[3] * v[3])
		a4 += float32(u[4] * v[4])
		a5 += float32(u[5] * v[5])
		a6 += float32(u[6] * v[6])
		a7 += float32(u[7] * v[7])
		a8 += float32(u[8] * v[8])
		a9 += float32(u[9] * v[9])
		a10 += float32(u[10] * v[10])
		a11 += float32(u[11] * v[11])
		a12 += float32(u[12] * v[12])
		a13 += float32(u[13] * v[13])
		a14 += float32(u[14] * v[14])
		a15 += float32(u[15] * v[15])
	}
	a := [16]float32{a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15}
	return fold(&a)
}
