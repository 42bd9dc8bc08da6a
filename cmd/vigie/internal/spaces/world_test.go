package spaces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/index/face"
	"vigie/matcher"
	"vigie/models"
	"vigie/watchlist"
)

// doctored gives a valid calibration file of another space: the shipped one with
// its mean scaled.
func doctored(t testing.TB, scale float64) ([]byte, *models.Calibration) {
	t.Helper()
	c, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	d := c.Data()
	d.Mean = append(models.Floats(nil), d.Mean...)
	for i := range d.Mean {
		d.Mean[i] *= scale
	}
	return sealed(t, d)
}

// sealed gives changed data as a file.
func sealed(t testing.TB, d models.CalibrationData) ([]byte, *models.Calibration) {
	t.Helper()
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	b := fileOf(t, d)
	c, err := models.LoadCalibration(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return b, c
}

func fileOf(t testing.TB, d models.CalibrationData) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var errAway = errors.New("no node answers")

// shelf holds calibration files; Get finds only those that are there.
type shelf struct {
	mu    sync.Mutex
	files map[watchlist.BlobID][]byte
	asked chan struct{} // a Get came; nil drops it
}

func newShelf() *shelf {
	return &shelf{files: map[watchlist.BlobID][]byte{}, asked: make(chan struct{}, 100)}
}

func (s *shelf) Local(id watchlist.BlobID) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.files[id]; ok {
		return b, nil
	}
	return nil, watchlist.ErrNotFound
}

func (s *shelf) Get(_ context.Context, id watchlist.BlobID) ([]byte, error) {
	defer func() {
		select {
		case s.asked <- struct{}{}:
		default:
		}
	}()
	b, err := s.Local(id)
	if err != nil {
		return nil, errAway
	}
	return b, nil
}

func (s *shelf) Accept(id watchlist.BlobID, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = b
	return nil
}

// world is a node's state machine in small: a registry, and spaces that follow
// it.
type world struct {
	t      testing.TB
	dir    string
	key    *seal.Key
	reg    *registry.Store
	files  *shelf
	spaces *Spaces
	index  uint64
	second *models.Calibration // of two encoders, in place of the shipped one; nil for dlib alone
}

func newWorld(t testing.TB) *world { return newWorldOf(t, nil) }

func newWorldOf(t testing.TB, second *models.Calibration) *world {
	t.Helper()
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), key: key, files: newShelf(), second: second}
	if w.reg, err = registry.Open(filepath.Join(w.dir, "registry.db"), key); err != nil {
		t.Fatal(err)
	}
	w.open()
	t.Cleanup(func() {
		w.close()
		if err := w.reg.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// open starts the spaces as the state machine does.
func (w *world) open() {
	w.t.Helper()
	var err error
	o := Options{
		Shipped: models.ShippedCalibration(), Model: models.DlibModel, Gallery: face.Options{History: 1000},
		Dir: filepath.Join(w.dir, "gallery"), Key: w.key, TargetFPIR: 0.01, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	start := w.newMatcher
	if w.second != nil {
		o.Shipped, o.Model, o.Forget = fileOf(w.t, w.second.Data()), w.second.Model(), true
		start = func(*models.Calibration, *face.Gallery) (Matcher, error) { return nil, nil }
	}
	w.spaces, err = New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.spaces.SetFiles(w.files)
	history, err := w.reg.Calibrations()
	if err != nil {
		w.t.Fatal(err)
	}
	w.spaces.Decided(history)
	w.spaces.Recall(w.reg.ID())
	index, _, _ := w.reg.Position()
	if w.spaces.Applied() != index || index == 0 {
		if err := w.spaces.Rebuild(w.reg.Each(), index); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.spaces.Start(w.reg, w.spaces.Applied, start); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	if err := w.spaces.Close(); err != nil {
		w.t.Error(err)
	}
}

// put writes entries as one command.
func (w *world) put(entries ...*watchlist.Entry) {
	w.t.Helper()
	w.index++
	var changes []watchlist.Change
	if err := w.reg.Update(w.index, 1, func(tx *registry.Tx) error {
		for _, e := range entries {
			if err := tx.PutEntry(e); err != nil {
				return err
			}
			changes = append(changes, watchlist.Change{ID: e.ID, Entry: e, Index: w.index})
		}
		return nil
	}); err != nil {
		w.t.Error(err)
	}
	if err := w.spaces.Apply(changes, w.index); err != nil {
		w.t.Error(err)
	}
}

// decide puts a calibration in force.
func (w *world) decide(file []byte, c *models.Calibration) {
	w.t.Helper()
	w.index++
	history, err := w.reg.Calibrations()
	if err != nil {
		w.t.Fatal(err)
	}
	d := watchlist.CalibrationDecision{Number: uint64(len(history) + 1), Version: c.Version(), Model: c.Model(), File: digest(file), Index: w.index, Reason: "a test of the change"}
	if len(history) == 0 {
		d.Shipped = true
	} else {
		d.Previous = history[len(history)-1].Version
	}
	if err := w.reg.Update(w.index, 1, func(tx *registry.Tx) error { return tx.PutCalibration(d) }); err != nil {
		w.t.Fatal(err)
	}
	w.spaces.Decided(append(history, d))
	if err := w.spaces.Apply(nil, w.index); err != nil {
		w.t.Fatal(err)
	}
}

// await returns once the condition holds, looking whenever something may have
// changed.
func (w *world) await(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			w.t.Fatalf("%s did not come about: %+v", what, w.spaces.Status())
		case <-tick.C:
		}
	}
}

func (w *world) awaitUsed(c *models.Calibration) {
	w.t.Helper()
	w.await("calibration "+c.Version(), func() bool {
		return w.spaces.Used() == c.Version() && w.spaces.leaving.Load() == nil && w.spaces.Status().State == Current
	})
}

func template(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 9))
	v := make([]float32, models.DlibDim)
	for i := range v {
		v[i] = float32(r.NormFloat64() / 10)
	}
	return v
}

func entryOf(n uint64) *watchlist.Entry {
	return &watchlist.Entry{
		ID: watchlist.EntryID(fmt.Sprintf("SEN-0192f0c1-0000-7000-8000-%012d", n)), Status: watchlist.StatusActive, Revision: 1, ExpiresAt: 1 << 50,
		Faces: []watchlist.Face{{ID: "f", Model: models.DlibModel, Template: watchlist.EncodeTemplate(template(n))}},
	}
}

// nothing stands in for the parts of a matcher that faces don't need.
type nothing struct{ w *world }

func (nothing) Model() string { return models.DlibModel }
func (nothing) Extract(context.Context, watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, errors.New("no engine")
}

func (n nothing) Stamp() watchlist.ListStamp {
	return watchlist.ListStamp{AppliedIndex: n.w.spaces.Applied()}
}

type noNames struct{}

func (noNames) Search(context.Context, watchlist.NameQuery) ([]watchlist.NameMatch, error) {
	return nil, nil
}

type noDocuments struct{}

func (noDocuments) Search(context.Context, []watchlist.Document) ([]watchlist.DocumentMatch, error) {
	return nil, nil
}

func (w *world) newMatcher(c *models.Calibration, g *face.Gallery) (Matcher, error) {
	return matcher.New(matcher.Config{
		Gallery: g, Names: noNames{}, Documents: noDocuments{}, Entries: w.reg, Encoder: nothing{w}, Calibration: c, Strangers: c, Stamper: nothing{w},
		Oldest: g.Oldest, Clock: func() int64 { return 1 }, NewQueryID: func() watchlist.QueryID { return "q" },
		BaseRate: 1e-4, TargetFPIR: 0.5, Logger: slog.New(slog.DiscardHandler),
	})
}

// probe searches the template of an entry.
func probe(n uint64) watchlist.Probe {
	return watchlist.Probe{Templates: []watchlist.FaceSample{{Template: template(n), Model: models.DlibModel}}, Purpose: "test", Reason: "a test", Limit: 50}
}
