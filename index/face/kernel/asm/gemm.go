package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemms writes the tiles of the blocked scan: the products of a few rows with two
// vectors of queries stay in registers while the dimensions go by.
func gemms(a *asm) {
	tile{a, "tileAVX512", z, avx512Width, 12, true}.write()
	tile{a, "tileAVX2", y, avx2Width, 6, false}.write()
}

type tile struct {
	*asm
	name  string
	v     func(int) reg.Register
	width int
	rows  int
	wide  bool
}

// write writes the function. panel holds, for each dimension, the values of
// 2·width/4 queries. Distances are (‖x‖² + ‖q‖²) - 2·x·q; mask bit j of a row says
// that the distance to query j is below its bound.
func (t tile) write() {
	t.function(t.name, "func(rows, panel *float32, dim int, norms, queryNorms, bounds, out *float32, masks *uint32)")
	panel, dim := t.arg64("panel"), t.arg64("dim")
	base := []reg.Register{t.arg64("rows")}
	stride, stride3 := t.GP64(), t.GP64()
	t.MOVQ(dim, stride)
	t.SHLQ(imm(2), stride)
	t.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	for k := 3; k < t.rows; k += 3 {
		next := t.GP64()
		t.LEAQ(operand.Mem{Base: base[len(base)-1], Index: stride3, Scale: 1}, next)
		base = append(base, next)
	}
	first, queries, value := 0, 2*t.rows, 2*t.rows+2
	for k := range 2 * t.rows {
		t.VXORPS(t.v(first+k), t.v(first+k), t.v(first+k))
	}
	t.Label("dimension")
	for h := range 2 {
		t.VMOVUPS(mem(panel, h*t.width), t.v(queries+h))
	}
	for k := range t.rows {
		at := operand.Mem{Base: base[k/3]}
		if k%3 > 0 {
			at.Index, at.Scale = stride, uint8(k%3)
		}
		b := t.v(value + k%2)
		t.VBROADCASTSS(at, b)
		for h := range 2 {
			t.VFMADD231PS(t.v(queries+h), b, t.v(2*k+h))
		}
	}
	for _, p := range base {
		t.ADDQ(imm(4), p)
	}
	t.ADDQ(operand.U32(2*t.width), panel)
	t.DECQ(dim)
	t.JNZ(label("dimension"))
	t.finish(queries, value)
	t.VZEROUPPER()
	t.RET()
}

func (t tile) finish(queries, value int) {
	norms, queryNorms, bounds := t.arg64("norms"), t.arg64("queryNorms"), t.arg64("bounds")
	out, masks := t.arg64("out"), t.arg64("masks")
	for h := range 2 {
		t.VMOVUPS(mem(queryNorms, h*t.width), t.v(queries+h))
	}
	const lessThan = 1
	for k := range t.rows {
		mask, part := t.GP32(), t.GP32()
		for h := range 2 {
			sum, norm := t.v(2*k+h), t.v(value)
			t.VADDPS(sum, sum, sum)
			t.VBROADCASTSS(mem(norms, 4*k), norm)
			t.VADDPS(t.v(queries+h), norm, norm)
			t.VSUBPS(sum, norm, sum)
			t.VMOVUPS(sum, mem(out, (2*k+h)*t.width))
			if t.wide {
				t.VCMPPS(imm(lessThan), mem(bounds, h*t.width), sum, reg.K1)
				t.KMOVW(reg.K1, part)
			} else {
				t.VCMPPS(imm(lessThan), mem(bounds, h*t.width), sum, norm)
				t.VMOVMSKPS(norm, part)
			}
			if h == 0 {
				t.MOVL(part, mask)
			}
		}
		t.SHLL(imm(uint8(t.width/4)), part)
		t.ORL(part, mask)
		t.MOVL(mask, mem(masks, 4*k))
	}
}
