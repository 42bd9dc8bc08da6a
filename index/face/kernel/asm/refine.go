package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of kernel.Targets.
const (
	lowWeights   = 0
	highWeights  = 32
	firstWeights = 64
	lastWeights  = 96
	shiftsAt     = 128 // of words: low, high, first, last
	shiftRowBias = 256
	factor       = 260
)

const (
	trailer = 4
	halfRow = 32
	// refineAhead is how many survivors ahead rows are asked for, as the package
	// knows it.
	refineAhead = 16
)

func refines(a *asm) {
	ones := a.data32("ones", []uint32{0x10001, 0x10001, 0x10001, 0x10001, 0x10001, 0x10001, 0x10001, 0x10001})
	r := &refiner{asm: a}
	r.write("refineVNNI", r.loadVNNI, r.sumVNNI)
	r = &refiner{asm: a, ones: ones}
	r.write("refineAVX2", r.loadAVX2, r.sumAVX2)
	a.prefetchRows()
	a.prefetchLanes()
}

// A refiner writes one level 2 function. It handles one survivor per turn and
// writes it out always; only the count depends on the result, so that there is
// no branch to mispredict. The processor overlaps the turns.
type refiner struct {
	*asm
	ones    operand.Mem
	t, size reg.GPVirtual
}

// Vector registers: 0 to 5 are scratch. Shifts are taken from memory.
const (
	rLow    = 0
	rHigh   = 1
	rFirst  = 2
	rLast   = 3
	rRow    = 4
	rCodes  = 5
	rMask   = 6
	rLowW   = 9
	rHighW  = 10
	rFirstW = 11
	rLastW  = 12 // AVX2: and 13
)

func (r *refiner) write(name string, load func(), sum func(row reg.Register)) {
	r.function(name, "func(rows *byte, size int, t *byte, thr int32, ids *uint32, sums *int32, n int) int")
	rows := r.arg64("rows")
	r.size, r.t = r.arg64("size"), r.arg64("t")
	thr, ids, sums, n := r.arg32("thr"), r.arg64("ids"), r.arg64("sums"), r.arg64("n")
	from, kept := r.GP64(), r.GP64()
	r.XORQ(from, from)
	r.XORQ(kept, kept)
	load()
	r.MOVL(mem(r.t, shiftRowBias), reg.ECX)

	end := r.GP64()
	r.LEAQ(mem(n, -1), end)

	r.Label("survivor")
	id, row, ahead := r.GP32(), r.GP64(), r.GP64()
	r.LEAQ(mem(from, refineAhead), ahead)
	r.CMPQ(ahead, end)
	r.CMOVQGT(end, ahead)
	r.MOVL(operand.Mem{Base: ids, Index: ahead, Scale: 4}, ahead.As32())
	r.IMULQ(r.size, ahead)
	r.ADDQ(rows, ahead)
	r.PREFETCHT0(mem(ahead, 0))
	r.PREFETCHT0(operand.Mem{Base: ahead, Index: r.size, Scale: 1, Disp: -1})
	r.MOVL(operand.Mem{Base: ids, Index: from, Scale: 4}, id)
	r.MOVL(id, row.As32())
	r.IMULQ(r.size, row)
	r.ADDQ(rows, row)
	sum(row)
	r.ADDQ(r.size, row)
	r.decide(id, row, thr, ids, sums, from, kept)
	r.INCQ(from)
	r.CMPQ(from, n)
	r.JLT(label("survivor"))
	r.Store(kept, r.ReturnIndex(0))
	r.VZEROUPPER()
	r.RET()
}

func (r *refiner) loadVNNI() {
	r.nibbleWeights()
	r.VMOVDQU(mem(r.t, firstWeights), y(rFirstW))
	r.VMOVDQU(mem(r.t, lastWeights), y(rLastW))
}

func (r *refiner) nibbleWeights() {
	r.VMOVD(r.int32Const(0x0f0f0f0f), x(rMask))
	r.VPBROADCASTD(x(rMask), y(rMask))
	r.VMOVDQU(mem(r.t, lowWeights), y(rLowW))
	r.VMOVDQU(mem(r.t, highWeights), y(rHighW))
}

// lastOf is where the last 32 bytes of a row begin, and more.
func (r *refiner) lastOf(row reg.Register, more int) operand.Mem {
	return operand.Mem{Base: row, Index: r.size, Scale: 1, Disp: more - halfRow}
}

// sumVNNI leaves in the first lane of rLow what a row adds by its codes.
func (r *refiner) sumVNNI(row reg.Register) {
	r.VMOVDQU(mem(row, 0), y(rRow))
	for _, v := range []int{rLow, rHigh, rFirst, rLast} {
		r.VPXOR(y(v), y(v), y(v))
	}
	r.dpbusd(y(rFirstW), y(rRow), y(rFirst))
	r.VPAND(y(rMask), y(rRow), y(rCodes))
	r.dpbusd(y(rLowW), y(rCodes), y(rLow))
	r.VPSRLW(imm(4), y(rRow), y(rCodes))
	r.VPAND(y(rMask), y(rCodes), y(rCodes))
	r.dpbusd(y(rHighW), y(rCodes), y(rHigh))
	r.VMOVDQU(r.lastOf(row, 0), y(rRow))
	r.dpbusd(y(rLastW), y(rRow), y(rLast))
	r.addParts()
}

// addParts shifts the four sums, word by word, and adds them.
func (r *refiner) addParts() {
	for i, v := range []int{rLow, rHigh, rFirst, rLast} {
		r.VPSLLVD(mem(r.t, shiftsAt+halfRow*i), y(v), y(v))
	}
	r.VPADDD(y(rHigh), y(rLow), y(rLow))
	r.VPADDD(y(rLast), y(rFirst), y(rFirst))
	r.VPADDD(y(rFirst), y(rLow), y(rLow))
	r.foldInts()
}

// loadAVX2 leaves out the first 16 bytes, which are nibbles always.
func (r *refiner) loadAVX2() {
	r.nibbleWeights()
	r.VPMOVSXBW(mem(r.t, firstWeights+16), y(rFirstW))
	r.VPMOVSXBW(mem(r.t, lastWeights), y(rLastW))
	r.VPMOVSXBW(mem(r.t, lastWeights+16), y(rLastW+1))
}

// sumAVX2 does the same. Products of two trailing codes and two weights are at
// most 2·15·128 and fit int16; those of whole codes are made from int16, whose
// sums come two to a word.
func (r *refiner) sumAVX2(row reg.Register) {
	r.VMOVDQU(mem(row, 0), y(rRow))
	r.VPAND(y(rMask), y(rRow), y(rLow))
	r.VPSRLW(imm(4), y(rRow), y(rHigh))
	r.VPAND(y(rMask), y(rHigh), y(rHigh))
	r.VPMADDUBSW(y(rLowW), y(rLow), y(rLow))
	r.VPMADDUBSW(y(rHighW), y(rHigh), y(rHigh))
	r.VPMADDWD(r.ones, y(rLow), y(rLow))
	r.VPMADDWD(r.ones, y(rHigh), y(rHigh))
	r.VPMOVZXBW(mem(row, 16), y(rFirst))
	r.VPMADDWD(y(rFirstW), y(rFirst), y(rFirst))
	// The other half of the words would be those of the first 16 bytes: nothing.
	r.VPXOR(y(rCodes), y(rCodes), y(rCodes))
	r.fourSums(rCodes, rFirst, rFirst)
	r.VPMOVZXBW(r.lastOf(row, 0), y(rLast))
	r.VPMADDWD(y(rLastW), y(rLast), y(rLast))
	r.VPMOVZXBW(r.lastOf(row, 16), y(rCodes))
	r.VPMADDWD(y(rLastW+1), y(rCodes), y(rCodes))
	r.fourSums(rLast, rCodes, rLast)
	r.addParts()
}

// fourSums adds neighbours of two registers of eight, so that each word holds the
// sum of four codes: those of the first register, then those of the second.
func (r *refiner) fourSums(first, second, to int) {
	r.VPHADDD(y(second), y(first), y(to)) // by halves: first, second, first, second
	r.VPERMQ(imm(0xd8), y(to), y(to))
}

// foldInts adds the eight lanes of rLow.
func (r *refiner) foldInts() {
	r.VEXTRACTI128(imm(1), y(rLow), x(rHigh))
	r.VPADDD(x(rHigh), x(rLow), x(rLow))
	r.VPSHUFD(imm(0x0e), x(rLow), x(rHigh))
	r.VPADDD(x(rHigh), x(rLow), x(rLow))
	r.VPSHUFD(imm(0x01), x(rLow), x(rHigh))
	r.VPADDD(x(rHigh), x(rLow), x(rLow))
}

// decide finishes the total and keeps the row, which ends at end, if it is near
// enough.
func (r *refiner) decide(id, end, thr, ids, sums, from, kept reg.GPVirtual) {
	total, bias, e := r.GP32(), r.GP32(), r.GP32()
	r.MOVBLZX(mem(end, -trailer), e)
	r.IMULL(mem(r.t, factor), e)
	r.MOVL(mem(end, -trailer), bias)
	r.SARL(imm(8), bias)
	r.SHLL(reg.CL, bias)
	r.ADDL(bias, e)
	r.MOVL(operand.Mem{Base: sums, Index: from, Scale: 4}, bias)
	r.ADDL(bias, e)
	r.VMOVD(x(rLow), total)
	r.ADDL(e, total)
	r.MOVL(id, operand.Mem{Base: ids, Index: kept, Scale: 4})
	r.MOVL(total, operand.Mem{Base: sums, Index: kept, Scale: 4})
	pass := r.GP64()
	r.XORL(pass.As32(), pass.As32())
	r.CMPL(total, thr)
	r.SETGE(pass.As8L())
	r.ADDQ(pass, kept)
}

// prefetchRows asks for the lines of each of n >= 1 rows, which span two at most.
func (a *asm) prefetchRows() {
	a.function("prefetchRowsOf", "func(rows *byte, size int, ids *uint32, n int)")
	rows, size, ids, n := a.arg64("rows"), a.arg64("size"), a.arg64("ids"), a.arg64("n")
	at := a.GP64()
	a.Label("row")
	a.MOVL(mem(ids, 0), at.As32())
	a.IMULQ(size, at)
	a.ADDQ(rows, at)
	a.PREFETCHT0(mem(at, 0))
	a.PREFETCHT0(operand.Mem{Base: at, Index: size, Scale: 1, Disp: -1})
	a.ADDQ(imm(4), ids)
	a.DECQ(n)
	a.JNZ(label("row"))
	a.RET()
}
