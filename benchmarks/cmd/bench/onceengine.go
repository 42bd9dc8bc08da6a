package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"

	"vigie/benchmarks/evalfaces"
	"vigie/matcher/face"
	"vigie/models"
	"vigie/watchlist"
)

// onceEngine makes the templates of each photo once and remembers them, so that a
// second evaluation of the same photos takes no engine's time. A probe's template made
// beside the reference is the one that is made alone (TestProbeAndReference). It is
// safe for concurrent use.
type onceEngine struct {
	evalfaces.Engine
	mu   sync.Mutex
	have map[onceKey]onceMade
}

// onceKey is a photo by its digest, made as a probe alone or as both.
type onceKey struct {
	photo [sha256.Size]byte
	both  bool
}

type onceMade struct {
	probe     watchlist.FaceSample
	reference []float32
	stages    []watchlist.StageTime
	err       error
}

func newOnce(e evalfaces.Engine) *onceEngine {
	return &onceEngine{Engine: e, have: map[onceKey]onceMade{}}
}

func (o *onceEngine) make(p watchlist.Photo, both bool, f func() onceMade) onceMade {
	key := onceKey{sha256.Sum256(p.Bytes), both}
	o.mu.Lock()
	m, ok := o.have[key]
	o.mu.Unlock()
	if ok {
		return m
	}
	m = f()
	var refused *watchlist.FaceError
	if m.err == nil || errors.As(m.err, &refused) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.have[key] = m
	}
	return m
}

// Both implements evalfaces.Engine.
func (o *onceEngine) Both(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []float32, []watchlist.StageTime, error) {
	m := o.make(p, true, func() (m onceMade) {
		m.probe, m.reference, m.stages, m.err = o.Engine.Both(ctx, p)
		return m
	})
	return m.probe, m.reference, m.stages, m.err
}

// Extract implements evalfaces.Engine.
func (o *onceEngine) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	m := o.make(p, false, func() (m onceMade) {
		m.probe, m.stages, m.err = o.Engine.Extract(ctx, p)
		return m
	})
	return m.probe, m.stages, m.err
}

// dlibOf gives the first encoder's part of another engine's composite templates: the
// templates that it makes alone (TestCompositeTemplate).
type dlibOf struct{ evalfaces.Engine }

// Model implements evalfaces.Engine.
func (dlibOf) Model() string { return models.DlibModel }

// Both implements evalfaces.Engine.
func (d dlibOf) Both(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []float32, []watchlist.StageTime, error) {
	probe, reference, stages, err := d.Engine.Both(ctx, p)
	return firstPart(probe), reference[:min(len(reference), models.DlibDim)], withoutSecond(stages), err
}

// Extract implements evalfaces.Engine.
func (d dlibOf) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	probe, stages, err := d.Engine.Extract(ctx, p)
	return firstPart(probe), withoutSecond(stages), err
}

func firstPart(s watchlist.FaceSample) watchlist.FaceSample {
	if len(s.Template) > 0 {
		s.Template, s.Model = s.Template[:models.DlibDim], models.DlibModel
	}
	return s
}

func withoutSecond(stages []watchlist.StageTime) []watchlist.StageTime {
	return slices.DeleteFunc(slices.Clone(stages), func(t watchlist.StageTime) bool { return t.Stage == face.StageSecond })
}
