package codes

import (
	"encoding/binary"
	"math"
	"runtime"

	"vigie/index/face/kernel"
	"vigie/index/face/mem"
)

// Codes holds the codes of up to a fixed number of rows. One goroutine may call
// Append and Mark; any number may call Scan and Outliers at the same time with a
// Mark that the writer published to them by an atomic operation.
type Codes struct {
	b        *Basis
	k        *kernel.Set
	capacity int
	region   *mem.Region
	first    []byte // blocks of the first plane
	second   []byte // and of the second one; empty if there is none
	rowSize  int    // kernel.RowSize of the planes
	rows     []byte // that many bytes per row
	w        *writer
}

// writer is the state of the appending goroutine, apart from what readers load.
type writer struct {
	mark Mark
	z    [Dims]float32
	norm [1]float32
	code [Dims]byte
	sums [kernel.Runs]kernel.CodeSums
}

// Mark is a state of Codes: how many rows it has, and bounds over them. It is a
// value; a copy stays valid while the writer goes on.
type Mark struct {
	rows       int
	outliers   []uint32
	minE, maxE [kernel.MaxPlanes]float64 // coding errors in one plane, and in two, of rows that are no outliers
}

// Rows returns how many rows the Mark covers: 0 … Rows()-1.
func (m Mark) Rows() int { return m.rows }

// New returns empty codes for capacity rows, a positive multiple of Lanes. They
// use the kernels of k.
func New(b *Basis, capacity int, k *kernel.Set) *Codes {
	if capacity <= 0 || capacity%Lanes != 0 || uint64(capacity) > 1<<32 {
		panic("codes: the capacity is no positive multiple of 32, or beyond 2^32")
	}
	blocks := capacity / Lanes
	first, second := blocks*kernel.FirstBlock, (b.planes-1)*blocks*kernel.SecondBlock
	rowSize := kernel.RowSize(b.planes)
	r := mem.New(first + second + capacity*rowSize) // blocks are whole cache lines
	all := r.Bytes()
	c := &Codes{
		b: b, k: k, capacity: capacity, region: r, rowSize: rowSize,
		first: all[:first:first], second: all[first : first+second : first+second], rows: all[first+second:],
		w: &writer{},
	}
	for n := range c.w.mark.minE {
		c.w.mark.minE[n] = math.Inf(1)
	}
	return c
}

// Populate asks for the memory of all rows ahead of their Append, in pieces, each
// after a call of stop, which ends it when true. Any goroutine may call it before the
// codes are shared.
func (c *Codes) Populate(stop func() bool) { c.region.Populate(stop) }

// Basis returns the basis of the codes.
func (c *Codes) Basis() *Basis { return c.b }

// Capacity returns how many rows there is room for.
func (c *Codes) Capacity() int { return c.capacity }

// Mark returns the present state. Only the writer may call it.
func (c *Codes) Mark() Mark {
	m := c.w.mark
	m.outliers = m.outliers[:len(m.outliers):len(m.outliers)]
	return m
}

// Outliers returns the rows of m that have no usable code, in ascending order.
// Scan never returns them: any of them may lie within any distance. The caller
// must not change the result.
func (c *Codes) Outliers(m Mark) []uint32 { return m.outliers }

// Append codes x, of the basis's dimension, as the next row. It panics if the
// codes are full. It touches no byte of earlier rows, and does not keep x.
func (c *Codes) Append(x []float32) {
	b, w := c.b, c.w
	row := w.mark.rows
	if len(x) != b.dim {
		panic("codes: a vector of another dimension")
	}
	if row >= c.capacity {
		panic("codes: full")
	}
	c.rotate(x, row)
	c.k.Rotate(x, x, w.norm[:])
	e := b.errorsOf(w, c.k)
	bias, ok1 := b.biases(&e)
	e8, ok2 := b.errorByte(&e)
	last, ok3 := b.rowBias(&e, int(bias[0])+int(bias[1]), e8)
	// A comparison with NaN is false: a row whose values overflow is an outlier.
	if ok1 && ok2 && ok3 && e.e4[0] <= b.limitE[0] && (b.planes == 1 || e.e4[1] <= b.limitE[1]) {
		for n, v := range e.e4 {
			w.mark.minE[n], w.mark.maxE[n] = min(w.mark.minE[n], v), max(w.mark.maxE[n], v)
		}
	} else {
		bias, e8, last = outlierBias, 0, outlierLast
		w.mark.outliers = append(w.mark.outliers, uint32(row))
	}
	c.put(row, bias, uint32(last)<<8|uint32(e8))
	w.mark.rows++
	runtime.KeepAlive(c.region)
}

// rotate rotates x. The rotation is about as large as a first-level cache: row
// about, one half of it is still there from the row before.
func (c *Codes) rotate(x []float32, row int) {
	const half = Dims / 2
	v, z := c.b.rows, &c.w.z
	if row&1 == 0 {
		c.k.Rotate(x, v, z[:half])
		c.k.Rotate(x, v[half*c.b.dim:], z[half:])
	} else {
		c.k.Rotate(x, v[half*c.b.dim:], z[half:])
		c.k.Rotate(x, v, z[:half])
	}
}

// The biases of outliers, which no one counts on.
var outlierBias = [kernel.MaxPlanes]int16{-32768, 0}

const outlierLast = -1 << 23

// put writes a row: its words and biases in the planes, and what level 2 needs.
func (c *Codes) put(row int, bias [kernel.MaxPlanes]int16, last uint32) {
	const first, both = kernel.FirstDims, kernel.BothDims
	code, block, lane := &c.w.code, row/Lanes, row%Lanes
	rest := c.rows[row*c.rowSize:][:c.rowSize]
	lanes(c.first[block*kernel.FirstBlock:][:kernel.FirstBlock], lane, code[:first], rest, bias[0])
	whole := code[first:]
	if c.b.planes == 2 {
		lanes(c.second[block*kernel.SecondBlock:][:kernel.SecondBlock], lane, code[first:both], rest[first/2:], bias[1])
		whole = code[both:]
	}
	end := c.rowSize - 4
	copy(rest[end-len(whole):end], whole)
	binary.LittleEndian.PutUint32(rest[end:], last)
}

// lanes writes the leading bits of a plane's codes to a lane of its block, and the
// trailing ones to rest.
func lanes(block []byte, lane int, code, rest []byte, bias int16) {
	le := binary.LittleEndian
	half := len(code) / 2
	for at := 0; at < half; at += 4 {
		low, high := le.Uint32(code[at:]), le.Uint32(code[half+at:])
		const leading, trailing = 0xf0f0f0f0, 0x0f0f0f0f
		le.PutUint32(block[at*Lanes+4*lane:], low&leading>>4|high&leading)
		le.PutUint32(rest[at:], low&trailing|high&trailing<<4)
	}
	le.PutUint16(block[half*Lanes+2*lane:], uint16(bias))
}
