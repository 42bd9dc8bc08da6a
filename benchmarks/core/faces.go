package core

import (
	"context"
	"fmt"
	"iter"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
	"vigie/index/face"
	"vigie/models"
	"vigie/watchlist"
)

// faceSearch measures the gallery in this process, one query at a time: half of
// the probes are another photo of somebody enrolled, half of nobody.
func faceSearch(ctx context.Context, opt Options) ([]FaceSearch, error) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		return nil, fmt.Errorf("read the calibration: %w", err)
	}
	var out []FaceSearch
	for _, n := range opt.GallerySizes {
		opt.Progress(fmt.Sprintf("face search among %d templates", n))
		f, err := oneGallery(ctx, cal, n)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func oneGallery(ctx context.Context, cal *models.Calibration, n int) (FaceSearch, error) {
	draw, err := gen.NewTemplates(cal, uint64(n))
	if err != nil {
		return FaceSearch{}, err
	}
	g := face.New(cal, face.Options{})
	defer func() { _ = g.Close() }() // never fails
	var enrolled [][]float32
	start := time.Now()
	if err := g.Rebuild(entries(draw, cal.Model(), n, &enrolled), uint64(n)); err != nil {
		return FaceSearch{}, fmt.Errorf("build a gallery of %d: %w", n, err)
	}
	_, threshold := cal.OperatingPoint(0.01, n)
	f := FaceSearch{Templates: n, BuildMS: float64(time.Since(start).Milliseconds()), Threshold: threshold}
	const queries = 200
	var top, point []time.Duration
	for i := range queries {
		probe := draw.Draw()
		if i%2 == 0 {
			probe = draw.Another(enrolled[i%len(enrolled)], 0.4)
		}
		for _, q := range []struct {
			min  float64
			into *[]time.Duration
		}{{-1, &top}, {threshold, &point}} {
			t := time.Now()
			if _, _, err := g.Search(ctx, watchlist.FaceQuery{Template: probe, Model: cal.Model(), K: 10, MinScore: q.min}, nil); err != nil {
				return FaceSearch{}, fmt.Errorf("search: %w", err)
			}
			*q.into = append(*q.into, time.Since(t))
		}
	}
	f.Top10, f.AtPoint = benchmarks.Summarise(top), benchmarks.Summarise(point)
	return f, nil
}

// entries gives n entries with one drawn template each; the first few templates
// are kept for mated probes.
func entries(draw *gen.Templates, model string, n int, keep *[][]float32) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for i := range n {
			t := draw.Draw()
			if len(*keep) < 200 {
				*keep = append(*keep, t)
			}
			e := &watchlist.Entry{
				ID:     watchlist.NewEntryID("UTO", fmt.Sprintf("00000000-0000-7000-8000-%012x", i)),
				Status: watchlist.StatusActive,
				Faces:  []watchlist.Face{{ID: "1", Model: model, Template: watchlist.EncodeTemplate(t)}},
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
