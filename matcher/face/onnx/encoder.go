//go:build cgo && !nodlib

package onnx

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"vigie/models"
)

// environment is the ONNX Runtime of this process: the library knows one only,
// and it stays loaded.
var environment struct {
	sync.Mutex
	library string // "" until one is loaded
}

// load loads the library, once for the process.
func load(library string) error {
	path, err := filepath.Abs(library)
	if err != nil {
		return fmt.Errorf("the ONNX Runtime's library: %w", err)
	}
	environment.Lock()
	defer environment.Unlock()
	switch environment.library {
	case path:
		return nil
	case "":
	default:
		return fmt.Errorf("the ONNX Runtime is loaded from %s already, and a process can have one only", environment.library)
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("load the ONNX Runtime from %s: %w", path, err)
	}
	environment.library = path
	return nil
}

// Encoder is one worker. Calls are serialised; workers share nothing.
type Encoder struct {
	recipe models.Recipe

	mu      sync.Mutex
	session *ort.AdvancedSession // nil once closed
	input   *ort.Tensor[float32]
	output  *ort.Tensor[float32]
}

// Available tells whether this build can run ONNX models.
func Available() bool { return true }

// Open verifies library and model, loads them and makes n workers, each with its
// own copy of the model. The library stays loaded until the process ends, and a
// second path is refused. Every error names the file that it is about.
func Open(o Options, n int) ([]*Encoder, error) {
	model, err := o.check()
	if err != nil {
		return nil, fmt.Errorf("second encoder: %w", err)
	}
	if err := load(o.Library); err != nil {
		return nil, fmt.Errorf("second encoder: %w", err)
	}
	var out []*Encoder
	for range n {
		e, err := newEncoder(model, o.Recipe)
		if err != nil {
			for _, e := range out {
				e.Close()
			}
			return nil, fmt.Errorf("second encoder: the model %s of recipe %s: %w", o.Model, o.Recipe.ID, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func newEncoder(model []byte, r models.Recipe) (_ *Encoder, err error) {
	e := &Encoder{recipe: r}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	in, out, err := shapes(model, r)
	if err != nil {
		return nil, err
	}
	if e.input, err = ort.NewEmptyTensor[float32](in.Dimensions); err != nil {
		return nil, err
	}
	if e.output, err = ort.NewEmptyTensor[float32](out.Dimensions); err != nil {
		return nil, err
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	// One thread: the workers fill the cores already, and sums keep their order.
	if err := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1), options.SetExecutionMode(ort.ExecutionModeSequential)); err != nil {
		return nil, err
	}
	e.session, err = ort.NewAdvancedSessionWithONNXData(model, []string{in.Name}, []string{out.Name}, []ort.Value{e.input}, []ort.Value{e.output}, options)
	return e, err
}

// shapes finds the recipe's input and output in the model and gives them with
// the shape for one face.
func shapes(model []byte, r models.Recipe) (in, out ort.InputOutputInfo, err error) {
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return in, out, err
	}
	want := ort.NewShape(1, 3, Side, Side)
	if r.Input.Layout == "nhwc" {
		want = ort.NewShape(1, Side, Side, 3)
	}
	if in, err = pick("input", ins, r.Input.Name, want); err != nil {
		return in, out, err
	}
	out, err = pick("output", outs, r.Output.Name, ort.NewShape(1, int64(r.Output.Dim)))
	return in, out, err
}

func pick(what string, list []ort.InputOutputInfo, name string, want ort.Shape) (ort.InputOutputInfo, error) {
	for _, i := range list {
		if name != "" && i.Name != name {
			continue
		}
		if name == "" && len(list) != 1 {
			return i, fmt.Errorf("it has %d %ss: the recipe must name one", len(list), what)
		}
		fits := len(i.Dimensions) == len(want) && i.DataType == ort.TensorElementDataTypeFloat
		for k := range want {
			fits = fits && (i.Dimensions[k] == want[k] || k == 0 && i.Dimensions[k] < 1)
		}
		if !fits {
			return i, fmt.Errorf("its %s is %v of %v, and the recipe's is %v of float32", what, i.Dimensions, i.DataType, want)
		}
		i.Dimensions = want
		return i, nil
	}
	return ort.InputOutputInfo{}, fmt.Errorf("it has no %s %q", what, name)
}

// Embed encodes a chip: the recipe's Output.Dim values, finite, as the model gives
// them.
func (e *Encoder) Embed(c *Chip) ([]float32, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session == nil {
		return nil, ErrClosed
	}
	c.fill(e.input.GetData(), e.recipe.Input)
	if err := e.session.Run(); err != nil {
		return nil, fmt.Errorf("second encoder: %w", err)
	}
	out := append([]float32(nil), e.output.GetData()...)
	zero := true
	for _, v := range out {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errors.New("second encoder: the model gives values that are not finite")
		}
		zero = zero && v == 0
	}
	if zero {
		return nil, errors.New("second encoder: the model gives zeros only")
	}
	return out, nil
}

// Close frees the worker. It is safe to call more than once. The destroyers of
// the library only fail on what was never made.
func (e *Encoder) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != nil {
		_ = e.session.Destroy()
		e.session = nil
	}
	for _, t := range []**ort.Tensor[float32]{&e.input, &e.output} {
		if *t != nil {
			_ = (*t).Destroy()
			*t = nil
		}
	}
}
