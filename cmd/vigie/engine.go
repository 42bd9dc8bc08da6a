package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"vigie/cmd/vigie/internal/config"
	"vigie/matcher/face"
	"vigie/matcher/face/dlib"
	"vigie/models"
	"vigie/watchlist"
)

// faceEngine is what a node needs to read photos; *face.Engine is one.
type faceEngine interface {
	photoReader
	Model() string
	Close() error
}

// photoReader is what an engine makes of a photo.
type photoReader interface {
	Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error)
	Enrol(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []byte, error)
	Judge(ctx context.Context, p watchlist.Photo, reference bool) (watchlist.FaceSample, error)
}

// openFaceEngine starts the engine that the configuration asks for, with the second
// encoder unless it is nil. An engine or an encoder that is on but can't run is an
// error, never a silent absence: the node would answer with other scores than its
// configuration says.
func openFaceEngine(c config.Faces, model string, second *secondSetup, log *slog.Logger) (faceEngine, error) {
	if c.Engine == "off" {
		log.Warn("the face engine is off: photos are refused, templates and names match", "key", "faces.engine")
		return noEngine{model}, nil
	}
	if !dlib.Available() {
		return nil, withHint(errNoEngine, "Build it with cgo (`make build`), or set faces.engine to \"off\" to serve names, documents and templates only.")
	}
	dir, err := models.FindDir(c.ModelsDir)
	if err != nil {
		return nil, err
	}
	workers := c.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	opt := face.Options{
		ModelDir: dir, Workers: workers, Queue: c.MaxQueue, MaxBytes: c.MaxBytes, MaxPixels: c.MaxPixels, Logger: log,
	}
	if second != nil {
		opt.Second = &second.options
	}
	e, err := face.NewEngine(opt)
	if errors.Is(err, face.ErrSecond) {
		return nil, withHint(fmt.Errorf("start the face engine: %w", err), mendSecond)
	} else if err != nil {
		return nil, fmt.Errorf("start the face engine: %w", err)
	}
	if second != nil {
		if err := testSecond(e, second, log); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	forward, warning := e.SelfTest()
	if warning != "" {
		log.Warn("the face engine is not what it should be; see 'vigie doctor'", "warning", warning, "forward_pass", forward.String())
	} else {
		log.Info("the face engine is ready", "workers", workers, "forward_pass", forward.String(), "model", e.Model())
	}
	return e, nil
}

// testSecond tries the second encoder before the first photo comes, and logs which
// one runs.
func testSecond(e *face.Engine, s *secondSetup, log *slog.Logger) error {
	forward, err := e.SecondTest()
	if err != nil {
		return withHint(fmt.Errorf("start the face engine: %w", err), mendSecond)
	}
	log.Info("a second face encoder is ready", "recipe", s.recipe.ID, "licence", s.recipe.File.Licence, "calibration", s.calib.Version(), "forward_pass", forward.String())
	if s.recipe.Use == models.UseEvaluation {
		log.Warn(evaluationOnly, "recipe", s.recipe.ID)
	}
	return nil
}

// evaluationOnly says what a model of undocumented training is for.
const evaluationOnly = "the second encoder is for evaluation only: its training data is not documented; measure with it, but base no decision about a person on it"

// noEngine refuses every photo.
type noEngine struct{ model string }

func (noEngine) refuse() error {
	return &watchlist.FaceError{Code: watchlist.FaceEngineAbsent, Detail: "this node runs without the face engine; ask another node, or send a template"}
}

func (n noEngine) Extract(context.Context, watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, n.refuse()
}

func (n noEngine) Enrol(context.Context, watchlist.Photo) (watchlist.FaceSample, []byte, error) {
	return watchlist.FaceSample{}, nil, n.refuse()
}

func (n noEngine) Judge(context.Context, watchlist.Photo, bool) (watchlist.FaceSample, error) {
	return watchlist.FaceSample{}, n.refuse()
}

func (n noEngine) Model() string { return n.model }

func (noEngine) Close() error { return nil }
