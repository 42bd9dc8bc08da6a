package face

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"vigie/matcher/face/dlib"
	"vigie/matcher/face/onnx"
	"vigie/models"
)

// StageSecond is the second encoder's share of StageTime: chip and encoding of
// a probe or a reference.
const StageSecond = "face_encode_second"

// second is the optional second encoder. A worker for each of the engine's: a
// photo that has one of these never waits for one of those.
type second struct {
	recipe models.Recipe
	idle   chan chipEncoder
	count  int
}

// chipEncoder encodes a chip; *onnx.Encoder is one.
type chipEncoder interface {
	Embed(c *onnx.Chip) ([]float32, error)
	Close()
}

func openSecond(o onnx.Options, n int) (*second, error) {
	pool, err := onnx.Open(o, n)
	if err != nil {
		return nil, err
	}
	s := &second{recipe: o.Recipe, idle: make(chan chipEncoder, n), count: n}
	for _, e := range pool {
		s.idle <- e
	}
	return s, nil
}

func (s *second) close() {
	for range s.count {
		(<-s.idle).Close()
	}
}

// mirrored tells whether the encoding for a purpose includes the mirror image.
func (s *second) mirrored(p purpose) bool {
	return s.recipe.Mirror == models.MirrorBoth || s.recipe.Mirror == models.MirrorReferences && p == asReference
}

// encode gives the encodings of a face as a probe, as a reference, or both; nil
// for what the purpose does not ask for.
func (s *second) encode(p dlib.Pixels, points [5]image.Point, as purpose) (probe, reference []float32, err error) {
	chip, err := onnx.Align(s.recipe.Alignment, onnx.Picture(p), points)
	if err != nil {
		return nil, nil, errCorrupt(err)
	}
	e := <-s.idle
	defer func() { s.idle <- e }()
	plain, err := e.Embed(chip)
	if err != nil {
		return nil, nil, err
	}
	var mirror []float32
	if s.mirrored(as) || as == asBoth && s.mirrored(asReference) {
		if mirror, err = e.Embed(chip.Mirror()); err != nil {
			return nil, nil, err
		}
	}
	of := func(as purpose) []float32 {
		if s.mirrored(as) {
			return onnx.Mean(s.recipe.Output.Normalise, plain, mirror)
		}
		return onnx.Mean(s.recipe.Output.Normalise, plain)
	}
	if as != asReference {
		probe = of(asProbe)
	}
	if as != asProbe {
		reference = of(asReference)
	}
	return probe, reference, nil
}

// second appends the second encoder's values to the job's templates.
func (j *job) second(p dlib.Pixels, points [5]image.Point) error {
	s := j.engine.second
	if s == nil {
		return nil
	}
	probe, reference, err := s.encode(p, points, j.template)
	j.lap(StageSecond)
	if err != nil {
		return err
	}
	switch j.template {
	case asReference:
		j.sample.Template = append(j.sample.Template, reference...)
	case asBoth:
		j.reference = append(j.reference, reference...)
		fallthrough
	default:
		j.sample.Template = append(j.sample.Template, probe...)
	}
	return nil
}

// SecondTest encodes a drawn picture on every worker of the second encoder, twice,
// and gives the best time of one forward pass. It fails when two encodings of the
// picture differ in a bit, or when a worker fails; it gives 0 without a second
// encoder. Photos wait meanwhile.
func (e *Engine) SecondTest() (forward time.Duration, err error) {
	if e.second == nil {
		return 0, nil
	}
	chip := new(onnx.Chip)
	for i := range chip {
		chip[i] = float32(i * 31 % 256)
	}
	forward = time.Hour
	var want []float32
	for range e.second.count {
		w := <-e.second.idle
		for range 2 {
			start := time.Now()
			got, fault := w.Embed(chip)
			forward = min(forward, time.Since(start))
			switch {
			case fault != nil:
				err = fault
			case want == nil:
				want = got
			case !slices.Equal(want, got):
				err = errors.New("the second encoder gives different encodings of one picture")
			}
		}
		e.second.idle <- w
	}
	if err != nil {
		return 0, fmt.Errorf("second encoder self-test: %w", err)
	}
	return forward, nil
}
