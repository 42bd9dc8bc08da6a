package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rotates(a *asm) {
	order := a.data32("order", []uint32{0, 4, 1, 5, 2, 6, 3, 7})
	r := rotator{asm: a}
	r.write("rotateVNNI", 8, func(r rotator) { r.eightAVX512(order) }, rotator.oneAVX512)
	r.write("rotateAVX2", 4, rotator.fourAVX2, rotator.oneAVX2)
	a.prefetchVectors()
}

// A rotator holds the general registers of a rotation. rows points to the next
// row; the loops move it on.
type rotator struct {
	*asm
	x, rows, out, stride, stride3, chunks reg.GPVirtual
}

// write writes a function that takes rows many at a time, then one by one.
func (r rotator) write(name string, many int, several, one func(rotator)) {
	a := r.asm
	a.function(name, "func(x, rows, out *float32, dim, n int)")
	r.x, r.rows, r.out, r.chunks = a.arg64("x"), a.arg64("rows"), a.arg64("out"), a.arg64("dim")
	n := a.arg64("n")
	r.stride, r.stride3 = a.GP64(), a.GP64()
	a.MOVQ(r.chunks, r.stride)
	a.SHLQ(imm(2), r.stride)
	a.LEAQ(operand.Mem{Base: r.stride, Index: r.stride, Scale: 2}, r.stride3)
	a.SHRQ(imm(4), r.chunks)
	a.Label("many")
	a.CMPQ(n, imm(uint8(many)))
	a.JLT(label("single"))
	several(r)
	a.ADDQ(imm(uint8(4*many)), r.out)
	a.SUBQ(imm(uint8(many)), n)
	a.JMP(label("many"))
	a.Label("single")
	a.TESTQ(n, n)
	a.JZ(label("done"))
	one(r)
	a.ADDQ(imm(4), r.out)
	a.DECQ(n)
	a.JMP(label("single"))
	a.Label("done")
	a.VZEROUPPER()
	a.RET()
}

// fours gives the operands of rows 0 to 3 behind base.
func (r rotator) fours(base reg.Register) [4]operand.Mem {
	return [4]operand.Mem{
		{Base: base},
		{Base: base, Index: r.stride, Scale: 1},
		{Base: base, Index: r.stride, Scale: 2},
		{Base: base, Index: r.stride3, Scale: 1},
	}
}

// chunked writes the loop over chunks of 16 values: the first chunk begins the
// sums, the others add to them. x is in register 14, or 14 and 15. step moves the pointers on.
func (r rotator) chunked(name string, wide bool, body func(first bool), step func()) {
	left, xs := r.GP64(), r.GP64()
	r.MOVQ(r.chunks, left)
	r.MOVQ(r.x, xs)
	next := func(first bool) {
		if wide {
			r.VMOVUPS(mem(xs, 0), z(14))
		} else {
			r.VMOVUPS(mem(xs, 0), y(14))
			r.VMOVUPS(mem(xs, 32), y(15))
		}
		body(first)
		r.ADDQ(imm(64), xs)
		step()
	}
	next(true)
	r.DECQ(left)
	r.JZ(label("%sdone", name))
	r.Label(name + "chunk")
	next(false)
	r.DECQ(left)
	r.JNZ(label("%schunk", name))
	r.Label(name + "done")
}

// add adds the products of one vector of a row to acc, or begins acc with them.
func (r rotator) add(row operand.Mem, x, term, acc reg.Register, first bool) {
	if first {
		r.VMULPS(row, x, acc)
		return
	}
	r.VMULPS(row, x, term)
	r.VADDPS(term, acc, acc)
}

// eightAVX512 keeps the 16 lanes of row k in register k.
func (r rotator) eightAVX512(order operand.Mem) {
	second := r.GP64()
	r.LEAQ(operand.Mem{Base: r.rows, Index: r.stride, Scale: 4}, second)
	r.chunked("many", true, func(first bool) {
		a, b := r.fours(r.rows), r.fours(second)
		for k, row := range append(a[:], b[:]...) {
			r.add(row, z(14), z(16+k), z(k), first)
		}
	}, func() {
		r.ADDQ(imm(64), r.rows)
		r.ADDQ(imm(64), second)
	})
	r.LEAQ(operand.Mem{Base: second, Index: r.stride3, Scale: 1}, r.rows)
	r.foldRows(order, mem(r.out, 0))
}

// foldRows adds the 16 lanes of each of registers 0 to 7 and stores the 8 sums.
func (a *asm) foldRows(order, out operand.Mem) {
	for k := range 8 {
		a.VEXTRACTF64X4(imm(1), z(k), y(8))
		a.VADDPS(y(8), y(k), y(k))
	}
	a.halves(0, 1)
	a.halves(2, 3)
	a.halves(4, 5)
	a.halves(6, 7)
	a.quarters(0, 2)
	a.quarters(4, 6)
	a.VSHUFPS(imm(0x88), y(4), y(0), y(8))
	a.VSHUFPS(imm(0xdd), y(4), y(0), y(9))
	a.VADDPS(y(9), y(8), y(8))
	a.VMOVUPS(order, y(9))
	a.VPERMPS(y(8), y(9), y(8))
	a.VMOVUPS(y(8), out)
}

// halves adds lanes l and l+4 of two rows and puts both into the first register.
func (c *asm) halves(a, b int) {
	c.VPERM2F128(imm(0x20), y(b), y(a), y(12))
	c.VPERM2F128(imm(0x31), y(b), y(a), y(13))
	c.VADDPS(y(13), y(12), y(a))
}

// quarters adds lanes l and l+2 of four rows and puts them into the first
// register: rows 0, 2, 1, 3 with two lanes each.
func (c *asm) quarters(a, b int) {
	c.VUNPCKLPD(y(b), y(a), y(12))
	c.VUNPCKHPD(y(b), y(a), y(13))
	c.VADDPS(y(13), y(12), y(a))
}

// fourAVX2 keeps the lanes of row k in registers k (0 to 7) and 4+k (8 to 15).
func (r rotator) fourAVX2() {
	r.chunked("many", false, func(first bool) {
		for k, row := range r.fours(r.rows) {
			for h := range 2 {
				at := row
				at.Disp = 32 * h
				r.add(at, y(14+h), y(12+h), y(k+4*h), first)
			}
		}
	}, func() { r.ADDQ(imm(64), r.rows) })
	r.ADDQ(r.stride3, r.rows)
	for k := range 4 {
		r.VADDPS(y(4+k), y(k), y(k))
	}
	r.foldFour(mem(r.out, 0))
}

// foldFour adds the eight lanes of each of registers 0 to 3 and stores the sums.
func (a *asm) foldFour(out operand.Mem) {
	a.halves(0, 1)
	a.halves(2, 3)
	a.quarters(0, 2)
	a.VSHUFPS(imm(0x88), y(0), y(0), y(8))
	a.VSHUFPS(imm(0xdd), y(0), y(0), y(9))
	a.VADDPS(y(9), y(8), y(8))
	a.VEXTRACTF128(imm(1), y(8), x(9))
	a.VUNPCKLPS(x(9), x(8), x(8))
	a.VMOVUPS(x(8), out)
}

func (r rotator) oneAVX512() {
	r.chunked("single", true, func(first bool) {
		r.add(mem(r.rows, 0), z(14), z(1), z(0), first)
	}, func() { r.ADDQ(imm(64), r.rows) })
	r.VEXTRACTF64X4(imm(1), z(0), y(1))
	r.VADDPS(y(1), y(0), y(0))
	r.foldEight(0, 1)
	r.VMOVSS(x(0), mem(r.out, 0))
}

func (r rotator) oneAVX2() {
	r.chunked("single", false, func(first bool) {
		for h := range 2 {
			r.add(mem(r.rows, 32*h), y(14+h), y(12+h), y(4*h), first)
		}
	}, func() { r.ADDQ(imm(64), r.rows) })
	r.VADDPS(y(4), y(0), y(0))
	r.foldEight(0, 1)
	r.VMOVSS(x(0), mem(r.out, 0))
}

// foldEight adds the eight lanes of register s in the order of the contract.
func (a *asm) foldEight(s, t int) {
	a.VEXTRACTF128(imm(1), y(s), x(t))
	a.VADDPS(x(t), x(s), x(s))
	a.VPERMILPS(imm(0x0e), x(s), x(t))
	a.VADDPS(x(t), x(s), x(s))
	a.VMOVSHDUP(x(s), x(t))
	a.VADDSS(x(t), x(s), x(s))
}

func (a *asm) prefetchVectors() {
	a.function("prefetchVectors", "func(vectors *float32, stride int, ids *uint32, n int)")
	vectors, stride, ids, n := a.arg64("vectors"), a.arg64("stride"), a.arg64("ids"), a.arg64("n")
	at, end := a.GP64(), a.GP64()
	a.Label("vector")
	a.MOVL(mem(ids, 0), at.As32())
	a.IMULQ(stride, at)
	a.ADDQ(vectors, at)
	a.LEAQ(operand.Mem{Base: at, Index: stride, Scale: 1}, end)
	a.Label("line")
	a.PREFETCHT0(mem(at, 0))
	a.ADDQ(imm(64), at)
	a.CMPQ(at, end)
	a.JCS(label("line"))
	a.ADDQ(imm(4), ids)
	a.DECQ(n)
	a.JNZ(label("vector"))
	a.RET()
}
