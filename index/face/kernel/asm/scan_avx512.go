package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the AVX-512 scan.
const (
	zTotal   = 0 // and 1: the sums of the two halves of a block
	zLow     = 0 // to 3: sums of low codes, for each plane of both halves
	zHigh    = 4 // to 7: of high codes
	zMask    = 8
	zIds     = 9
	zCodes   = 10 // to 13: masked codes
	zBias    = 14
	zUp      = 15 // what biases are multiplied by
	zWeights = 16 // to 31: up to 64 weights
)

// tables512 are constants: how lanes are numbered, and how many half a block and a
// whole one have.
type tables512 struct{ lanes, half, block operand.Mem }

func scansAVX512(a *asm) {
	t := tables512{
		lanes: a.data32("lanes", ascending(16)),
		half:  a.data32("half", []uint32{laneCount / 2}), block: a.data32("whole", []uint32{laneCount}),
	}
	a.scanAVX512("scanVNNI", 1, t)
	a.scanAVX512("scanBothVNNI", 2, t)
	a.deepenVNNI()
}

func (a *asm) scanAVX512(name string, planes int, t tables512) {
	a.function(name, []string{scanSignature, scanBothSignature}[planes-1])
	plane := []reg.GPVirtual{a.arg64("first")}
	if planes == 2 {
		plane = append(plane, a.arg64("second"))
	}
	blocks, w := a.arg64("blocks"), a.arg64("w")
	thr := a.AllocLocal(8) // registers are scarce, and a comparison can read it there
	a.MOVL(a.arg32("thr"), thr)
	many, out, sums, n := a.arg32("many"), a.arg64("out"), a.arg64("sums"), a.GP64()
	a.XORQ(n, n)
	a.VPBROADCASTD(a.arg32("base"), z(zIds))
	a.VPADDD(t.lanes, z(zIds), z(zIds))
	a.VPBROADCASTD(a.int32Const(0x0f0f0f0f), z(zMask))
	a.MOVL(mem(w, shiftBias), reg.ECX)
	up := a.int32Const(1)
	a.SHLL(reg.CL, up)
	a.VPBROADCASTD(up, z(zUp))
	weights := map[int]reg.Register{} // by where they lie
	for p := range planes {
		for g := range 2 * planeGroups[p] {
			at := planeWeights[p] + 4*g
			weights[at] = z(zWeights + at/4)
			a.VPBROADCASTD(mem(w, at), weights[at])
		}
	}

	a.Label("block")
	a.blockAVX512(plane, w, weights)
	for p, at := range plane {
		a.ADDQ(operand.U32(uint32(blockSize(p))), at)
	}
	a.emitAVX512(thr, many, out, sums, n, t)
	a.DECQ(blocks)
	a.JNZ(label("block"))
	a.Store(n, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// blockAVX512 sums up both halves of a block, by turns: neither waits for its own
// last addition.
func (a *asm) blockAVX512(plane []reg.GPVirtual, w reg.Register, weights map[int]reg.Register) {
	chained := false
	for _, s := range strips {
		if s.plane >= len(plane) {
			continue
		}
		low := func(h int) reg.Register { return z(zLow + 2*s.plane + h) }
		high := func(h int) reg.Register { return z(zHigh + 2*s.plane + h) }
		for h := range 2 {
			if !chained {
				a.VPXORD(low(h), low(h), low(h))
				a.VPXORD(high(h), high(h), high(h))
			}
		}
		for _, g := range s.groups {
			lowAt, highAt := weightsAt(s.plane, g)
			for h := range 2 {
				codes, masked := z(zCodes+2*h), z(zCodes+2*h+1)
				a.VMOVDQU32(mem(plane[s.plane], g*groupSize+64*h), codes)
				a.VPANDD(z(zMask), codes, masked)
				a.VPANDND(codes, z(zMask), codes)
			}
			for h := range 2 {
				a.dpbusd(weights[lowAt], z(zCodes+2*h+1), low(h))
				a.dpbusd(weights[highAt], z(zCodes+2*h), high(h))
			}
		}
		for h := range 2 {
			a.VPSLLVD_BCST(mem(w, shiftsOf+4*s.low), low(h), low(h))
			a.VPSLLVD_BCST(mem(w, shiftsOf+4*s.high), high(h), high(h))
		}
		if chained = s.chained; chained {
			continue
		}
		for h := range 2 {
			// Biases fill the lower halves of words whose upper ones are 0.
			a.VPMOVZXWD(mem(plane[s.plane], groupSize*planeGroups[s.plane]+laneCount*h), z(zBias))
			a.dpwssd(z(zUp), z(zBias), low(h))
			a.VPADDD(high(h), low(h), low(h))
			if s.plane > 0 {
				a.VPADDD(low(h), z(zTotal+h), z(zTotal+h))
			}
		}
	}
}

// emitAVX512 writes the ids and sums of the lanes that reach the threshold, and goes
// on to the next ids. Unless many are expected, it first looks whether there is such a
// lane.
func (a *asm) emitAVX512(thr operand.Mem, many, out, sums, n reg.GPVirtual, t tables512) {
	notLess := imm(5)
	a.VPCMPD_BCST(notLess, thr, z(zTotal), reg.K1)
	a.VPCMPD_BCST(notLess, thr, z(zTotal+1), reg.K2)
	a.TESTL(many, many)
	a.JNZ(label("write"))
	a.KORTESTW(reg.K1, reg.K2)
	a.JZ(label("none"))
	a.Label("write")
	a.VPADDD_BCST(t.half, z(zIds), z(zCodes+1))
	for h, k := range []reg.Register{reg.K1, reg.K2} {
		ids := []reg.Register{z(zIds), z(zCodes + 1)}[h]
		a.VPCOMPRESSD(ids, k, z(zCodes+h))
		a.VPCOMPRESSD(z(zTotal+h), k, z(zTotal+h))
		a.VMOVDQU32(z(zCodes+h), operand.Mem{Base: out, Index: n, Scale: 4})
		a.VMOVDQU32(z(zTotal+h), operand.Mem{Base: sums, Index: n, Scale: 4})
		count := a.GP32()
		a.KMOVW(k, count)
		a.POPCNTL(count, count)
		a.ADDQ(count.As64(), n)
	}
	a.Label("none")
	a.VPADDD_BCST(t.block, z(zIds), z(zIds))
}
