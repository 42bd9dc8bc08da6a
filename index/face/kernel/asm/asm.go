package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// asm adds to the library's context what the kernels share. Vector registers
// are chosen by number (so that AVX2 code stays within 16), general ones by the
// library.
type asm struct {
	*build.Context
}

const (
	avx2Width   = 32
	avx512Width = 64
	laneCount   = 32
	groupSize   = 4 * laneCount
)

func vector(spec reg.Spec, n int) reg.Register { return reg.Vector.Lookup(reg.Index(n), spec) }

func x(n int) reg.Register { return vector(reg.S128, n) }
func y(n int) reg.Register { return vector(reg.S256, n) }
func z(n int) reg.Register { return vector(reg.S512, n) }

func mem(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func imm(n uint8) operand.Constant { return operand.U8(n) }

func label(format string, args ...any) operand.LabelRef {
	return operand.LabelRef(fmt.Sprintf(format, args...))
}

// function starts a function.
func (a *asm) function(name, signature string) {
	a.Function(name)
	a.Attributes(attr.NOSPLIT)
	a.SignatureExpr(signature)
}

func (a *asm) arg64(name string) reg.GPVirtual {
	r := a.GP64()
	a.Load(a.Param(name), r)
	return r
}

func (a *asm) arg32(name string) reg.GPVirtual {
	r := a.GP32()
	a.Load(a.Param(name), r)
	return r
}

func (a *asm) int32Const(v uint32) reg.GPVirtual {
	r := a.GP32()
	a.MOVL(operand.U32(v), r)
	return r
}

// dpbusd adds to acc the products of four unsigned codes and four signed
// weights.
func (a *asm) dpbusd(weights, codes operand.Op, acc reg.Register) {
	a.vnni("VPDPBUSD", weights, codes, acc)
}

// dpwssd adds to acc the products of pairs of int16.
func (a *asm) dpwssd(x, y operand.Op, acc reg.Register) { a.vnni("VPDPWSSD", x, y, acc) }

// vnni writes an instruction that the library does not know yet.
func (a *asm) vnni(opcode string, x, y operand.Op, acc reg.Register) {
	a.Instruction(&ir.Instruction{
		Opcode:   opcode,
		Operands: []operand.Op{x, y, acc},
		Inputs:   []operand.Op{x, y, acc},
		Outputs:  []operand.Op{acc},
		ISA:      []string{"AVX512F", "AVX512_VNNI"},
	})
}

// data32 writes a read-only table of 32-bit numbers.
func (a *asm) data32(name string, v []uint32) operand.Mem {
	m := a.StaticGlobal(name)
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, n := range v {
		a.AddDatum(4*i, operand.U32(n))
	}
	return m
}

// data64 writes a read-only table of 64-bit numbers.
func (a *asm) data64(name string, v []uint64) operand.Mem {
	m := a.StaticGlobal(name)
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, n := range v {
		a.AddDatum(8*i, operand.U64(n))
	}
	return m
}

func ascending(n int) []uint32 {
	v := make([]uint32, n)
	for i := range v {
		v[i] = uint32(i)
	}
	return v
}

// The layout of kernel.Weights.
const (
	shiftsOf  = 64 // of the parts
	shiftBias = 88
)

// The parts of the dimensions, as package kernel has them: a strip is a run of
// groups of a plane, whose low nibbles make one part and whose high ones another.
// The shifts of the first strip come on top of those of the second.
type strip struct {
	plane     int // 0 or 1
	groups    []int
	low, high int  // parts
	chained   bool // the next strip goes on with its sums
}

var strips = []strip{
	{0, []int{0, 1}, 0, 2, true},
	{0, []int{2, 3, 4}, 1, 3, false},
	{1, []int{0, 1, 2}, 4, 5, false},
}

// planeGroups are the groups of the planes; the weights of a plane begin at
// planeWeights, those of low nibbles first.
var (
	planeGroups  = []int{5, 3}
	planeWeights = []int{0, 40}
)

func blockSize(plane int) int { return groupSize*planeGroups[plane] + 2*laneCount }

// weightsAt are where the weights of a group's low and of its high nibbles lie.
func weightsAt(plane, group int) (low, high int) {
	low = planeWeights[plane] + 4*group
	return low, low + 4*planeGroups[plane]
}

const (
	scanSignature     = "func(first *byte, blocks int, w *byte, thr int32, base, many uint32, out *uint32, sums *int32) int"
	scanBothSignature = "func(first, second *byte, blocks int, w *byte, thr int32, base, many uint32, out *uint32, sums *int32) int"
	deepenSignature   = "func(second *byte, w *byte, thr int32, ids *uint32, sums *int32, n int) int"
)
