package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of kernel.Coder, and the runs of dimensions.
const (
	coderScale  = 0
	coderOffset = 320
	coderSquare = 640
)

var runEnds = []int{40, 64, 80}

// Registers of the coding: 0 to 3 are the sums of a run.
const (
	cT      = 4
	cCode   = 5
	cFour   = 6
	cTerm   = 7
	cSquare = 8
	cEight  = 9
	cFirst  = 10 // constants, in the order of codeConstants
)

// codes writes the coding, which needs no more than AVX2: eight dimensions a turn,
// written out one after the other.
func codes(a *asm) {
	var constants [6]reg.Register // 8, ½ and 128 as float32; the leading bits, 255 and 0
	a.function("codeAVX2", "func(c *byte, z *float32, codes *byte, sums *float32)")
	c, zs, out, sums := a.arg64("c"), a.arg64("z"), a.arg64("codes"), a.arg64("sums")
	for i, v := range []uint32{0x41000000, 0x3f000000, 0x43000000, 0xf0, 0xff, 0} {
		constants[i] = y(cFirst + i)
		a.VMOVD(a.int32Const(v), x(cFirst+i))
		a.VPBROADCASTD(x(cFirst+i), constants[i])
	}
	from := 0
	for run, to := range runEnds {
		for k := range 4 {
			a.VXORPS(y(k), y(k), y(k))
		}
		for ; from < to; from += 8 {
			a.codeEight(c, zs, out, from, constants)
		}
		a.VHADDPS(y(1), y(0), y(0))
		a.VHADDPS(y(3), y(2), y(2))
		a.VHADDPS(y(2), y(0), y(0))
		a.VEXTRACTF128(imm(1), y(0), x(1))
		a.VADDPS(x(1), x(0), x(0))
		a.VMOVUPS(x(0), mem(sums, 16*run))
	}
	a.VZEROUPPER()
	a.RET()
}

// codeEight codes eight dimensions and adds the terms.
func (a *asm) codeEight(c, zs, out reg.Register, at int, k [6]reg.Register) {
	eight, half, centre, leading, most, zero := k[0], k[1], k[2], k[3], k[4], k[5]
	t, code, four, eighth := y(cT), y(cCode), y(cFour), y(cEight)
	a.VMOVUPS(mem(zs, 4*at), t)
	a.VMULPS(mem(c, coderScale+4*at), t, t)
	a.VADDPS(mem(c, coderOffset+4*at), t, t)
	a.VCVTTPS2DQ(t, code)
	a.VPMAXSD(zero, code, code)
	a.VPMINSD(most, code, code)
	a.VPAND(leading, code, four)
	a.VCVTDQ2PS(four, four)
	a.VADDPS(eight, four, four)
	a.VCVTDQ2PS(code, eighth)
	a.VADDPS(half, eighth, eighth)
	a.VMOVUPS(mem(c, coderSquare+4*at), y(cSquare))
	for i, of := range [][2]reg.Register{{t, four}, {t, eighth}, {four, centre}, {eighth, centre}} {
		a.VSUBPS(of[1], of[0], y(cTerm))
		a.VMULPS(y(cTerm), y(cTerm), y(cTerm))
		a.VMULPS(y(cSquare), y(cTerm), y(cTerm))
		a.VADDPS(y(cTerm), y(i), y(i))
	}
	a.VPACKUSDW(code, code, code)
	a.VPACKUSWB(code, code, code)
	a.VMOVD(x(cCode), operand.Mem{Base: out, Disp: at})
	a.VEXTRACTI128(imm(1), code, x(cCode))
	a.VMOVD(x(cCode), operand.Mem{Base: out, Disp: at + 4})
}
