package flat

import "encoding/binary"

func distancesPortable(q, base, out []float32) {
	for j := range out {
		row := base[j*len(q):][:len(q)]
		var a, b, c, d float32
		for i := 0; i+4 <= len(row); i += 4 {
			u, v := (*[4]float32)(q[i:]), (*[4]float32)(row[i:])
			e, f, g, h := u[0]-v[0], u[1]-v[1], u[2]-v[2], u[3]-v[3]
			a, b, c, d = a+e*e, b+f*f, c+g*g, d+h*h
		}
		out[j] = a + b + (c + d)
	}
}

func streamPortable(b []byte) (sum uint64) {
	for ; len(b) >= 32; b = b[32:] {
		sum += binary.LittleEndian.Uint64(b) + binary.LittleEndian.Uint64(b[8:]) +
			binary.LittleEndian.Uint64(b[16:]) + binary.LittleEndian.Uint64(b[24:])
	}
	return sum
}

// tilePortable is one tile of a single row and a panel of one query at a time.
func tilePortable(row, panel []float32, dim, width int, norm float32, queryNorms, bounds, out []float32) (mask uint32) {
	for j := range width {
		var sum float32
		for i := range dim {
			sum += row[i] * panel[i*width+j]
		}
		out[j] = norm + queryNorms[j] - 2*sum
		if out[j] < bounds[j] {
			mask |= 1 << j
		}
	}
	return mask
}
