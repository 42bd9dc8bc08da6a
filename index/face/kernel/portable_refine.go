package kernel

import "encoding/binary"

func refinePortable(planeA, planeB, rows, e8 []byte, groupsA int, t *Targets, ids []uint32, d2 []float32) int {
	sizeA, sizeB := BlockSize(groupsA), BlockSize(groups-groupsA)
	n := 0
	for _, id := range ids {
		block, lane := int(id/Lanes), int(id%Lanes)*4
		a := planeA[block*sizeA+lane:]
		b := planeB[block*sizeB+lane:]
		var code [RowSize]byte
		for g := range groups {
			from := a
			at := g
			if g >= groupsA {
				from, at = b, g-groupsA
			}
			binary.LittleEndian.PutUint32(code[4*g:], binary.LittleEndian.Uint32(from[at*groupSize:]))
		}
		d := distance(&code, (*[RowSize]byte)(rows[int(id)*RowSize:]), t)
		r := t.Limit + float32(float32(e8[id])*t.Unit)
		if d <= float32(r*r) {
			ids[n], d2[n] = id, d
			n++
		}
	}
	return n
}

// distance returns d2 of Refine from the 4 leading bits of each code, two to a
// byte, and the 4 trailing ones.
func distance(code, row *[RowSize]byte, t *Targets) float32 {
	var acc [16]float32
	for l := range acc {
		c0, c1, r0, r1 := code[l], code[l+16], row[l], row[l+16]
		c2, r2 := code[32+l%8], row[32+l%8]
		last := c2<<4 | r2&15
		if l >= 8 {
			last = c2&0xf0 | r2>>4
		}
		s := term(c0<<4|r0&15, t.Point[l], t.Weight[l])
		s += term(c1<<4|r1&15, t.Point[l+16], t.Weight[l+16])
		s += term(c0&0xf0|r0>>4, t.Point[l+32], t.Weight[l+32])
		s += term(c1&0xf0|r1>>4, t.Point[l+48], t.Weight[l+48])
		s += term(last, t.Point[l+64], t.Weight[l+64])
		acc[l] = s
	}
	return fold(&acc)
}

func term(c8 byte, point, weight float32) float32 {
	d := float32(c8) - point
	return float32(weight * float32(d*d))
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
