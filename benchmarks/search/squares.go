package search

// squares writes the squared distance of q to each of rows, in float32.
func squares(q, rows, out []float32) {
	for i := range out {
		r := rows[i*len(q) : (i+1)*len(q)]
		var s0, s1, s2, s3 float32
		for j := 0; j < len(r); j += 4 {
			a, b, c, d := q[j]-r[j], q[j+1]-r[j+1], q[j+2]-r[j+2], q[j+3]-r[j+3]
			s0 += a * a
			s1 += b * b
			s2 += c * c
			s3 += d * d
		}
		out[i] = s0 + s1 + s2 + s3
	}
}

// flatKernel names what squares runs on.
func flatKernel() string { return "go" }

// stream reads all of v.
func stream(v []float32) float32 {
	var a, b, c, d float32
	for ; len(v) >= 4; v = v[4:] {
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
	}
	return a + b + c + d
}
