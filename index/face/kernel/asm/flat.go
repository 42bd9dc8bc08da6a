package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func flats(a *asm) {
	order := a.data32("order", []uint32{0, 4, 1, 5, 2, 6, 3, 7})
	r := rotator{asm: a}
	r.write("distancesAVX512", 8, func(r rotator) {
		for k := range 8 {
			r.squares(label("row%d", k), z, k, k)
		}
		r.foldRows(order, mem(r.out, 0))
	}, func(r rotator) {
		r.squares("row", z, 0, 0)
		r.VEXTRACTF64X4(imm(1), z(0), y(1))
		r.VADDPS(y(1), y(0), y(0))
		r.foldEight(0, 1)
		r.VMOVSS(x(0), mem(r.out, 0))
	})
	r.write("distancesAVX2", 4, func(r rotator) {
		for k := range 4 {
			r.squares(label("row%d", k), y, k, 4+k)
			r.VADDPS(y(4+k), y(k), y(k))
		}
		r.foldFour(mem(r.out, 0))
	}, func(r rotator) {
		r.squares("row", y, 0, 4)
		r.VADDPS(y(4), y(0), y(0))
		r.foldEight(0, 1)
		r.VMOVSS(x(0), mem(r.out, 0))
	})
	a.stream("streamAVX512", true)
	a.stream("streamAVX2", false)
	a.multi8(order)
}

// squares sums the squared differences of x and one row and moves on to the
// next. Rows are read one after the other, as memory likes it: eight side by side
// took twice the time. sum and sum2 take turns; they may be the same register.
func (r rotator) squares(name operand.LabelRef, v func(int) reg.Register, sum, sum2 int) {
	left, xs := r.GP64(), r.GP64()
	r.MOVQ(r.chunks, left)
	r.MOVQ(r.x, xs)
	zero := func(n int) { r.VXORPS(y(n), y(n), y(n)) } // clears the whole register
	zero(sum)
	if sum2 != sum {
		zero(sum2)
	}
	r.Label(string(name))
	sums := []int{sum, sum2}
	width := int(v(0).Size())
	for at := 0; at < 64; at += width {
		t := v(14 + at/width)
		r.VMOVUPS(mem(r.rows, at), t)
		r.VSUBPS(mem(xs, at), t, t)
		r.VFMADD231PS(t, t, v(sums[at/width%2]))
	}
	r.ADDQ(imm(64), r.rows)
	r.ADDQ(imm(64), xs)
	r.DECQ(left)
	r.JNZ(name)
}

// stream sums the words of whole kilobytes, at least one.
func (a *asm) stream(name string, wide bool) {
	a.function(name, "func(b *byte, kilobytes int) uint64")
	b, n := a.arg64("b"), a.arg64("kilobytes")
	v, width := y, avx2Width
	xor := func(s, d reg.Register) { a.VPXOR(s, d, d) }
	if wide {
		v, width = z, avx512Width
		xor = func(s, d reg.Register) { a.VPXORQ(s, d, d) }
	}
	const sums = 8
	for k := range sums {
		xor(v(k), v(k))
	}
	a.Label("kilobyte")
	for k := range 1024 / width {
		a.VPADDQ(mem(b, k*width), v(k%sums), v(k%sums))
	}
	a.ADDQ(operand.U32(1024), b)
	a.DECQ(n)
	a.JNZ(label("kilobyte"))
	for half := sums / 2; half > 0; half /= 2 {
		for k := range half {
			a.VPADDQ(v(k+half), v(k), v(k))
		}
	}
	if wide {
		a.VEXTRACTI64X4(imm(1), z(0), y(1))
		a.VPADDQ(y(1), y(0), y(0))
	}
	a.VEXTRACTI128(imm(1), y(0), x(1))
	a.VPADDQ(x(1), x(0), x(0))
	a.VPSRLDQ(imm(8), x(0), x(1))
	a.VPADDQ(x(1), x(0), x(0))
	sum := a.GP64()
	a.VMOVQ(x(0), sum)
	a.Store(sum, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// multi8 compares pairs of rows with eight queries: registers 0 to 7 sum for the
// first row, 16 to 23 for the second.
func (a *asm) multi8(order operand.Mem) {
	a.function("multi8AVX512", "func(queries, rows, out *float32, dim, pairs int)")
	queries, rows, out, chunks, pairs := a.arg64("queries"), a.arg64("rows"), a.arg64("out"), a.arg64("dim"), a.arg64("pairs")
	stride, stride3 := a.GP64(), a.GP64()
	a.MOVQ(chunks, stride)
	a.SHLQ(imm(2), stride)
	a.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	a.SHRQ(imm(4), chunks)
	r := rotator{asm: a, stride: stride, stride3: stride3}
	a.Label("pair")
	left, q, q4 := a.GP64(), a.GP64(), a.GP64()
	a.MOVQ(chunks, left)
	a.MOVQ(queries, q)
	a.LEAQ(operand.Mem{Base: queries, Index: stride, Scale: 4}, q4)
	for k := range 8 {
		a.VPXORD(z(k), z(k), z(k))
		a.VPXORD(z(16+k), z(16+k), z(16+k))
	}
	a.Label("chunk")
	second := operand.Mem{Base: rows, Index: stride, Scale: 1}
	a.VMOVUPS(mem(rows, 0), z(14))
	a.VMOVUPS(second, z(15))
	first, last := r.fours(q), r.fours(q4)
	for k, query := range append(first[:], last[:]...) {
		a.VMOVUPS(query, z(13))
		a.VSUBPS(z(13), z(14), z(24+k%4))
		a.VSUBPS(z(13), z(15), z(28+k%4))
		a.VFMADD231PS(z(24+k%4), z(24+k%4), z(k))
		a.VFMADD231PS(z(28+k%4), z(28+k%4), z(16+k))
	}
	for _, p := range []reg.Register{rows, q, q4} {
		a.ADDQ(imm(64), p)
	}
	a.DECQ(left)
	a.JNZ(label("chunk"))
	a.ADDQ(stride, rows)
	a.foldRows(order, mem(out, 0))
	for k := range 8 {
		a.VMOVAPS(z(16+k), z(k))
	}
	a.foldRows(order, mem(out, 32))
	a.ADDQ(imm(64), out)
	a.DECQ(pairs)
	a.JNZ(label("pair"))
	a.VZEROUPPER()
	a.RET()
}
