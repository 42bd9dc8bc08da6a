package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the AVX2 scan. A block is four vectors of eight lanes.
const (
	yLow       = 0 // to 3: sums of the low codes
	yHigh      = 4 // to 7: sums of the high codes
	yLowWeight = 8
	yHiWeight  = 9
	yMask      = 10
	yCodes     = 11
	yLowCodes  = 12
	yTotal     = 13
	yShift     = 14
	yThr       = 15
	vectors    = 4
)

// tables are the constants of the AVX2 scan.
type tables struct {
	ones, sixteens operand.Mem // int16
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
		order:  a.data32("order", []uint32{0, 4, 1, 5, 2, 6, 3, 7}),
		eights: a.data32("eights", same(8)),
		places: a.data64("places", places),
	}
	for _, groups := range sizes {
		a.scanAVX2(fmt.Sprintf("scan%dAVX2", groups), groups, t)
	}
}

func (a *asm) scanAVX2(name string, groups int, t tables) {
	a.function(name, scanSignature)
	plane, blocks, w := a.arg64("plane"), a.arg64("blocks"), a.arg64("w")
	a.VMOVD(a.arg32("thr"), x(yThr))
	a.VPBROADCASTD(x(yThr), y(yThr))
	base, out, sums, n := a.arg32("base"), a.arg64("out"), a.arg64("sums"), a.GP64()
	places := a.GP64()
	a.XORQ(n, n)
	a.LEAQ(t.places, places)
	a.VMOVD(a.int32Const(0x0f0f0f0f), x(yMask))
	a.VPBROADCASTD(x(yMask), y(yMask))

	a.Label("block")
	for g := range groups {
		a.VPBROADCASTD(mem(w, weightsA+4*g), y(yLowWeight))
		a.VPBROADCASTD(mem(w, weightsA+4*(groups+g)), y(yHiWeight))
		for v := range vectors {
			a.groupAVX2(mem(plane, g*groupSize+v*avx2Width), v, g == 0)
		}
	}
	a.VMOVD(mem(w, shiftHigh), x(yShift))
	a.VMOVD(mem(w, shiftBias), x(yLowWeight))
	for v := range vectors {
		a.totalAVX2(v, t)
		a.VPMOVSXWD(mem(plane, groups*groupSize+v*16), y(yCodes))
		a.VPSLLD(x(yLowWeight), y(yCodes), y(yCodes))
		a.VPADDD(y(yCodes), y(yLow+v), y(yLow+v))
		a.VPCMPGTD(y(yLow+v), y(yThr), y(yHigh+v))
	}
	a.ADDQ(operand.U32(blockSize(groups)), plane)
	a.emitAVX2(base, out, sums, n, places, t)
	a.ADDL(imm(laneCount), base)
	a.DECQ(blocks)
	a.JNZ(label("block"))
	a.Store(n, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}

// groupAVX2 adds one group's products of 8 lanes. A product of two codes and two
// weights is at most 2·15·128, so eight groups fit int16 and nothing saturates:
// that is why the high codes are shifted down before, not after.
func (a *asm) groupAVX2(codes operand.Mem, v int, first bool) {
	a.VMOVDQU(codes, y(yCodes))
	a.VPAND(y(yMask), y(yCodes), y(yLowCodes))
	a.VPSRLW(imm(4), y(yCodes), y(yCodes))
	a.VPAND(y(yMask), y(yCodes), y(yCodes))
	if first {
		a.VPMADDUBSW(y(yLowWeight), y(yLowCodes), y(yLow+v))
		a.VPMADDUBSW(y(yHiWeight), y(yCodes), y(yHigh+v))
		return
	}
	a.VPMADDUBSW(y(yLowWeight), y(yLowCodes), y(yLowCodes))
	a.VPMADDUBSW(y(yHiWeight), y(yCodes), y(yCodes))
	a.VPADDW(y(yLowCodes), y(yLow+v), y(yLow+v))
	a.VPADDW(y(yCodes), y(yHigh+v), y(yHigh+v))
}

// totalAVX2 leaves the sum of both halves of the dimensions in the low register.
func (a *asm) totalAVX2(v int, t tables) {
	a.VPMADDWD(t.ones, y(yLow+v), y(yLow+v))
	a.VPMADDWD(t.sixteens, y(yHigh+v), y(yHigh+v))
	a.VPSRAD(x(yShift), y(yHigh+v), y(yHigh+v))
	a.VPADDD(y(yHigh+v), y(yLow+v), y(yLow+v))
}

// emitAVX2 writes the ids and sums of the lanes whose comparison left no mask in
// the high registers.
func (a *asm) emitAVX2(base, out, sums, n reg.GPVirtual, places reg.Register, t tables) {
	a.VPACKSSDW(y(yHigh+1), y(yHigh), y(yHigh))
	a.VPACKSSDW(y(yHigh+3), y(yHigh+2), y(yHigh+2))
	a.VPACKSSWB(y(yHigh+2), y(yHigh), y(yHigh))
	a.VMOVDQU(t.order, y(yTotal))
	a.VPERMD(y(yHigh), y(yTotal), y(yHigh))
	set, part := a.GP32(), a.GP32()
	a.VPMOVMSKB(y(yHigh), set)
	a.NOTL(set)
	a.TESTL(set, set)
	a.JZ(label("none"))
	a.VMOVD(base, x(yTotal))
	a.VPBROADCASTD(x(yTotal), y(yTotal))
	for v := range vectors {
		a.MOVBLZX(set.As8L(), part)
		a.VPMOVZXBD(operand.Mem{Base: places, Index: part.As64(), Scale: 8}, y(yCodes))
		a.VPERMD(y(yLow+v), y(yCodes), y(yLow+v))
		a.VPADDD(y(yTotal), y(yCodes), y(yCodes))
		a.VMOVDQU(y(yCodes), operand.Mem{Base: out, Index: n, Scale: 4})
		a.VMOVDQU(y(yLow+v), operand.Mem{Base: sums, Index: n, Scale: 4})
		a.POPCNTL(part, part)
		a.ADDQ(part.As64(), n)
		if v < vectors-1 {
			a.SHRL(imm(8), set)
			a.VPADDD(t.eights, y(yTotal), y(yTotal))
		}
	}
	a.Label("none")
}
