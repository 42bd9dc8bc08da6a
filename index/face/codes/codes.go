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
	plane    []byte // blocks of the basis's groups
	rowSize  int    // kernel.RowSize of the groups
	rows     []byte // that many bytes per row
	w        *writer
}

// writer is the state of the appending goroutine, apart from what readers load.
type writer struct {
	mark Mark
	z    [Dims]float32
	norm [1]float32
	code [Dims]byte
}

// Mark is a state of Codes: how many rows it has, and bounds over them. It is a
// value; a copy stays valid while the writer goes on.
type Mark struct {
	rows       int
	outliers   []uint32
	minE, maxE float64 // coding errors in the plane of rows that are no outliers
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
	size := blocks * kernel.BlockSize(b.groups)
	rowSize := kernel.RowSize(b.groups)
	r := mem.New(size + capacity*rowSize) // blocks are whole cache lines
	all := r.Bytes()
	return &Codes{
		b: b, k: k, capacity: capacity, region: r, plane: all[:size:size], rowSize: rowSize, rows: all[size:],
		w: &writer{mark: Mark{minE: math.Inf(1)}},
	}
}

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
	e := b.errorsOf(w)
	bias, ok1 := b.bias(&e)
	e8, ok2 := b.errorByte(&e)
	last, ok3 := b.rowBias(&e, bias, e8)
	// A comparison with NaN is false: a row whose values overflow is an outlier.
	if ok1 && ok2 && ok3 && e.e4 <= b.limitE {
		w.mark.minE, w.mark.maxE = min(w.mark.minE, e.e4), max(w.mark.maxE, e.e4)
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
const (
	outlierBias = -32768
	outlierLast = -1 << 23
)

// put writes a row: its words and bias in the plane, and what level 2 needs.
func (c *Codes) put(row int, bias int16, last uint32) {
	le := binary.LittleEndian
	code, groups := &c.w.code, c.b.groups
	size, lane, n := kernel.BlockSize(groups), row%Lanes, 4*groups
	block := c.plane[row/Lanes*size:][:size]
	rest := c.rows[row*c.rowSize:][:c.rowSize]
	for g := range groups {
		low, high := le.Uint32(code[4*g:]), le.Uint32(code[n+4*g:])
		const leading, trailing = 0xf0f0f0f0, 0x0f0f0f0f
		le.PutUint32(block[(g*Lanes+lane)*4:], low&leading>>4|high&leading)
		le.PutUint32(rest[4*g:], low&trailing|high&trailing<<4)
	}
	le.PutUint16(block[groups*Lanes*4+lane*2:], uint16(bias))
	copy(rest[n:], code[2*n:])
	le.PutUint32(rest[c.rowSize-4:], last)
}
