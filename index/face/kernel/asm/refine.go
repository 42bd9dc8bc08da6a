package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of kernel.Targets.
const (
	points  = 0
	weights = 320
	limit   = 640
	unit    = 644
	// terms is how many vectors of 16 entries there are: two of low codes, two of
	// high ones, and one of the last 8 of both.
	terms = 5
)

// prefetchAhead is how many survivors ahead rows and codes are asked for.
const prefetchAhead = 8

func refines(a *asm) {
	mask := a.data32("high", []uint32{
		0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0, 0xf0f0f0f0,
	})
	for ga := 4; ga <= 6; ga++ {
		r := &refiner{asm: a, ga: ga, mask: mask}
		r.write(fmt.Sprintf("refine%dVNNI", ga), true)
		r = &refiner{asm: a, ga: ga, mask: mask}
		r.write(fmt.Sprintf("refine%dAVX2", ga), false)
	}
}

// A refiner writes one level 2 function. It handles one survivor per turn and
// writes it out always; only the count depends on the result, so that there is
// no branch to mispredict. The processor overlaps the turns.
type refiner struct {
	*asm
	ga                          int
	mask                        operand.Mem
	planeA, planeB, rows, e8, t reg.GPVirtual
}

// Vector registers: 0 to 7 and 11 to 13 are scratch.
const (
	rGathered = 0
	rRow      = 1
	rCodes    = 2 // and 3: low and high nibbles' codes
	rSum      = 4 // and 5
	rTerm     = 6
	rMask     = 8
	rLimit    = 9
	rUnit     = 10
	rTail     = 11 // the last 8 bytes
	rTailRow  = 12
	rTailHigh = 13
	rPoints   = 16 // to 20
	rWeights  = 21 // to 25
)

func (r *refiner) write(name string, wide bool) {
	r.function(name, "func(planeA, planeB, rows, e8 *byte, t *byte, ids *uint32, n int, d2 *float32) int")
	r.planeA, r.planeB, r.rows, r.e8, r.t = r.arg64("planeA"), r.arg64("planeB"), r.arg64("rows"), r.arg64("e8"), r.arg64("t")
	ids, n, d2 := r.arg64("ids"), r.arg64("n"), r.arg64("d2")
	from, kept := r.GP64(), r.GP64()
	r.XORQ(from, from)
	r.XORQ(kept, kept)
	r.VMOVDQU(r.mask, y(rMask))
	r.VMOVSS(mem(r.t, limit), x(rLimit))
	r.VMOVSS(mem(r.t, unit), x(rUnit))
	if wide {
		for i := range terms {
			r.VMOVUPS(mem(r.t, points+64*i), z(rPoints+i))
			r.VMOVUPS(mem(r.t, weights+64*i), z(rWeights+i))
		}
	}
	last := r.GP64()
	r.MOVQ(n, last)
	r.DECQ(last)

	r.Label("first")
	r.prefetch(ids, from, last)
	r.INCQ(from)
	r.CMPQ(from, imm(prefetchAhead))
	r.JLT(label("first"))
	r.XORQ(from, from)

	r.Label("survivor")
	ahead := r.GP64()
	r.LEAQ(mem(from, prefetchAhead), ahead)
	r.prefetch(ids, ahead, last)
	id := r.GP32()
	r.MOVL(operand.Mem{Base: ids, Index: from, Scale: 4}, id)
	r.gather(id)
	r.codes(id, wide)
	if wide {
		r.sumAVX512()
	} else {
		r.sumAVX2()
	}
	r.decide(id, ids, d2, kept)
	r.INCQ(from)
	r.CMPQ(from, n)
	r.JLT(label("survivor"))
	r.Store(kept, r.ReturnIndex(0))
	r.VZEROUPPER()
	r.RET()
}

// locate leaves the addresses of a row's words in the planes in two registers.
func (r *refiner) locate(id reg.GPVirtual) (a, b reg.GPVirtual) {
	block, lane := r.GP64(), r.GP64()
	r.MOVL(id, block.As32())
	r.SHRQ(imm(5), block)
	r.MOVL(id, lane.As32())
	r.ANDL(imm(31), lane.As32())
	a, b = r.GP64(), r.GP64()
	r.IMUL3Q(operand.U32(groupSize*r.ga+2*laneCount), block, a)
	r.IMUL3Q(operand.U32(groupSize*(allGroups-r.ga)+2*laneCount), block, b)
	r.ADDQ(r.planeA, a)
	r.ADDQ(r.planeB, b)
	r.LEAQ(operand.Mem{Base: a, Index: lane, Scale: 4}, a)
	r.LEAQ(operand.Mem{Base: b, Index: lane, Scale: 4}, b)
	return a, b
}

// prefetch asks for what a survivor, or the last one, needs and the scan has not
// just read.
func (r *refiner) prefetch(ids, at, last reg.GPVirtual) {
	id, place := r.GP32(), r.GP64()
	r.MOVQ(at, place)
	r.CMPQ(place, last)
	r.CMOVQGT(last, place)
	r.MOVL(operand.Mem{Base: ids, Index: place, Scale: 4}, id)
	_, b := r.locate(id)
	for g := range allGroups - r.ga {
		r.PREFETCHT0(mem(b, g*groupSize))
	}
	r.PREFETCHT0(operand.Mem{Base: r.e8, Index: id.As64(), Scale: 1})
	row := r.row(id)
	r.PREFETCHT0(row)
	row.Disp = rowSize - 1
	r.PREFETCHT0(row)
}

// row is where the residual codes of a row are.
func (r *refiner) row(id reg.GPVirtual) operand.Mem {
	words := r.GP64()
	r.MOVL(id, words.As32())
	r.LEAQ(operand.Mem{Base: words, Index: words, Scale: 4}, words)
	return operand.Mem{Base: r.rows, Index: words, Scale: 8}
}

// gather collects the ten words of a row.
func (r *refiner) gather(id reg.GPVirtual) {
	a, b := r.locate(id)
	word := func(g int) operand.Mem {
		if g < r.ga {
			return mem(a, g*groupSize)
		}
		return mem(b, (g-r.ga)*groupSize)
	}
	for half := range 2 {
		v := x(rGathered + half)
		r.VMOVD(word(4*half), v)
		for k := 1; k < 4; k++ {
			r.VPINSRD(imm(uint8(k)), word(4*half+k), v, v)
		}
	}
	r.VINSERTI128(imm(1), x(rGathered+1), y(rGathered), y(rGathered))
	r.VMOVD(word(8), x(rTail))
	r.VPINSRD(imm(1), word(9), x(rTail), x(rTail))
}

// codes joins the leading and trailing nibbles to bytes.
func (r *refiner) codes(id reg.GPVirtual, wide bool) {
	row := r.row(id)
	r.VMOVDQU(row, y(rRow))
	row.Disp = 32
	r.VMOVQ(row, x(rTailRow))
	// The last 8 bytes: low nibbles in the lower half, high ones in the upper.
	r.VPSLLW(imm(4), x(rTail), x(rTailHigh))
	r.VPUNPCKLQDQ(x(rTail), x(rTailHigh), x(rTail))
	r.VPSRLW(imm(4), x(rTailRow), x(rTailHigh))
	r.VPUNPCKLQDQ(x(rTailHigh), x(rTailRow), x(rTailRow))
	low, high := y(rCodes), y(rCodes+1)
	r.VPSLLW(imm(4), y(rGathered), low)
	r.VPSRLW(imm(4), y(rRow), high)
	if wide {
		// The truth tables of mask ? low : row and of mask ? gathered : high.
		r.VPTERNLOGD(imm(0xe4), y(rMask), y(rRow), low)
		r.VPTERNLOGD(imm(0xd8), y(rMask), y(rGathered), high)
		r.VPTERNLOGD(imm(0xe4), x(rMask), x(rTailRow), x(rTail))
		return
	}
	r.VPAND(y(rMask), low, low)
	r.VPANDN(y(rRow), y(rMask), y(rRow))
	r.VPOR(y(rRow), low, low)
	r.VPANDN(high, y(rMask), high)
	r.VPAND(y(rMask), y(rGathered), y(rGathered))
	r.VPOR(y(rGathered), high, high)
	r.VPAND(x(rMask), x(rTail), x(rTail))
	r.VPANDN(x(rTailRow), x(rMask), x(rTailRow))
	r.VPOR(x(rTailRow), x(rTail), x(rTail))
}

// codesOf is the register with the codes of a vector of terms.
func codesOf(i int) int {
	if i == terms-1 {
		return rTail
	}
	return rCodes + i/2
}

// sumAVX512 leaves in the low four lanes of rSum the sums of lanes l, l+4, ….
func (r *refiner) sumAVX512() {
	for i := range terms {
		codes := codesOf(i)
		if i%2 == 1 {
			r.VEXTRACTI128(imm(1), y(codes), x(codes))
		}
		term := z(rTerm)
		if i == 0 {
			term = z(rSum)
		}
		r.VPMOVZXBD(x(codes), term)
		r.VCVTDQ2PS(term, term)
		r.VSUBPS(z(rPoints+i), term, term)
		r.VMULPS(term, term, term)
		r.VMULPS(z(rWeights+i), term, term)
		if i > 0 {
			r.VADDPS(z(rTerm), z(rSum), z(rSum))
		}
	}
	r.VEXTRACTF64X4(imm(1), z(rSum), y(rTerm))
	r.VADDPS(y(rTerm), y(rSum), y(rSum))
}

// sumAVX2 does the same with two vectors for the sixteen lanes.
func (r *refiner) sumAVX2() {
	for i := range terms {
		for h := range 2 {
			codes := codesOf(i)
			term := y(rTerm + h)
			if i == 0 {
				term = y(rSum + h)
			}
			r.VPMOVZXBD(x(codes), term)
			if i%2 == 0 || h == 0 {
				r.VPERMQ(imm(0x39), y(codes), y(codes)) // the next eight codes to the front
			}
			r.VCVTDQ2PS(term, term)
			r.VSUBPS(mem(r.t, points+64*i+32*h), term, term)
			r.VMULPS(term, term, term)
			r.VMULPS(mem(r.t, weights+64*i+32*h), term, term)
			if i > 0 {
				r.VADDPS(term, y(rSum+h), y(rSum+h))
			}
		}
	}
	r.VADDPS(y(rSum+1), y(rSum), y(rSum))
}

// decide finishes the sum and keeps the row if it is near enough.
func (r *refiner) decide(id, ids, d2, kept reg.GPVirtual) {
	r.foldEight(rSum, rTerm)
	e, reach := r.GP32(), x(rTerm+1)
	r.MOVL(id, e)
	r.MOVBLZX(operand.Mem{Base: r.e8, Index: e.As64(), Scale: 1}, e)
	r.VXORPS(reach, reach, reach)
	r.VCVTSI2SSL(e, reach, reach)
	r.VMULSS(x(rUnit), reach, reach)
	r.VADDSS(x(rLimit), reach, reach)
	r.VMULSS(reach, reach, reach)
	r.MOVL(id, operand.Mem{Base: ids, Index: kept, Scale: 4})
	r.VMOVSS(x(rSum), operand.Mem{Base: d2, Index: kept, Scale: 4})
	pass := r.GP64()
	r.XORL(pass.As32(), pass.As32())
	r.VUCOMISS(x(rSum), reach) // reach >= d2, false for NaN
	r.SETCC(pass.As8L())
	r.ADDQ(pass, kept)
}
