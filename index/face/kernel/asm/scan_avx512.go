package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the AVX-512 scan.
const (
	zAcc     = 0 // and 1: the sums of the two halves of a block
	zPart    = 2 // and 3: the part that is shifted before it is added
	zCodes   = 4 // to 7: masked codes
	zMask    = 8
	zThr     = 9
	zWeights = 16 // to 31: up to 64 weights
)

func scansAVX512(a *asm) {
	lanes := a.data32("lanes", ascending(16))
	for _, groups := range sizes {
		a.scanAVX512(fmt.Sprintf("scan%dVNNI", groups), groups, lanes)
	}
}

func (a *asm) scanAVX512(name string, groups int, lanes operand.Mem) {
	a.function(name, scanSignature)
	plane, blocks, w := a.arg64("plane"), a.arg64("blocks"), a.arg64("w")
	a.VPBROADCASTD(a.arg32("thr"), z(zThr))
	base, out, sums, n := a.arg32("base"), a.arg64("out"), a.arg64("sums"), a.GP64()
	a.XORQ(n, n)
	a.VPBROADCASTD(a.int32Const(0x0f0f0f0f), z(zMask))
	for g := range 2 * groups {
		a.VPBROADCASTD(mem(w, weightsA+4*g), z(zWeights+g))
	}

	a.Label("block")
	for h := range 2 {
		a.VPMOVSXWD(mem(plane, groupSize*groups+laneCount*h), z(zAcc+h))
		a.VPSLLVD_BCST(mem(w, shiftBias), z(zAcc+h), z(zAcc+h))
		a.VPXORD(z(zPart+h), z(zPart+h), z(zPart+h))
	}
	for g := range groups {
		a.groupAVX512(plane, g*groupSize, z(zWeights+g), z(zWeights+groups+g))
	}
	for h := range 2 {
		a.VPSRAVD_BCST(mem(w, shiftHigh), z(zPart+h), z(zPart+h))
		a.VPADDD(z(zPart+h), z(zAcc+h), z(zAcc+h))
	}
	a.ADDQ(operand.U32(blockSize(groups)), plane)
	a.emitAVX512(base, out, sums, n, lanes)
	a.ADDL(imm(laneCount), base)
	a.DECQ(blocks)
	a.JNZ(label("block"))
	a.Store(n, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// groupAVX512 adds one group's products: 4 low and 4 high codes of 32 lanes.
func (a *asm) groupAVX512(plane reg.Register, at int, low, high reg.Register) {
	for h := range 2 {
		a.VMOVDQU32(mem(plane, at+64*h), z(zCodes+2*h))
	}
	for h := range 2 {
		a.VPANDD(z(zMask), z(zCodes+2*h), z(zCodes+2*h+1))
		a.VPANDND(z(zCodes+2*h), z(zMask), z(zCodes+2*h))
	}
	for h := range 2 {
		a.dpbusd(low, z(zCodes+2*h+1), z(zAcc+h))
		a.dpbusd(high, z(zCodes+2*h), z(zPart+h))
	}
}

// emitAVX512 writes the ids and sums of the lanes that reach the threshold.
func (a *asm) emitAVX512(base, out, sums, n reg.GPVirtual, lanes operand.Mem) {
	count := a.GP32()
	notLess := imm(5)
	a.VPCMPD(notLess, z(zThr), z(zAcc), reg.K1)
	a.VPCMPD(notLess, z(zThr), z(zAcc+1), reg.K2)
	a.KORTESTW(reg.K1, reg.K2)
	a.JZ(label("none"))
	upper := a.GP32()
	a.LEAL(operand.Mem{Base: base.As64(), Disp: 16}, upper)
	a.VPBROADCASTD(base, z(zCodes))
	a.VPBROADCASTD(upper, z(zCodes+1))
	for h, k := range []reg.Register{reg.K1, reg.K2} {
		a.VPADDD(lanes, z(zCodes+h), z(zCodes+h))
		a.VPCOMPRESSD(z(zCodes+h), k, z(zCodes+h))
		a.VPCOMPRESSD(z(zAcc+h), k, z(zAcc+h))
		a.VMOVDQU32(z(zCodes+h), operand.Mem{Base: out, Index: n, Scale: 4})
		a.VMOVDQU32(z(zAcc+h), operand.Mem{Base: sums, Index: n, Scale: 4})
		a.KMOVW(k, count)
		a.POPCNTL(count, count)
		a.ADDQ(count.As64(), n)
	}
	a.Label("none")
}
