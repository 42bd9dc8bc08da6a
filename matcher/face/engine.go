package face

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"vigie/matcher/face/dlib"
	"vigie/matcher/face/onnx"
	"vigie/models"
)

// encoder turns pixels into templates, step by step.
type encoder interface {
	Scan(p dlib.Pixels, part dlib.Part) (dlib.Hits, error)
	Align(p dlib.Pixels, box image.Rectangle) (dlib.Aligned, error)
	Steady(p dlib.Pixels, box image.Rectangle) (dlib.Pixels, error)
	Embed(chip dlib.Pixels) ([128]float32, error)
}

// recogniser is what the engine needs of a worker; *dlib.Recognizer is one.
type recogniser interface {
	encoder
	SelfTest() (dlib.Report, error)
	Close()
}

// Options set up an Engine; the zero value of a field means its default.
type Options struct {
	// ModelDir holds the verified models (models.FindDir).
	ModelDir string
	// Workers is the number of photos worked on at once, each with its own
	// encoder of some 40 MB; default: one for every core.
	Workers int
	// Queue is how many photos may wait for a worker; default 16 per worker.
	// One more is refused with face_engine_overloaded.
	Queue int
	// MaxBytes caps a photo's file, default 10 MiB; MaxPixels its picture,
	// default 40 million, of which a 16-bit picture counts double.
	MaxBytes  int64
	MaxPixels int
	// Second adds a second encoder: templates are composite then, the dlib
	// template and the second encoder's after it. nil for none.
	Second *onnx.Options
	Logger *slog.Logger
}

// Engine extracts face samples. Its methods may be called concurrently.
type Engine struct {
	gate    gate
	log     *slog.Logger
	workers chan recogniser // nil in a build without face engine
	count   int
	room    int64 // workers plus queue
	inside  atomic.Int64
	second  *second // nil without a second encoder
	closing chan struct{}
	once    sync.Once
}

// ErrSecond says that it is the second encoder that can't run.
var ErrSecond = errors.New("the second encoder can't run")

// NewEngine verifies the models and loads them once for every worker. It fails
// when a model is missing or wrong, naming the file and the mending command; with
// ErrSecond when it is the second encoder's. In
// a build without face engine it succeeds, and every good photo is answered by
// face_engine_absent.
func NewEngine(o Options) (*Engine, error) {
	e := newEngine(o)
	if !dlib.Available() {
		e.log.Warn("this build has no face engine: photos are refused")
		return e, nil
	}
	if problems := models.Verify(o.ModelDir); len(problems) > 0 {
		errs := make([]error, len(problems))
		for i, p := range problems {
			errs[i] = p
		}
		return nil, fmt.Errorf("face engine: %w", errors.Join(errs...))
	}
	if o.Second != nil {
		var err error
		if e.second, err = openSecond(*o.Second, e.count); err != nil {
			return nil, fmt.Errorf("face engine: %w: %w", ErrSecond, err)
		}
	}
	pool, err := openPool(o.ModelDir, e.count)
	if err != nil {
		if e.second != nil {
			e.second.close()
		}
		return nil, fmt.Errorf("face engine: %w", err)
	}
	e.fill(pool)
	return e, nil
}

// openPool loads the models once and copies what workers can't share.
func openPool(dir string, n int) ([]recogniser, error) {
	first, err := dlib.Open(dir)
	if err != nil {
		return nil, err
	}
	pool := []recogniser{first}
	for len(pool) < n {
		r, err := first.Another()
		if err != nil {
			for _, opened := range pool {
				opened.Close()
			}
			return nil, err
		}
		pool = append(pool, r)
	}
	return pool, nil
}

func newEngine(o Options) *Engine {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = 16 * o.Workers
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = defaultMaxPixels
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		gate:    gate{maxBytes: o.MaxBytes, maxPixels: o.MaxPixels},
		log:     o.Logger,
		count:   o.Workers,
		room:    int64(o.Workers + o.Queue),
		closing: make(chan struct{}),
	}
}

func (e *Engine) fill(pool []recogniser) {
	e.workers = make(chan recogniser, len(pool))
	for _, r := range pool {
		e.workers <- r
	}
}

// Model names the encoders and the recipes of the templates.
func (e *Engine) Model() string {
	if e.second != nil {
		return e.second.recipe.CompositeModel()
	}
	return models.DlibModel
}

// Workers is the number of photos worked on at once.
func (e *Engine) Workers() int { return e.count }

// SelfTest encodes a drawn face on one worker and gives the time of one forward
// pass. The warning is empty, or one sentence for the operator: the engine is
// slow (reference BLAS), broken, absent or busy.
func (e *Engine) SelfTest() (forward time.Duration, warning string) {
	if e.workers == nil {
		return 0, dlib.ErrAbsent.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, release, err := e.slot(ctx)
	if err != nil {
		return 0, "the face engine was not tested: " + err.Error()
	}
	defer release()
	rep, err := r.SelfTest()
	if err != nil {
		return 0, err.Error()
	}
	return rep.Forward, rep.Warning
}

// slot waits for a worker. It refuses at once when the queue is full, and when
// ctx ends or the engine closes before a worker is free.
func (e *Engine) slot(ctx context.Context) (r recogniser, release func(), err error) {
	if e.workers == nil {
		return nil, nil, errAbsent(dlib.ErrAbsent)
	}
	if e.inside.Add(1) > e.room {
		e.inside.Add(-1)
		return nil, nil, errOverloaded(nil)
	}
	select {
	case <-e.closing: // first, so that a closed engine never wins a worker
	default:
		select {
		case r := <-e.workers:
			return r, func() { e.workers <- r; e.inside.Add(-1) }, nil
		case <-ctx.Done():
			e.inside.Add(-1)
			return nil, nil, errOverloaded(context.Cause(ctx))
		case <-e.closing:
		}
	}
	e.inside.Add(-1)
	return nil, nil, errOverloaded(errors.New("the face engine is closing"))
}

// Close waits for the photos being worked on and frees the models; photos that
// still wait are refused. It is safe to call more than once.
func (e *Engine) Close() error {
	e.once.Do(func() {
		close(e.closing)
		if e.workers == nil {
			return
		}
		for range e.count {
			(<-e.workers).Close()
		}
		if e.second != nil {
			e.second.close()
		}
	})
	return nil
}
