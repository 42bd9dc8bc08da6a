package codes

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"

	"vigie/index/face/kernel"
)

// Geometry of the codes.
const (
	Lanes = kernel.Lanes // rows per block of a plane
	Dims  = kernel.Dims  // rotated dimensions that are coded
	// MaxDim is the largest dimension of vectors, padding included. The rounding
	// bounds of DESIGN.md are worked out up to it.
	MaxDim = 4096
)

// Limits of the steps, so that no intermediate result of coding leaves the normal
// range of float32.
const (
	minStep = 1e-9
	maxStep = 1e6
	// maxStretch is how far the square of the norm of the rotation may exceed 1.
	maxStretch = 1e-3
)

// The sums of both levels are in units of which fine make one of the basis.
const (
	fineShift = 12
	fine      = 1 << fineShift
)

// unitRoundoff is u, half the distance from 1 to the next float32.
const unitRoundoff = 1.0 / (1 << 24)

// tiny is an absolute slack, in distance, above every effect of underflow.
const tiny = 1e-20

// Basis says how vectors of one dimension are coded. It is immutable and safe for
// concurrent use. Exactness never depends on how well it fits the vectors, only
// speed does.
//
// The leading dimensions are in the first plane, more of them in a second one if
// there are two; level 2 alone looks at the rest.
type Basis struct {
	dim       int
	planes    int
	unit      float64                   // a squared distance: that of int8 weights without a shift
	biasShift uint32                    // log2 of how much finer the biases of the planes are than unit
	bref      [kernel.MaxPlanes]float64 // distances for which the biases are worked out
	limitE    [kernel.MaxPlanes]float64 // rows with a larger coding error are outliers
	unitE8    float32                   // unit of the error bytes, a distance
	scale     [Dims]float32             // 8-bit code steps per unit of a rotated coordinate
	offset    [Dims]float32             // code of the rotated coordinate 0
	rows      []float32                 // Dims rows of dim values, orthonormal or zero
	id        [16]byte                  // of the above
	step      [Dims]float64             // 1/scale: the width of an 8-bit code
	weigh     [Dims]float64             // weight per unit of distance, without a shift
	widen     float64                   // upper bound of the rotation's norm
	perX      float64                   // error of a rotated vector per unit of the vector's norm
	perRow    float64                   // error of the codes' arithmetic
	norms     float64                   // factor from a float32 squared norm's root to an upper bound
	coder     kernel.Coder              // what Append needs
}

// Dim returns the dimension of the vectors, a multiple of 16.
func (b *Basis) Dim() int { return b.dim }

// Planes returns how many planes there are, 1 or 2: kernel.PlaneDims tells how many
// dimensions they hold.
func (b *Basis) Planes() int { return b.planes }

// RowBytes is how many bytes a row's codes take: its words and its biases in the
// planes, and its row for level 2.
func (b *Basis) RowBytes() int { return b.planeBytes() + kernel.RowSize(b.planes) }

// The bytes of a row in the first and in the second plane.
const (
	firstBytes  = kernel.FirstBlock / Lanes
	secondBytes = kernel.SecondBlock / Lanes
)

// planeBytes is what level 1 reads of a row at most.
func (b *Basis) planeBytes() int { return firstBytes + (b.planes-1)*secondBytes }

// ID identifies the basis: the leading half of the SHA-256 of its encoding.
func (b *Basis) ID() [16]byte { return b.id }

// finish checks the parameters and works out what follows from them, the bounds
// of all rounding errors in particular (DESIGN.md §3 and §4).
func (b *Basis) finish() error {
	if err := b.check(); err != nil {
		return err
	}
	squares := 0.0
	for p := range Dims {
		b.step[p] = 1 / float64(b.scale[p])
		sq := float64(b.step[p] * b.step[p])
		squares += sq
		b.coder.Square[p] = float32(sq)
		b.weigh[p] = 16 * b.step[p] / b.unit
	}
	b.coder.Scale, b.coder.Offset = b.scale, b.offset
	if err := b.measure(); err != nil {
		return err
	}
	b.perRow = 264*unitRoundoff*math.Sqrt(squares) + tiny
	sum := sha256.Sum256(b.encode())
	copy(b.id[:], sum[:])
	return nil
}

func within(x, lo, hi float64) bool { return x >= lo && x <= hi } // false for NaN

func (b *Basis) check() error {
	switch {
	case b.dim < 16 || b.dim > MaxDim || b.dim%16 != 0:
		return fmt.Errorf("dimension %d is no multiple of 16 in 16..%d", b.dim, MaxDim)
	case b.planes < 1 || b.planes > kernel.MaxPlanes:
		return fmt.Errorf("%d planes, want 1 or 2", b.planes)
	case b.biasShift > maxShift:
		return fmt.Errorf("the shift of biases is above %d", maxShift)
	case len(b.rows) != Dims*b.dim:
		return fmt.Errorf("%d values in the rotation, want %d", len(b.rows), Dims*b.dim)
	case !within(b.unit, 1e-40, 1e20):
		return errors.New("the unit of level 1 is out of range")
	case !within(b.bref[0], 0, 1e12) || !within(b.bref[1], 0, 1e12):
		return errors.New("a reference distance is out of range")
	case !within(b.limitE[0], 0, 1e12) || !within(b.limitE[1], 0, 1e12):
		return errors.New("a limit of coding errors is out of range")
	case !within(float64(b.unitE8), 1e-15, 1e10):
		return errors.New("the unit of the error bytes is out of range")
	}
	for p := range Dims {
		if !within(float64(b.scale[p]), 15.9/maxStep, 16.1/minStep) {
			return errors.New("a step is out of range")
		}
		if !within(float64(b.offset[p]), -1e31, 1e31) {
			return errors.New("an offset is out of range")
		}
	}
	return nil
}

// measure bounds the norm of the rotation and the errors of computing with it.
// The largest eigenvalue of the Gram matrix is at most its largest absolute row
// sum (Gershgorin), so no use is made of how the rotation was found.
func (b *Basis) measure() error {
	worst, trace := 0.0, 0.0
	for i := range Dims {
		sum := 0.0
		for j := range Dims {
			g := dot64(b.rows[i*b.dim:][:b.dim], b.rows[j*b.dim:][:b.dim])
			sum += math.Abs(g)
			if i == j {
				trace += g
			}
		}
		if !(sum <= 1+maxStretch) {
			return errors.New("the rotation is not orthonormal")
		}
		worst = max(worst, sum)
	}
	roundings := float64(b.dim/16 + 8)
	b.widen = math.Sqrt(worst)*(1+1e-9) + 1e-12
	b.perX = roundings * unitRoundoff * 1.001 * math.Sqrt(trace) * (1 + 1e-9)
	b.norms = 1 + roundings*unitRoundoff
	return nil
}

// dot64 is the inner product in float64. Products of float32 values are exact.
func dot64(x, y []float32) float64 {
	s := 0.0
	y = y[:len(x)]
	for i, v := range x {
		s += float64(float64(v) * float64(y[i]))
	}
	return s
}
