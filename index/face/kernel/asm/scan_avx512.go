package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the AVX-512 scan.
const (
	zAcc     = 0 // and 1: the sums of the two halves of a block
	zPart    = 2 // and 3: a part that is shifted before it is added
	zPart2   = 4 // and 5
	zCodes   = 6 // to 9: masked codes
	zMask    = 10
	zThr     = 11
	zWeights = 12 // to 31: up to 80 weights
)

func scansAVX512(a *asm) {
	lanes := a.data32("lanes", ascending(16))
	scans(func(suffix string, planes []plane) { a.scanAVX512("scan"+suffix+"VNNI", planes, lanes) })
}

func (a *asm) scanAVX512(name string, planes []plane, lanes operand.Mem) {
	a.function(name, scanSignature(planes))
	ptr := make([]reg.GPVirtual, len(planes))
	for i, p := range planes {
		ptr[i] = a.arg64(p.arg)
	}
	blocks, w := a.arg64("blocks"), a.arg64("w")
	a.VPBROADCASTD(a.arg32("thr"), z(zThr))
	base, out := a.arg32("base"), a.arg64("out")
	start := a.GP64()
	a.MOVQ(out, start)
	a.VPBROADCASTD(a.int32Const(0x0f0f0f0f), z(zMask))
	next := zWeights
	for _, p := range planes {
		for g := range 2 * p.groups {
			a.VPBROADCASTD(mem(w, p.weights+4*g), z(next))
			next++
		}
	}

	a.Label("block")
	last := len(planes) - 1
	a.VPMOVSXWD(mem(ptr[last], groupSize*planes[last].groups), z(zAcc))
	a.VPMOVSXWD(mem(ptr[last], groupSize*planes[last].groups+laneCount), z(zAcc+1))
	next = zWeights
	for i, p := range planes {
		low := zAcc
		if p.lowShift >= 0 {
			low = zPart2
			a.VPXORD(z(low), z(low), z(low))
			a.VPXORD(z(low+1), z(low+1), z(low+1))
		}
		a.VPXORD(z(zPart), z(zPart), z(zPart))
		a.VPXORD(z(zPart+1), z(zPart+1), z(zPart+1))
		for g := range p.groups {
			a.groupAVX512(ptr[i], g*groupSize, z(next+g), z(next+p.groups+g), low)
		}
		next += 2 * p.groups
		if p.lowShift >= 0 {
			a.addShiftedAVX512(low, mem(w, p.lowShift))
		}
		a.addShiftedAVX512(zPart, mem(w, p.hiShift))
		a.ADDQ(operand.U32(p.size()), ptr[i])
	}
	a.emitAVX512(base, out, lanes)
	a.ADDL(imm(laneCount), base)
	a.DECQ(blocks)
	a.JNZ(label("block"))
	a.SUBQ(start, out)
	a.SHRQ(imm(2), out)
	a.Store(out, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// groupAVX512 adds one group's products: 4 low and 4 high codes of 32 lanes.
func (a *asm) groupAVX512(ptr reg.Register, at int, low, high reg.Register, acc int) {
	for h := range 2 {
		a.VMOVDQU32(mem(ptr, at+64*h), z(zCodes+2*h))
	}
	for h := range 2 {
		a.VPANDD(z(zMask), z(zCodes+2*h), z(zCodes+2*h+1))
		a.VPANDND(z(zCodes+2*h), z(zMask), z(zCodes+2*h))
	}
	for h := range 2 {
		a.dpbusd(low, z(zCodes+2*h+1), z(acc+h))
		a.dpbusd(high, z(zCodes+2*h), z(zPart+h))
	}
}

func (a *asm) addShiftedAVX512(part int, shift operand.Mem) {
	for h := range 2 {
		a.VPSRAVD_BCST(shift, z(part+h), z(part+h))
		a.VPADDD(z(part+h), z(zAcc+h), z(zAcc+h))
	}
}

// emitAVX512 writes the ids of the lanes that reach the threshold.
func (a *asm) emitAVX512(base, out reg.GPVirtual, lanes operand.Mem) {
	ids, n := []int{zCodes, zCodes + 1}, a.GP32()
	notLess := imm(5)
	a.VPCMPD(notLess, z(zThr), z(zAcc), reg.K1)
	a.VPCMPD(notLess, z(zThr), z(zAcc+1), reg.K2)
	a.KORTESTW(reg.K1, reg.K2)
	a.JZ(label("none"))
	upper := a.GP32()
	a.LEAL(operand.Mem{Base: base.As64(), Disp: 16}, upper)
	a.VPBROADCASTD(base, z(ids[0]))
	a.VPBROADCASTD(upper, z(ids[1]))
	for h, k := range []reg.Register{reg.K1, reg.K2} {
		a.VPADDD(lanes, z(ids[h]), z(ids[h]))
		a.VPCOMPRESSD(z(ids[h]), k, z(ids[h]))
		a.VMOVDQU32(z(ids[h]), mem(out, 0))
		a.KMOVW(k, n)
		a.POPCNTL(n, n)
		a.LEAQ(operand.Mem{Base: out, Index: n.As64(), Scale: 4}, out)
	}
	a.Label("none")
}
