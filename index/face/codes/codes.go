package codes

import (
	"encoding/binary"
	"math"
	"runtime"

	"vigie/index/face/kernel"
	"vigie/index/face/mem"
)

// BytesPerRow is what a coded row takes: planes with biases, residual codes, and
// the error byte.
const BytesPerRow = Dims/2 + 2*2 + kernel.RowSize + 1

// Codes holds the codes of up to a fixed number of rows. One goroutine may call
// Append and Mark; any number may call Scan and Outliers at the same time with a
// Mark that the writer published to them by an atomic operation.
type Codes struct {
	b        *Basis
	k        *kernel.Set
	capacity int
	region   *mem.Region
	planeA   []byte // blocks of ga groups
	planeB   []byte // blocks of 10-ga groups
	rows     []byte // kernel.RowSize bytes per row
	e8       []byte // one byte per row
	w        *writer
}

// writer is the state of the appending goroutine, apart from what readers load.
type writer struct {
	mark Mark
	z    [Dims]float32
	norm [1]float32
	code [half]byte // low nibble: leading 4 bits of position b, high nibble: of 40+b
	rest [half]byte // their trailing 4 bits
}

// Mark is a state of Codes: how many rows it has, and bounds over them. It is a
// value; a copy stays valid while the writer goes on.
type Mark struct {
	rows         int
	outliers     []uint32
	minA, maxA   float64 // coding errors in plane A of rows that are no outliers
	minAB, maxAB float64 // the same in both planes
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
	sizeA := blocks * kernel.BlockSize(b.ga)
	sizeB := blocks * kernel.BlockSize(Dims/8-b.ga)
	r := mem.New(sizeA + sizeB + capacity*(kernel.RowSize+1))
	all := r.Bytes()
	part := func(n int) []byte {
		p := all[:n:n]
		all = all[n:]
		return p
	}
	c := &Codes{b: b, k: k, capacity: capacity, region: r, w: &writer{}}
	c.planeA, c.planeB = part(sizeA), part(sizeB)
	c.rows, c.e8 = part(capacity*kernel.RowSize), part(capacity)
	c.w.mark = Mark{minA: math.Inf(1), minAB: math.Inf(1)}
	return c
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
	biasA, okA := b.bias(e.a, e.squareA, b.brefA)
	biasAB, okAB := b.bias(e.ab, e.squareAB, b.brefAB)
	byte8 := e.e8*(1+2e-6)/float64(b.unitE8) + 1e-6
	// A comparison with NaN is false: a row whose values overflow is an outlier.
	if okA && okAB && e.ab <= b.limitE && byte8 < 255 {
		w.mark.minA, w.mark.maxA = min(w.mark.minA, e.a), max(w.mark.maxA, e.a)
		w.mark.minAB, w.mark.maxAB = min(w.mark.minAB, e.ab), max(w.mark.maxAB, e.ab)
	} else {
		biasA, biasAB, byte8 = outlierBias, outlierBias, 0
		w.mark.outliers = append(w.mark.outliers, uint32(row))
	}
	c.put(row, biasA, biasAB, byte(byte8)+1)
	w.mark.rows++
	runtime.KeepAlive(c.region)
}

// rotate rotates x. The rotation is about as large as a first-level cache: row
// about, one half of it is still there from the row before.
func (c *Codes) rotate(x []float32, row int) {
	v, z := c.b.rows, &c.w.z
	if row&1 == 0 {
		c.k.Rotate(x, v, z[:half])
		c.k.Rotate(x, v[half*c.b.dim:], z[half:])
	} else {
		c.k.Rotate(x, v[half*c.b.dim:], z[half:])
		c.k.Rotate(x, v, z[:half])
	}
}

// outlierBias passes level 1 at the loosest thresholds only.
const outlierBias = -32768

// put writes the lane of a row: the words of both planes, biases, residual codes
// and the error byte.
func (c *Codes) put(row int, biasA, biasAB int16, e8 byte) {
	le := binary.LittleEndian
	w, ga, block, lane := c.w, c.b.ga, row/Lanes, row%Lanes
	gb := Dims/8 - ga
	size := kernel.BlockSize(ga)
	a := c.planeA[block*size:][:size]
	for g := range ga {
		le.PutUint32(a[(g*Lanes+lane)*4:], le.Uint32(w.code[4*g:]))
	}
	le.PutUint16(a[ga*Lanes*4+lane*2:], uint16(biasA))
	size = kernel.BlockSize(gb)
	b := c.planeB[block*size:][:size]
	for g := range gb {
		le.PutUint32(b[(g*Lanes+lane)*4:], le.Uint32(w.code[4*(ga+g):]))
	}
	le.PutUint16(b[gb*Lanes*4+lane*2:], uint16(biasAB))
	copy(c.rows[row*kernel.RowSize:][:kernel.RowSize], w.rest[:])
	c.e8[row] = e8
}
