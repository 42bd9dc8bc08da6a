package matcher

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// A matcher whose second calibration may change takes it once for each call, compares
// by that one, and lets it go; what a replay asks of an earlier one is refused.
func TestSecondIsHeld(t *testing.T) {
	w := newTwoWorld(t)
	c := w.config()
	held, released, broken := 0, 0, error(nil)
	now := *c.Second
	now.Calibration = renamed{secondCalibration{fakeCalibration{w.world}}}
	c.HoldSecond = func() (*Second, func(), error) {
		held++
		return &now, func() { released++ }, broken
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.compare = w.comparators()
	lead, err := m.Match(context.Background(), withFace(probe()))
	if err != nil || lead.Models["calibration_second"] != "cal-3" || lead.SecondPoint.Calibration != "cal-3" {
		t.Errorf("%v, %+v", err, lead)
	}
	if out, err := m.Impact(context.Background(), impactQuery()); err != nil || out.SecondPoint.Calibration != "cal-3" {
		t.Errorf("impact: %v, %+v", err, out)
	}
	q := replayQuery(func(r *watchlist.ReplayQuery) { r.Templates = []watchlist.FaceSample{composite()} })
	w.oldest = q.AsOf
	if out, err := m.Replay(context.Background(), q); err != nil || out.SecondPoint.Calibration != "cal-3" || out.Oldest != q.AsOf {
		t.Errorf("replay: %v, %+v", err, out)
	}
	w.oldest++
	var gone *watchlist.HistoryError
	if _, err := m.Replay(context.Background(), q); !errors.As(err, &gone) || gone.Oldest != w.oldest || gone.AsOf != q.AsOf {
		t.Errorf("a replay of the earlier calibration's search: %v", err)
	}
	if held != 4 || released != 4 {
		t.Errorf("taken %d times, let go %d times", held, released)
	}
	broken = errors.New("not started")
	if _, err := m.Match(context.Background(), withFace(probe())); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// renamed is the second calibration under another version.
type renamed struct{ secondCalibration }

func (renamed) Version() string { return "cal-3" }

// An entry that dlib alone has seen is held against photos that both encoders have
// seen by dlib's part of them, at dlib's threshold for all photos of the list.
func TestImpactComparesParts(t *testing.T) {
	w := newTwoWorld(t)
	gone := w.add(4, -1)
	gone.Faces, gone.Status = w.entries[id(3)].Faces, watchlist.StatusSuspended
	far := w.add(5, -1)
	far.Faces = w.entries[id(3)].Faces
	w.first.parts = map[watchlist.EntryID]float64{id(3): 0.7, id(4): 0.7, id(5): testThreshold - 0.1}
	q := impactQuery()
	q.Entry = id(2)
	m := w.matcher(t)
	out, err := m.Impact(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	lead := &watchlist.Lead{Candidates: out.Alike}
	want := []faceLine{
		{"1", testModel, "cal-1", 0.9, 6, CodeFaceReached},
		{"3", testModel, "cal-1", 0.7, 4, CodeFaceReached},
	}
	if d := cmp.Diff(want, faceLines(lead), cmp.AllowUnexported(faceLine{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if n := len(w.targets); n == 0 || w.targets[n-1] != 0.01 || w.first.saw[0].MinScore != testThreshold || len(w.second.saw) != 0 {
		t.Errorf("targets %v, searched %+v and %+v", w.targets, w.first.saw, w.second.saw)
	}
	if f := w.entries[id(3)].Faces[0]; f.Model != bothModel {
		t.Errorf("the registry's entry was changed: %s", f.Model)
	}
	// A search of a traveller reads no list, and a list that can't be read is an error.
	w.listErr = errors.New("the list is broken")
	if _, err := m.Match(context.Background(), withFace(probe())); err != nil {
		t.Error(err)
	}
	if _, err := m.Impact(context.Background(), q); !errors.Is(err, w.listErr) {
		t.Errorf("a list that can't be read: %v", err)
	}
}
