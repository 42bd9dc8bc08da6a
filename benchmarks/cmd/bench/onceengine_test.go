package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"vigie/matcher/face"
	"vigie/models"
	"vigie/watchlist"
)

// countingEngine makes composite templates and counts how often.
type countingEngine struct {
	made int
	err  error
}

func (*countingEngine) Model() string { return models.DlibModel + "+second/1" }

func (e *countingEngine) Both(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []float32, []watchlist.StageTime, error) {
	s, stages, err := e.Extract(ctx, p)
	return s, slices.Repeat([]float32{2}, models.DlibDim+9), stages, err
}

func (e *countingEngine) Extract(_ context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	e.made++
	if e.err != nil {
		return watchlist.FaceSample{}, nil, e.err
	}
	return watchlist.FaceSample{Template: slices.Repeat([]float32{float32(p.Bytes[0])}, models.DlibDim+9), Model: e.Model()},
		[]watchlist.StageTime{{Stage: face.StageEmbed, Micros: 5}, {Stage: face.StageSecond, Micros: 7}}, nil
}

// Each photo is made once for both evaluations, dlib's part is dlib's, and a fault
// that is no refusal is not remembered.
func TestOnceEngine(t *testing.T) {
	e := &countingEngine{}
	once := newOnce(e)
	first := dlibOf{once}
	photo := watchlist.Photo{Bytes: []byte{3}}
	for range 2 {
		s, reference, stages, err := first.Both(t.Context(), photo)
		if err != nil || s.Model != models.DlibModel || first.Model() != models.DlibModel || len(s.Template) != models.DlibDim || s.Template[0] != 3 ||
			len(reference) != models.DlibDim || !slices.Equal(stages, []watchlist.StageTime{{Stage: face.StageEmbed, Micros: 5}}) {
			t.Errorf("%s, %d and %d values, %v, %v", s.Model, len(s.Template), len(reference), stages, err)
		}
		whole, reference, stages, err := once.Both(t.Context(), photo)
		if err != nil || whole.Model != e.Model() || len(whole.Template) != models.DlibDim+9 || len(reference) != models.DlibDim+9 || len(stages) != 2 {
			t.Errorf("%s, %d and %d values, %v, %v", whole.Model, len(whole.Template), len(reference), stages, err)
		}
	}
	if e.made != 1 {
		t.Errorf("made %d times", e.made)
	}
	if _, _, err := first.Extract(t.Context(), watchlist.Photo{Bytes: []byte{4}}); err != nil || e.made != 2 {
		t.Errorf("another photo: made %d times, %v", e.made, err)
	}
	for _, c := range []struct {
		err  error
		made int
	}{{&watchlist.FaceError{Code: watchlist.FaceNone}, 1}, {errors.New("a fault"), 2}} {
		e.made, e.err = 0, c.err
		for range 2 {
			if s, _, err := first.Extract(t.Context(), watchlist.Photo{Bytes: []byte(c.err.Error())}); !errors.Is(err, c.err) || s.Template != nil {
				t.Errorf("%v, want %v", err, c.err)
			}
		}
		if e.made != c.made {
			t.Errorf("%v: made %d times, want %d", c.err, e.made, c.made)
		}
	}
}
