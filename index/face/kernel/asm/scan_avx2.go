package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the AVX2 scan. A block is four vectors of eight lanes, and a strip
// sums up two of them at a time, so that all it needs stays in registers.
const (
	yTotal     = 0 // to 3: sums
	yLow       = 4 // and 5: sums of low codes; to 7: then which lanes are too low
	yHigh      = 6 // and 7: sums of high codes
	yOrder     = 8 // and for the weights of low codes
	yHiWeight  = 9
	yCodes     = 10 // and 11
	yLowCodes  = 12 // and 13
	yNibbles   = 14
	yTimes     = 15
	vectors    = 4
	atOnce     = 2
	yLowWeight = yOrder
)

// tables are the constants of the AVX2 scan.
type tables struct {
	ones, sixteens operand.Mem // int16
	nibbles        operand.Mem
	order          operand.Mem // undoes the interleaving of the packing
	eights         operand.Mem // int32
	places         operand.Mem // for each byte its set bits in order, a byte each
}

func scansAVX2(a *asm) {
	same := func(v uint32) []uint32 { return []uint32{v, v, v, v, v, v, v, v} }
	places := make([]uint64, 256)
	for b := range places {
		n := 0
		for bit := range 8 {
			if b>>bit&1 == 1 {
				places[b] |= uint64(bit) << (8 * n)
				n++
			}
		}
	}
	t := tables{
		ones: a.data32("ones", same(0x0001_0001)), sixteens: a.data32("sixteens", same(0x0010_0010)),
		nibbles: a.data32("nibbles", same(0x0f0f_0f0f)),
		order:   a.data32("order", []uint32{0, 4, 1, 5, 2, 6, 3, 7}),
		eights:  a.data32("eights", same(8)),
		places:  a.data64("places", places),
	}
	a.scanAVX2("scanAVX2", 1, t)
	a.scanAVX2("scanBothAVX2", 2, t)
	a.deepenAVX2(t)
}

func (a *asm) scanAVX2(name string, planes int, t tables) {
	a.function(name, []string{scanSignature, scanBothSignature}[planes-1])
	plane := []reg.GPVirtual{a.arg64("first")}
	if planes == 2 {
		plane = append(plane, a.arg64("second"))
	}
	blocks, w, thr := a.arg64("blocks"), a.arg64("w"), a.arg32("thr")
	base, many, out, sums, n := a.arg32("base"), a.arg32("many"), a.arg64("out"), a.arg64("sums"), a.GP64()
	places := a.GP64()
	a.XORQ(n, n)
	a.LEAQ(t.places, places)
	a.VMOVDQU(t.nibbles, y(yNibbles))

	a.Label("block")
	a.biasAVX2(plane, w)
	for _, s := range strips[:planes+1] {
		a.stripAVX2(plane[s.plane], s, w, t)
	}
	a.VMOVD(thr, x(yCodes))
	a.VPBROADCASTD(x(yCodes), y(yCodes))
	for v := range vectors {
		a.VPCMPGTD(y(yTotal+v), y(yCodes), y(yLow+v))
	}
	for p, at := range plane {
		a.ADDQ(operand.U32(uint32(blockSize(p))), at)
	}
	a.emitAVX2(base, many, out, sums, n, places, t)
	a.ADDL(imm(laneCount), base)
	a.DECQ(blocks)
	a.JNZ(label("block"))
	a.Store(n, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// biasAVX2 begins the sums with the biases.
func (a *asm) biasAVX2(plane []reg.GPVirtual, w reg.Register) {
	a.VMOVD(mem(w, shiftBias), x(yLowCodes))
	for v := range vectors {
		total := y(yTotal + v)
		for p, at := range plane {
			to := total
			if p > 0 {
				to = y(yCodes)
			}
			a.VPMOVSXWD(mem(at, planeGroups[p]*groupSize+v*16), to)
			if p > 0 {
				a.VPADDD(to, total, total)
			}
		}
		a.VPSLLD(x(yLowCodes), total, total)
	}
}

// stripAVX2 adds what a strip adds. A product of two codes and two weights is at
// most 2·15·128, so three groups fit int16 and nothing saturates: that is why the
// high codes are shifted down before, not after. The shifts of the parts are
// multipliers of up to 2^12.
func (a *asm) stripAVX2(plane reg.Register, s strip, w reg.Register, t tables) {
	for from := 0; from < vectors; from += atOnce {
		for i, g := range s.groups {
			low, high := weightsAt(s.plane, g)
			a.VPBROADCASTD(mem(w, low), y(yLowWeight))
			a.VPBROADCASTD(mem(w, high), y(yHiWeight))
			for v := range atOnce {
				a.groupAVX2(mem(plane, g*groupSize+(from+v)*avx2Width), v, i == 0)
			}
		}
		a.shiftAVX2(s.low, s.chained, yLow, yTotal+from, w, t.ones)
		a.shiftAVX2(s.high, s.chained, yHigh, yTotal+from, w, t.sixteens)
	}
}

// shiftAVX2 adds the sums of a part to the total, shifted up.
func (a *asm) shiftAVX2(part int, chained bool, sums, total int, w reg.Register, by operand.Mem) {
	shift := a.GP32()
	a.VMOVDQU(by, y(yTimes))
	a.MOVL(mem(w, shiftsOf+4*part), shift)
	if chained {
		a.ADDL(mem(w, shiftsOf+4*(part+1)), shift)
	}
	a.VMOVD(shift, x(yCodes))
	a.VPSLLW(x(yCodes), y(yTimes), y(yTimes))
	for v := range atOnce {
		a.VPMADDWD(y(yTimes), y(sums+v), y(sums+v))
		a.VPADDD(y(sums+v), y(total+v), y(total+v))
	}
}

// groupAVX2 adds one group's products of 8 lanes.
func (a *asm) groupAVX2(at operand.Mem, v int, first bool) {
	codes, low := y(yCodes+v), y(yLowCodes+v)
	a.VMOVDQU(at, codes)
	a.VPAND(y(yNibbles), codes, low)
	a.VPSRLW(imm(4), codes, codes)
	a.VPAND(y(yNibbles), codes, codes)
	if first {
		a.VPMADDUBSW(y(yLowWeight), low, y(yLow+v))
		a.VPMADDUBSW(y(yHiWeight), codes, y(yHigh+v))
		return
	}
	a.VPMADDUBSW(y(yLowWeight), low, low)
	a.VPMADDUBSW(y(yHiWeight), codes, codes)
	a.VPADDW(low, y(yLow+v), y(yLow+v))
	a.VPADDW(codes, y(yHigh+v), y(yHigh+v))
}

// emitAVX2 writes the ids and sums of the lanes whose comparison left no mask in
// the low registers. Unless many are expected, it first looks whether there is one.
func (a *asm) emitAVX2(base, many, out, sums, n reg.GPVirtual, places reg.Register, t tables) {
	a.VPACKSSDW(y(yLow+1), y(yLow), y(yLow))
	a.VPACKSSDW(y(yLow+3), y(yLow+2), y(yLow+2))
	a.VPACKSSWB(y(yLow+2), y(yLow), y(yLow))
	a.VMOVDQU(t.order, y(yOrder))
	a.VPERMD(y(yLow), y(yOrder), y(yLow))
	set, part := a.GP32(), a.GP32()
	a.VPMOVMSKB(y(yLow), set)
	a.NOTL(set)
	a.TESTL(many, many)
	a.JNZ(label("write"))
	a.TESTL(set, set)
	a.JZ(label("none"))
	a.Label("write")
	a.VMOVD(base, x(yOrder))
	a.VPBROADCASTD(x(yOrder), y(yOrder))
	for v := range vectors {
		a.MOVBLZX(set.As8L(), part)
		a.VPMOVZXBD(operand.Mem{Base: places, Index: part.As64(), Scale: 8}, y(yCodes))
		a.VPERMD(y(yTotal+v), y(yCodes), y(yTotal+v))
		a.VPADDD(y(yOrder), y(yCodes), y(yCodes))
		a.VMOVDQU(y(yCodes), operand.Mem{Base: out, Index: n, Scale: 4})
		a.VMOVDQU(y(yTotal+v), operand.Mem{Base: sums, Index: n, Scale: 4})
		a.POPCNTL(part, part)
		a.ADDQ(part.As64(), n)
		if v < vectors-1 {
			a.SHRL(imm(8), set)
			a.VPADDD(t.eights, y(yOrder), y(yOrder))
		}
	}
	a.Label("none")
}
