package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The strip of the second plane.
var deep = strips[2]

// A deepener writes one function that adds the second plane to the sums of single
// rows. Like the refiner it writes each row out and only counts on the result.
//
// Vector registers: 0 and 1 are sums, 2 and 3 codes, 4 the mask, 5 and 6 weights, 7
// and 8 shifts.
type deepener struct {
	*asm
	products func(d deepener)
}

func (a *asm) deepenVNNI() {
	deepener{a, func(d deepener) {
		d.VPXOR(x(0), x(0), x(0))
		d.VPXOR(x(1), x(1), x(1))
		d.dpbusd(x(5), x(3), x(0))
		d.dpbusd(x(6), x(2), x(1))
	}}.write("deepenVNNI")
}

func (a *asm) deepenAVX2(t tables) {
	deepener{a, func(d deepener) {
		d.VPMADDUBSW(x(5), x(3), x(0))
		d.VPMADDUBSW(x(6), x(2), x(1))
		d.VPMADDWD(t.ones, x(0), x(0))
		d.VPMADDWD(t.ones, x(1), x(1))
	}}.write("deepenAVX2")
}

func (d deepener) write(name string) {
	d.function(name, deepenSignature)
	second, w, thr := d.arg64("second"), d.arg64("w"), d.arg32("thr")
	ids, sums, n := d.arg64("ids"), d.arg64("sums"), d.arg64("n")
	from, kept := d.GP64(), d.GP64()
	d.XORQ(from, from)
	d.XORQ(kept, kept)
	d.VMOVD(d.int32Const(0x0f0f0f0f), x(4))
	d.VPBROADCASTD(x(4), x(4))
	low, high := weightsAt(deep.plane, 0)
	// The fourth word of the weights meets codes of 0.
	d.VMOVDQU(mem(w, low), x(5))
	d.VMOVDQU(mem(w, high), x(6))
	d.VMOVD(mem(w, shiftsOf+4*deep.low), x(7))
	four := d.GP32()
	d.MOVL(mem(w, shiftsOf+4*deep.high), four)
	d.ADDL(imm(4), four) // the codes come shifted down
	d.VMOVD(four, x(8))
	d.MOVL(mem(w, shiftBias), reg.ECX)

	d.Label("row")
	id, lane, at := d.GP32(), d.GP64(), d.GP64()
	d.MOVL(operand.Mem{Base: ids, Index: from, Scale: 4}, id)
	d.laneOf(second, id, lane, at)
	d.VMOVD(operand.Mem{Base: at, Index: lane, Scale: 4}, x(2))
	for g := 1; g < planeGroups[deep.plane]; g++ {
		d.VPINSRD(imm(uint8(g)), operand.Mem{Base: at, Index: lane, Scale: 4, Disp: g * groupSize}, x(2), x(2))
	}
	d.VPAND(x(4), x(2), x(3))
	d.VPSRLW(imm(4), x(2), x(2))
	d.VPAND(x(4), x(2), x(2))
	d.products(d)
	d.VPSLLD(x(7), x(0), x(0))
	d.VPSLLD(x(8), x(1), x(1))
	d.VPADDD(x(1), x(0), x(0))
	for _, order := range []uint8{0x0e, 0x01} {
		d.VPSHUFD(imm(order), x(0), x(1))
		d.VPADDD(x(1), x(0), x(0))
	}
	bias, sum, pass := d.GP32(), d.GP32(), d.GP64()
	d.MOVWLSX(operand.Mem{Base: at, Index: lane, Scale: 2, Disp: planeGroups[deep.plane] * groupSize}, bias)
	d.SHLL(reg.CL, bias)
	d.VMOVD(x(0), sum)
	d.ADDL(bias, sum)
	d.ADDL(operand.Mem{Base: sums, Index: from, Scale: 4}, sum)
	d.MOVL(id, operand.Mem{Base: ids, Index: kept, Scale: 4})
	d.MOVL(sum, operand.Mem{Base: sums, Index: kept, Scale: 4})
	d.XORL(pass.As32(), pass.As32())
	d.CMPL(sum, thr)
	d.SETGE(pass.As8L())
	d.ADDQ(pass, kept)
	d.INCQ(from)
	d.CMPQ(from, n)
	d.JLT(label("row"))
	d.Store(kept, d.ReturnIndex(0))
	d.VZEROUPPER()
	d.RET()
}

// laneOf gives a row's lane and the address of its block.
func (a *asm) laneOf(second, id, lane, at reg.GPVirtual) {
	a.MOVL(id.As32(), lane.As32())
	a.MOVL(id.As32(), at.As32())
	a.ANDL(imm(laneCount-1), lane.As32())
	a.SHRL(imm(5), at.As32())
	a.IMUL3Q(operand.U32(uint32(blockSize(deep.plane))), at, at)
	a.ADDQ(second, at)
}

// prefetchLanes asks for the lines with the codes and the bias of each of n >= 1
// rows.
func (a *asm) prefetchLanes() {
	a.function("prefetchLanesOf", "func(second *byte, ids *uint32, n int)")
	second, ids, n := a.arg64("second"), a.arg64("ids"), a.arg64("n")
	id, lane, at := a.GP64(), a.GP64(), a.GP64()
	a.Label("row")
	a.MOVL(mem(ids, 0), id.As32())
	a.laneOf(second, id, lane, at)
	for g := range planeGroups[deep.plane] {
		a.PREFETCHT0(operand.Mem{Base: at, Index: lane, Scale: 4, Disp: g * groupSize})
	}
	a.PREFETCHT0(mem(at, planeGroups[deep.plane]*groupSize))
	a.ADDQ(imm(4), ids)
	a.DECQ(n)
	a.JNZ(label("row"))
	a.RET()
}
