package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func distances(a *asm) {
	measurer{asm: a, v: z, width: avx512Width}.write("distancesVNNI")
	measurer{asm: a, v: y, width: avx2Width}.write("distancesAVX2")
}

// A measurer writes one function that takes rows one after the other. While it
// sums a line of a row it asks for the same line of the row `ahead` places later.
type measurer struct {
	*asm
	v                   func(int) reg.Register
	width               int
	q, row, later, left reg.GPVirtual
}

const (
	line     = 64 // bytes of a cache line: 16 values
	sums     = 4  // registers 0 to 3
	manyLine = 4  // lines in a turn of the long loop
)

func (m measurer) write(name string) {
	m.function(name, "func(q, vectors *float32, lines int, ids *uint32, n, ahead int, d2 *float32)")
	query, vectors, lines := m.arg64("q"), m.arg64("vectors"), m.arg64("lines")
	ids, n, ahead, d2 := m.arg64("ids"), m.arg64("n"), m.arg64("ahead"), m.arg64("d2")
	size, i, last := m.GP64(), m.GP64(), m.GP64()
	m.MOVQ(lines, size)
	m.SHLQ(imm(6), size)
	m.XORQ(i, i)
	m.LEAQ(mem(n, -1), last)
	m.q, m.row, m.later, m.left = m.GP64(), m.GP64(), m.GP64(), m.GP64()
	address := func(at, out reg.GPVirtual) {
		m.MOVL(operand.Mem{Base: ids, Index: at, Scale: 4}, out.As32())
		m.IMULQ(size, out)
		m.ADDQ(vectors, out)
	}

	m.Label("row")
	address(i, m.row)
	next := m.GP64()
	m.LEAQ(operand.Mem{Base: i, Index: ahead, Scale: 1}, next)
	m.CMPQ(next, last)
	m.CMOVQGT(last, next)
	address(next, m.later)
	m.MOVQ(query, m.q)
	m.MOVQ(lines, m.left)
	for k := range sums {
		m.VXORPS(y(k), y(k), y(k)) // clears the whole register
	}
	m.SUBQ(imm(manyLine), m.left)
	m.JLT(label("few"))
	m.Label("many")
	m.lines(manyLine)
	m.SUBQ(imm(manyLine), m.left)
	m.JGE(label("many"))
	m.Label("few")
	m.ADDQ(imm(manyLine), m.left)
	m.JZ(label("fold"))
	m.Label("one")
	m.lines(1)
	m.DECQ(m.left)
	m.JNZ(label("one"))
	m.Label("fold")
	m.fold()
	m.VMOVSS(x(0), operand.Mem{Base: d2, Index: i, Scale: 4})
	m.INCQ(i)
	m.CMPQ(i, n)
	m.JLT(label("row"))
	m.VZEROUPPER()
	m.RET()
}

// lines adds the squares of the differences of n lines and moves on.
func (m measurer) lines(n int) {
	for at := 0; at < n*line; at += m.width {
		if at%line == 0 {
			m.PREFETCHT0(mem(m.later, at))
		}
		sum, t := m.v(at/m.width%sums), m.v(4+at/m.width%8)
		m.VMOVUPS(mem(m.row, at), t)
		m.VSUBPS(mem(m.q, at), t, t)
		if m.width == avx512Width {
			m.VFMADD231PS(t, t, sum)
			continue
		}
		m.VMULPS(t, t, t)
		m.VADDPS(t, sum, sum)
	}
	for _, p := range []reg.GPVirtual{m.row, m.later, m.q} {
		m.ADDQ(operand.U32(uint32(n*line)), p)
	}
}

// fold adds the sums and leaves the total in register 0.
func (m measurer) fold() {
	m.VADDPS(m.v(1), m.v(0), m.v(0))
	m.VADDPS(m.v(3), m.v(2), m.v(2))
	m.VADDPS(m.v(2), m.v(0), m.v(0))
	if m.width == avx512Width {
		m.VEXTRACTF64X4(imm(1), z(0), y(1))
		m.VADDPS(y(1), y(0), y(0))
	}
	m.foldEight(0, 1)
}
