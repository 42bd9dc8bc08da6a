package face

import (
	"errors"
	"math"

	"vigie/matcher/face/dlib"
)

// crop is one of the chips that are encoded. A template is the mean direction of
// several: where one is off by its alignment, the others aren't.
type crop int

const (
	cropChip       crop = iota // go-face's chip
	cropChipMirror             // left and right exchanged
	cropSteady                 // cut by averaged landmarks
	cropSteadyMirror
	crops
)

// A reference is kept for years and costs nothing at the search: it takes all
// crops. A probe takes the two that bring most, which two cores do at once. Both
// are of one recipe and are compared with each other; the order is part of it.
var (
	referenceCrops = []crop{cropChip, cropChipMirror, cropSteady, cropSteadyMirror}
	probeCrops     = []crop{cropChipMirror, cropSteady}
	otherCrops     = []crop{cropChip, cropSteadyMirror} // of a reference, not of a probe
)

func (c crop) of(a dlib.Aligned) dlib.Pixels {
	switch c {
	case cropChipMirror:
		return a.Chip.Mirror()
	case cropSteady:
		return a.Steady
	case cropSteadyMirror:
		return a.Steady.Mirror()
	}
	return a.Chip
}

// encodings holds the encoder's answer for each crop that was encoded.
type encodings [crops][128]float32

// embed encodes crops of a face: half of them on another worker if one is idle.
// All workers give the same bits, so that it does not matter which did.
func (e *Engine) embed(worker encoder, face dlib.Aligned, which []crop, out *encodings) error {
	some := func(worker encoder, which []crop) error {
		for _, c := range which {
			var err error
			if out[c], err = worker.Embed(c.of(face)); err != nil {
				return err
			}
		}
		return nil
	}
	select {
	case helper := <-e.workers:
		half := len(which) / 2
		done := make(chan outcome, 1)
		go func() {
			var o outcome
			defer func() {
				o.panicked = recover()
				e.workers <- helper
				done <- o
			}()
			o.err = some(helper, which[half:])
		}()
		var theirs outcome
		err := func() error {
			defer func() { theirs = <-done }() // they write to out: wait, even in a panic
			return some(worker, which[:half])
		}()
		if theirs.panicked != nil {
			panic(theirs.panicked) // in the job's goroutine, which answers for it
		}
		return errors.Join(err, theirs.err)
	default: // all are at work
		return some(worker, which)
	}
}

// outcome is how a helper fared.
type outcome struct {
	err      error
	panicked any
}

// join gives the mean direction of some encodings: the sum of their unit vectors
// at unit length, in float64 and in index order without fused multiply-add, so
// that one CPU's encodings give the same template everywhere. It is all zero or
// not finite where an encoding has no direction.
func (e *encodings) join(which []crop) []float32 {
	var sum [128]float64
	for _, c := range which {
		var unit [128]float64
		for i, v := range e[c] {
			unit[i] = float64(v)
		}
		norm := length(&unit)
		for i, v := range unit {
			sum[i] += v / norm
		}
	}
	norm := length(&sum)
	out := make([]float32, len(sum))
	for i, v := range sum {
		out[i] = float32(v / norm)
	}
	return out
}

func length(v *[128]float64) float64 {
	var squares float64
	for _, x := range v {
		squares += float64(x * x)
	}
	return math.Sqrt(squares)
}
