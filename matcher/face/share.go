package face

import (
	"errors"

	"vigie/matcher/face/dlib"
)

// A photo that finds another worker idle has it do half of two steps: searching
// for faces, and encoding. When all are at work it does both halves itself. All
// workers give the same bits, so that the answer does not depend on it.

// idle gives a worker that nobody uses, if there is one. beside gives it back.
func (e *Engine) idle() (recogniser, bool) {
	select {
	case helper := <-e.workers:
		return helper, true
	default:
		return nil, false
	}
}

// outcome is how a helper fared.
type outcome struct {
	err      error
	panicked any
}

// beside runs theirs on the helper and ours in this goroutine at the same time,
// and waits for both, whatever becomes of them.
func (e *Engine) beside(helper recogniser, theirs func(encoder) error, ours func() error) error {
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover()
			e.workers <- helper
			done <- o
		}()
		o.err = theirs(helper)
	}()
	var o outcome
	err := func() error {
		defer func() { o = <-done }() // theirs may use what the caller holds: wait, even in a panic
		return ours()
	}()
	if o.panicked != nil {
		panic(o.panicked) // in the job's goroutine, which answers for it
	}
	return errors.Join(err, o.err)
}

// detect finds the faces of a picture, the surest first.
func (e *Engine) detect(worker encoder, p dlib.Pixels) ([]dlib.Detection, error) {
	helper, ok := e.idle()
	if !ok {
		hits, err := worker.Scan(p, dlib.Whole)
		if err != nil {
			return nil, err
		}
		return dlib.Choose(hits)
	}
	var fine, coarse dlib.Hits
	err := e.beside(helper, func(w encoder) (err error) {
		fine, err = w.Scan(p, dlib.Fine)
		return err
	}, func() (err error) {
		coarse, err = worker.Scan(p, dlib.Coarse)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dlib.Choose(fine, coarse)
}

// embed encodes crops of a face: those of the steady chip on another worker if
// one is idle.
func (e *Engine) embed(worker encoder, f *aligned, which []crop, out *encodings) error {
	some := func(worker encoder, steady bool) error {
		for _, c := range which {
			if c.steady() != steady {
				continue
			}
			chip, err := f.crop(worker, c)
			if err == nil {
				out[c], err = worker.Embed(chip)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	helper, ok := e.idle()
	if !ok {
		if err := some(worker, false); err != nil {
			return err
		}
		return some(worker, true)
	}
	return e.beside(helper,
		func(w encoder) error { return some(w, true) },
		func() error { return some(worker, false) })
}
