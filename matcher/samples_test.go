package matcher

import (
	"context"
	"math"
	"testing"

	"vigie/watchlist"
)

// Photos that hold together are searched once, as their mean, at the target over
// the root of their number; photos that differ each alone, at the target over it.
func TestFramesThatAgreeAreOneProbe(t *testing.T) {
	for _, tc := range []struct {
		name     string
		alike    float64
		searches int
		target   float64
		frames   string
	}{{"one person", 0.8, 1, 0.01 / math.Sqrt(3), "3"}, {"two people", 0.1, 3, 0.01 / 3, ""}} {
		w := newWorld()
		w.add(1, 0.9)
		w.faces["probe-1"] = tc.alike
		p := withFace(probe())
		p.Templates = []watchlist.FaceSample{sample(0), sample(0)}
		lead := mustMatch(t, w, p)
		if len(w.searches) != tc.searches || len(w.targets) != 1 || math.Abs(w.targets[0]-tc.target) > 1e-12 {
			t.Errorf("%s: %d searches, targets %v", tc.name, len(w.searches), w.targets)
		}
		more := 0
		for _, q := range w.searches {
			more += len(q.More)
		}
		if want := 3 - tc.searches; more != want {
			t.Errorf("%s: %d further templates in all, want %d", tc.name, more, want)
		}
		if got := lead.Candidates[0].Evidence[0].Params["frames"]; got != tc.frames || lead.OperatingPoint.TargetFPIR != 0.01 {
			t.Errorf("%s: frames %q, target %v", tc.name, got, lead.OperatingPoint.TargetFPIR)
		}
	}
}

// meanGallery answers searches with the mean of two photos, and comparisons with
// the nearer of them.
type meanGallery struct {
	fakeGallery
	found, compared watchlist.FaceMatch
}

func (g meanGallery) Search(context.Context, watchlist.FaceQuery, func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error) {
	return []watchlist.FaceMatch{g.found}, false, nil
}

func (g meanGallery) Compare(_ context.Context, _ watchlist.FaceQuery, entries []*watchlist.Entry) (out []watchlist.FaceMatch, _ error) {
	for range entries {
		out = append(out, g.compared)
	}
	return out, nil
}

// The lead names the photo that is nearest, under the score of the search; when
// the entry has changed since, what is said is what is compared now.
func TestLeadNamesTheNearestPhoto(t *testing.T) {
	match := func(face string, others watchlist.FaceIDs, score float64) watchlist.FaceMatch {
		return watchlist.FaceMatch{Entry: id(1), Face: face, Others: others, Score: score}
	}
	for _, tc := range []struct {
		name            string
		photos          []string
		found, compared watchlist.FaceMatch
		face, photosNow string
		score           float64
	}{
		{"as searched", []string{"a", "b"}, match("a", "b", 0.8), match("b", "a", 0.8), "b", "2", 0.8},
		{"a photo more since", []string{"a", "b", "c"}, match("a", "b", 0.8), match("c", "a,b", 0.7), "a", "2", 0.8},
		{"a photo less since", []string{"b"}, match("a", "b", 0.8), match("b", "", 0.7), "b", "", 0.7},
	} {
		w := newWorld()
		e := w.add(1, 0.8)
		e.Faces = nil
		for _, f := range tc.photos {
			e.Faces = append(e.Faces, watchlist.Face{ID: f, Model: testModel})
		}
		c := w.config()
		c.Gallery = meanGallery{fakeGallery{w}, tc.found, tc.compared}
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		lead, err := m.Match(context.Background(), withFace(probe()))
		if err != nil || len(lead.Candidates) != 1 {
			t.Fatalf("%s: %v, error %v", tc.name, lead, err)
		}
		ev := lead.Candidates[0].Evidence[0]
		if ev.Params["face"] != tc.face || ev.Params["references"] != tc.photosNow || ev.Score != tc.score {
			t.Errorf("%s: score %v, params %v", tc.name, ev.Score, ev.Params)
		}
	}
}

// A reference of low quality admits an entry at its own threshold only, which the
// lead states; the search is asked to hold to it.
func TestLowQualityReferencesNeedMore(t *testing.T) {
	for score, admitted := range map[float64]bool{0.7: false, 0.9999: true} {
		w := newWorld()
		w.add(1, score)
		c := w.config()
		low := watchlist.FaceMatch{Entry: id(1), Face: "photo", LowQuality: true, Score: score}
		c.Gallery = meanGallery{fakeGallery{w}, low, low}
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		lead, err := m.Match(context.Background(), withFace(probe()))
		if err != nil {
			t.Fatal(err)
		}
		op := lead.OperatingPoint
		if want := 1 - op.FMR*LowQualityFMR; op.LowQualityThreshold != want {
			t.Errorf("low quality threshold %v, want %v", op.LowQualityThreshold, want)
		}
		if got := len(lead.Candidates) == 1; got != admitted {
			t.Errorf("score %v: admitted %v", score, got)
		}
		if admitted && lead.Candidates[0].Evidence[0].Code != CodeFaceReachedLow {
			t.Errorf("score %v: %+v", score, lead.Candidates[0].Evidence)
		}
	}
	w := newWorld()
	w.add(1, 0.9)
	lead := mustMatch(t, w, withFace(probe()))
	if q := w.searches[0]; q.LowQualityMin != lead.OperatingPoint.LowQualityThreshold || q.LowQualityMin <= q.MinScore {
		t.Errorf("searched with bounds %v and %v", q.MinScore, q.LowQualityMin)
	}
}

// Of two matches of an entry, one that reaches its own bound goes first, though a
// reference of low quality short of its bound scores higher.
func TestMatchThatMeetsItsBoundGoesFirst(t *testing.T) {
	q := &query{spaces: []space{{calibration: fakeCalibration{}}}, points: []watchlist.OperatingPoint{{Threshold: 0.5, LowQualityThreshold: 0.8}}}
	match := func(score float64, low bool) faceHit {
		return faceHit{FaceMatch: watchlist.FaceMatch{Score: score, LowQuality: low}}
	}
	for _, tc := range []struct {
		a, b faceHit
		want bool
	}{
		{match(0.6, false), match(0.7, true), true},
		{match(0.7, true), match(0.6, false), false},
		{match(0.9, true), match(0.6, false), true},
		{match(0.4, false), match(0.3, true), true},
		{match(0.6, false), match(0.6, false), false},
	} {
		if got := q.preferred(tc.a, tc.b); got != tc.want {
			t.Errorf("%+v before %+v: %v", tc.a, tc.b, got)
		}
	}
}
