package matcher

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

func replayQuery(change ...func(*watchlist.ReplayQuery)) watchlist.ReplayQuery {
	r := watchlist.ReplayQuery{
		Templates: []watchlist.FaceSample{sample(0)}, AsOf: 5, Purpose: watchlist.PurposeInvestigation, Reason: "complaint 12",
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func mustReplay(t *testing.T, w *world, r watchlist.ReplayQuery) *watchlist.Replay {
	t.Helper()
	out, err := w.matcher(t).Replay(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A replay lists what the gallery gives, whatever became of the entries.
func TestReplayHidesNoEntry(t *testing.T) {
	w := newWorld()
	w.add(1, 0.7)
	w.add(2, 0.9).Status = watchlist.StatusWithdrawn
	w.add(3, 0.8).ExpiresAt = testNow
	w.add(4, 0.8)
	delete(w.entries, id(4))
	w.add(5, 0.2)
	out := mustReplay(t, w, replayQuery())
	face := func(n, rank int, score float64, status watchlist.Status) watchlist.ReplayCandidate {
		return watchlist.ReplayCandidate{
			Rank: rank, FaceMatch: watchlist.FaceMatch{Entry: id(n), Face: "photo", Score: score}, LLR: 10*score - 3, Status: status,
		}
	}
	want := &watchlist.Replay{
		Query: "query-1", AsOf: 5, Oldest: 3,
		Candidates: []watchlist.ReplayCandidate{
			face(2, 1, 0.9, watchlist.StatusWithdrawn), face(3, 2, 0.8, watchlist.StatusExpired),
			face(4, 3, 0.8, watchlist.StatusUnknown), face(1, 4, 0.7, watchlist.StatusActive),
		},
		Point:  watchlist.OperatingPoint{TargetFPIR: 0.01, GallerySize: 5, FMR: 0.01 / 5, Threshold: testThreshold, LowQualityThreshold: 1 - 0.01/5*LowQualityFMR, Calibration: "cal-1", Cohort: "nobody"},
		Source: watchlist.ThresholdNow, Stamp: fakeStamper{w}.Stamp(),
		Models: map[string]string{"encoder": testModel, "calibration": "cal-1"}, Faces: []watchlist.FaceSample{sample(0)},
	}
	if len(out.Stages) != 1 || out.Stages[0].Stage != "face_search" {
		t.Errorf("stages %+v", out.Stages)
	}
	out.Stages = nil
	if d := cmp.Diff(want, out); d != "" {
		t.Errorf("replay (-want +got):\n%s", d)
	}
	if q := w.searches[0]; q.AsOf != 5 || q.K != DefaultReplayLimit || q.MinScore != testThreshold {
		t.Errorf("query as of %d, k %d, from %g", q.AsOf, q.K, q.MinScore)
	}
}

func TestReplayThresholds(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	given, rate := 0.25, 0.001
	out := mustReplay(t, w, replayQuery(func(r *watchlist.ReplayQuery) { r.MinScore = &given }))
	if out.Source != watchlist.ThresholdGiven || out.Point.Threshold != given || out.Point.FMR != 0 || out.Point.TargetFPIR != 0 {
		t.Errorf("given: %s %+v", out.Source, out.Point)
	}
	out = mustReplay(t, w, replayQuery(func(r *watchlist.ReplayQuery) { r.FMR = &rate }))
	if out.Source != watchlist.ThresholdFMR || out.Point.Threshold != 1-rate || out.Point.FMR != rate || out.Candidates != nil {
		t.Errorf("by rate: %s %+v, %d candidates", out.Source, out.Point, len(out.Candidates))
	}
	// Samples that differ keep to the target together, as in a match; those that
	// agree are one.
	for alike, want := range map[float64]float64{0.1: 0.01 / 2, 0.9: 0.01 * FramesFPIR(2)} {
		w.targets, w.faces["probe-1"] = nil, alike
		mustReplay(t, w, replayQuery(func(r *watchlist.ReplayQuery) { r.Templates = append(r.Templates, sample(0)) }))
		if d := cmp.Diff([]float64{want}, w.targets); d != "" {
			t.Error(d)
		}
	}
}

// The best score over all samples counts, and the limit cuts after the merge.
func TestReplayOfSeveralSamples(t *testing.T) {
	w := newWorld()
	for i := range 3 {
		w.add(i+1, 0.5+float64(i)/8)
	}
	w.faces["probe-1"] = 0.1
	out := mustReplay(t, w, replayQuery(func(r *watchlist.ReplayQuery) {
		r.Photos = []watchlist.Photo{{Bytes: []byte("jpeg")}}
		r.Templates, r.Limit = []watchlist.FaceSample{sample(0.125)}, 2
	}))
	var got []string
	for _, c := range out.Candidates {
		got = append(got, fmt.Sprintf("%d %s %g", c.Rank, c.Entry[len(c.Entry)-1:], c.Score))
	}
	if d := cmp.Diff([]string{"1 3 0.875", "2 2 0.75"}, got); d != "" || !out.Truncated || len(out.Faces) != 2 {
		t.Errorf("truncated %t, %d faces: %s", out.Truncated, len(out.Faces), d)
	}
}

func TestReplayRefusals(t *testing.T) {
	low, high := -1.5, 0.75
	for name, c := range map[string]struct {
		change func(*watchlist.ReplayQuery)
		want   string
	}{
		"no face":     {func(r *watchlist.ReplayQuery) { r.Templates = nil }, " nothing_to_search"},
		"no index":    {func(r *watchlist.ReplayQuery) { r.AsOf = 0 }, "/as_of_index required"},
		"no purpose":  {func(r *watchlist.ReplayQuery) { r.Purpose = "" }, "/purpose required"},
		"no reason":   {func(r *watchlist.ReplayQuery) { r.Reason = " " }, "/reason required"},
		"no second":   {func(r *watchlist.ReplayQuery) { r.MinScore, r.SecondMinScore = &high, &high }, "/second_min_score conflict"},
		"low score":   {func(r *watchlist.ReplayQuery) { r.MinScore = &low }, "/min_score out_of_range"},
		"high rate":   {func(r *watchlist.ReplayQuery) { r.FMR = &high }, "/fmr out_of_range"},
		"both":        {func(r *watchlist.ReplayQuery) { f := 0.5; r.MinScore, r.FMR = &f, &f }, "/fmr conflict"},
		"limit":       {func(r *watchlist.ReplayQuery) { r.Limit = MaxReplayLimit + 1 }, "/max_candidates out_of_range"},
		"bad vector":  {func(r *watchlist.ReplayQuery) { r.Templates[0].Template = make([]float32, 128) }, "/templates/0 template_invalid"},
		"empty photo": {func(r *watchlist.ReplayQuery) { r.Photos = []watchlist.Photo{{}} }, "/photos/0 required"},
	} {
		_, err := newWorld().matcher(t).Replay(context.Background(), replayQuery(c.change))
		var errs watchlist.ValidationError
		if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Pointer+" "+errs[0].Code != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// What the gallery refuses reaches the caller as it is.
func TestReplayErrors(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	history := &watchlist.HistoryError{AsOf: 5, Oldest: 8, Newest: 20}
	w.faceErr = fmt.Errorf("face gallery: %w", history)
	var got *watchlist.HistoryError
	if _, err := w.matcher(t).Replay(context.Background(), replayQuery()); !errors.As(err, &got) || *got != *history {
		t.Errorf("history: %v", err)
	}
	w.faceErr = fmt.Errorf("face gallery: %w", watchlist.ErrOverloaded)
	if _, err := w.matcher(t).Replay(context.Background(), replayQuery()); !errors.Is(err, watchlist.ErrOverloaded) {
		t.Errorf("overload: %v", err)
	}
	w.faceErr, w.registryErr = nil, errors.New("disk")
	if _, err := w.matcher(t).Replay(context.Background(), replayQuery()); !errors.Is(err, w.registryErr) {
		t.Errorf("registry: %v", err)
	}
	w.registryErr, w.panicIn = nil, "face"
	if _, err := w.matcher(t).Replay(context.Background(), replayQuery()); err == nil {
		t.Error("a panic made an answer")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.panicIn = ""
	if _, err := w.matcher(t).Replay(ctx, replayQuery()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A full queue is no empty answer: the match fails with the error that the API
// knows, whatever else was searched.
func TestMatchPassesOverloadOn(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	w.named = []watchlist.EntryID{id(1)}
	w.faceErr = fmt.Errorf("face gallery: %w", watchlist.ErrOverloaded)
	lead, err := w.matcher(t).Match(context.Background(), withName(withFace(probe())))
	if lead != nil || !errors.Is(err, watchlist.ErrOverloaded) {
		t.Errorf("lead %v, error %v", lead, err)
	}
}

// A match with eight samples is never in the gallery more than once at a time,
// so it takes one place in the queue and can't wait for itself.
func TestSamplesAreSearchedOneByOne(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	w.faces["probe-3"] = 0.1
	p := probe()
	for range MaxSamples {
		p.Templates = append(p.Templates, sample(0))
	}
	mustMatch(t, w, p)
	if n := len(w.searches); n != MaxSamples {
		t.Errorf("%d searches", n)
	}
	mustReplay(t, w, replayQuery(func(r *watchlist.ReplayQuery) { r.Templates = p.Templates }))
	if most := w.mostSearching.Load(); most != 1 {
		t.Errorf("%d searches at once", most)
	}
}

// The stamp is taken after the photos are encoded, which takes long, and before
// anything is searched.
func TestStampComesBetweenEncodingAndSearch(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	var order []string
	c := w.config()
	c.Stamper = stampFunc(func() watchlist.ListStamp { order = append(order, "stamp"); return watchlist.ListStamp{} })
	w.extract = func(watchlist.Photo) (watchlist.FaceSample, error) {
		order = append(order, "encode")
		return sample(0), nil
	}
	w.onSearch = func(context.Context) error { order = append(order, "search"); return nil }
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Match(context.Background(), withFace(probe())); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"encode", "stamp", "search"}, order); d != "" {
		t.Error(d)
	}
}

type stampFunc func() watchlist.ListStamp

func (f stampFunc) Stamp() watchlist.ListStamp { return f() }

// A gallery that has forgotten the stamp's index when it is searched makes for a
// new stamp; with none that fits the newest rows are searched and the stamp says
// that its index is only the least.
func TestSearchTooLateForItsStamp(t *testing.T) {
	for late, want := range map[int]watchlist.ListStamp{
		0: {AppliedIndex: 11, StateHash: "hash"}, 2: {AppliedIndex: 13, StateHash: "hash"}, 1000: {AppliedIndex: 14},
	} {
		w := newWorld()
		w.add(1, 0.9)
		index, searches := uint64(10), 0
		c := w.config()
		c.Stamper = stampFunc(func() watchlist.ListStamp {
			index++
			return watchlist.ListStamp{AppliedIndex: index, StateHash: "hash"}
		})
		c.Gallery = asOfGallery{fakeGallery{w}, func(asOf uint64) error {
			if searches++; asOf != 0 && searches <= late {
				return &watchlist.HistoryError{AsOf: asOf, Oldest: asOf + 1, Newest: asOf + 1}
			}
			return nil
		}}
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m.compare = w.comparators()
		lead, err := m.Match(context.Background(), withFace(probe()))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, lead.Stamp); d != "" || len(lead.Candidates) != 1 {
			t.Errorf("%d searches too late: %d candidates, stamp (-want +got):\n%s", late, len(lead.Candidates), d)
		}
		if last := w.searches[len(w.searches)-1].AsOf; last != want.AppliedIndex && want.StateHash != "" {
			t.Errorf("%d searches too late: the last was as of %d under stamp %d", late, last, want.AppliedIndex)
		}
	}
}

// asOfGallery lets a test refuse an index.
type asOfGallery struct {
	fakeGallery
	check func(asOf uint64) error
}

func (g asOfGallery) Search(ctx context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error) {
	if err := g.check(q.AsOf); err != nil {
		return nil, false, err
	}
	return g.fakeGallery.Search(ctx, q, filter)
}
