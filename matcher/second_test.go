package matcher

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

const bothModel = testModel + watchlist.ModelJoin + "second/1"

// besideGallery is the gallery of one of two encoders: entries by score, and the
// queries that it saw.
type besideGallery struct {
	t      *testing.T
	model  string
	dim    int
	scores map[watchlist.EntryID]float64
	// parts are the scores of entries that it does not hold, for photos of its model.
	parts map[watchlist.EntryID]float64
	saw   []watchlist.FaceQuery
	err   error
}

func (g *besideGallery) Model() string { return g.model }
func (g *besideGallery) Size() int     { return len(g.scores) }

func (g *besideGallery) check(q watchlist.FaceQuery) {
	g.t.Helper()
	for _, v := range append([][]float32{q.Template}, q.More...) {
		if q.Model != g.model || len(v) != g.dim {
			g.t.Errorf("the gallery of %s is asked for %d values of %s", g.model, len(v), q.Model)
		}
	}
}

func (g *besideGallery) Search(_ context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) (out []watchlist.FaceMatch, more bool, err error) {
	g.check(q)
	g.saw = append(g.saw, q)
	for id, s := range g.scores {
		if s >= q.MinScore && (filter == nil || filter(id)) {
			out = append(out, watchlist.FaceMatch{Entry: id, Face: g.model, Score: s})
		}
	}
	return out, false, g.err
}

func (g *besideGallery) Compare(_ context.Context, q watchlist.FaceQuery, entries []*watchlist.Entry) (out []watchlist.FaceMatch, err error) {
	g.check(q)
	for _, e := range entries {
		s, ok := g.scores[e.ID]
		face := g.model
		if i := slices.IndexFunc(e.Faces, func(f watchlist.Face) bool { return f.Model == g.model }); !ok && i >= 0 && len(e.Faces[i].Template) == 4*g.dim {
			s, ok = g.parts[e.ID]
			face = e.Faces[i].ID
		}
		if ok {
			out = append(out, watchlist.FaceMatch{Entry: e.ID, Face: face, Score: s})
		}
	}
	return out, g.err
}

// secondCalibration is worth more at the same score than the first one.
type secondCalibration struct{ fakeCalibration }

func (secondCalibration) Version() string           { return "cal-2" }
func (secondCalibration) Cohort() string            { return "nobody else" }
func (secondCalibration) LLR(score float64) float64 { return min(20*score-3, 8) }
func (secondCalibration) FMR(score float64) float64 { return math.Min(2*(1-score), 1) }
func (secondCalibration) ThresholdAtFMR(fmr float64) float64 {
	return 1 - fmr/2
}

func (c secondCalibration) OperatingPoint(target float64, size int) (float64, float64) {
	return target / float64(size), 0.4
}

func (secondCalibration) Part(model string, t []float32) ([]float32, bool) {
	return t, model == bothModel
}

// bothEncoder makes composite templates.
type bothEncoder struct{ fakeEncoder }

func (bothEncoder) Model() string { return bothModel }

func (e bothEncoder) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	_, stages, err := e.fakeEncoder.Extract(ctx, p)
	return composite(), stages, err
}

func composite() watchlist.FaceSample {
	t := make([]float32, 256)
	t[1], t[128] = 1, 1
	return watchlist.FaceSample{Template: t, Model: bothModel}
}

// twoWorld is a node with two encoders. Entry 1 has photos of both kinds, 2 one of
// dlib alone, 3 one of both encoders.
type twoWorld struct {
	*world
	first, second *besideGallery
	listErr       error
	oldest        uint64 // that the second gallery can answer as of
}

func newTwoWorld(t *testing.T) *twoWorld {
	w := &twoWorld{world: newWorld()}
	w.first = &besideGallery{t: t, model: testModel, dim: 128, scores: map[watchlist.EntryID]float64{id(1): 0.9, id(2): 0.6}}
	w.second = &besideGallery{t: t, model: bothModel, dim: 256, scores: map[watchlist.EntryID]float64{id(1): 0.5, id(3): 0.45}}
	for n, models := range map[int][]string{1: {testModel, bothModel}, 2: {testModel}, 3: {bothModel}} {
		e := w.add(n, -1)
		for _, m := range models {
			v := make([]float32, len(strings.Split(m, watchlist.ModelJoin))*128)
			v[0], v[len(v)-1] = 0.5, 1
			e.Faces = append(e.Faces, watchlist.Face{ID: m, Model: m, Template: watchlist.EncodeTemplate(v)})
		}
	}
	return w
}

func (w *twoWorld) config() Config {
	c := w.world.config()
	c.Gallery, c.Encoder = w.first, bothEncoder{fakeEncoder{w.world}}
	second := secondCalibration{fakeCalibration{w.world}}
	c.Second = &Second{Gallery: w.second, Calibration: second, Strangers: second, Oldest: func() uint64 { return w.oldest }}
	c.List = func() iter.Seq2[*watchlist.Entry, error] {
		return func(yield func(*watchlist.Entry, error) bool) {
			for _, id := range slices.Sorted(maps.Keys(w.entries)) {
				if !yield(w.entries[id], w.listErr) {
					return
				}
			}
		}
	}
	return c
}

func (w *twoWorld) matcher(t *testing.T) *Matcher {
	t.Helper()
	m, err := New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	m.compare = w.comparators()
	return m
}

// faceLine is what a lead says of a face.
type faceLine struct {
	entry, encoder, calibration string
	score, llr                  float64
	code                        string
}

func faceLines(lead *watchlist.Lead) (out []faceLine) {
	for _, c := range lead.Candidates {
		for _, ev := range c.Evidence {
			if ev.Kind == watchlist.EvidenceFace {
				out = append(out, faceLine{string(c.Entry.ID[len(c.Entry.ID)-1:]), ev.Params["encoder"], ev.Params["calibration"], ev.Score, ev.LLR, ev.Code})
			}
		}
	}
	return out
}

// Each photo is scored in its own space, an entry's best is the one that is worth
// most by the calibration that scored it, and the lead says which that was.
func TestMatchWithTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	lead, err := w.matcher(t).Match(context.Background(), withFace(probe()))
	if err != nil {
		t.Fatal(err)
	}
	want := []faceLine{
		{"1", bothModel, "cal-2", 0.5, 7, CodeFaceReached}, // 0.9 of dlib is worth 6
		{"3", bothModel, "cal-2", 0.45, 6, CodeFaceReached},
		{"2", testModel, "cal-1", 0.6, 3, CodeFaceReached},
	}
	if d := cmp.Diff(want, faceLines(lead), cmp.AllowUnexported(faceLine{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	models := map[string]string{"encoder": testModel, "calibration": "cal-1", "encoder_second": bothModel, "calibration_second": "cal-2", "names": names.Version, "evidence": score.Shipped().Version()}
	if d := cmp.Diff(models, lead.Models); d != "" {
		t.Error(d)
	}
	// Every photo is in one gallery: a probe is compared with both, at one rate.
	first, second := lead.OperatingPoint, lead.SecondPoint
	if second == nil || first.GallerySize != 4 || second.GallerySize != 4 || first.FMR != second.FMR || first.FMR != 0.01/4 ||
		first.Threshold != testThreshold || second.Threshold != 0.4 || first.Calibration != "cal-1" || second.Calibration != "cal-2" || second.Cohort != "nobody else" {
		t.Errorf("points %+v and %+v", first, second)
	}
	if a, b := w.first.saw, w.second.saw; len(a) != 1 || len(b) != 1 || a[0].MinScore != testThreshold || b[0].MinScore != 0.4 || a[0].AsOf != 7 || b[0].AsOf != 7 {
		t.Errorf("searched %+v and %+v", a, b)
	}
	if w.second.scores[id(3)] >= testThreshold {
		t.Error("entry 3 would reach the other encoder's threshold too: the test shows nothing")
	}
}

// Where both calibrations have nothing more to say, the encoder's own space goes
// first.
func TestTieOfTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	w.first.scores[id(1)], w.second.scores[id(1)] = 1.1, 0.7 // both worth 8
	lead, err := w.matcher(t).Match(context.Background(), withFace(probe()))
	if err != nil {
		t.Fatal(err)
	}
	if l := faceLines(lead)[0]; l.entry != "1" || l.llr != 8 || l.encoder != bothModel {
		t.Errorf("%+v", l)
	}
}

// Photos of one probe are held against one another in the encoder's own space.
func TestCuesOfTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	w.first.scores["probe"], w.second.scores["probe"] = 0.9, 0.1 // worth 6 and -1
	p := probe()
	p.Photos = []watchlist.Photo{{Bytes: []byte("a"), Source: watchlist.SourceLive}, {Bytes: []byte("b"), Source: watchlist.SourceDocument}}
	lead, err := w.matcher(t).Match(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(lead.Cues, func(c watchlist.Cue) bool { return c.Code == CueDocumentUnlike })
	if i < 0 || lead.Cues[i].Score != 0.1 {
		t.Errorf("cues %+v", lead.Cues)
	}
}

// An entry that a name brought up is compared where its photos are, and reaches
// the threshold of that space or not.
func TestNamedWithTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	w.second.scores[id(3)], w.first.scores[id(2)] = 0.3, 0.45
	w.named = []watchlist.EntryID{id(2), id(3)}
	for _, name := range []string{"Name 2", "Name 3"} {
		w.nameScore[name], w.nameLLR[name] = 0.95, 3
	}
	lead, err := w.matcher(t).Match(context.Background(), withName(withFace(probe())))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]faceLine{}
	for _, l := range faceLines(lead) {
		got[l.entry] = l
	}
	// 0.45 would reach the second encoder's 0.4.
	if l := got["2"]; l.encoder != testModel || l.code != CodeFaceAlike {
		t.Errorf("entry 2: %+v", l)
	}
	if l := got["3"]; l.encoder != bothModel || l.code != CodeFaceAlike || l.llr != 3 {
		t.Errorf("entry 3: %+v", l)
	}
	w.second.err = errors.New("the second gallery is broken")
	if _, err := w.matcher(t).Match(context.Background(), withFace(probe())); err == nil || !strings.Contains(err.Error(), "face search") {
		t.Errorf("a gallery that fails makes for a shorter answer: %v", err)
	}
}

// A replay searches both galleries of the time. A score of the first encoder sets
// the second one's threshold by its false match rate.
func TestReplayWithTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	score, own, all, rate := 0.6, 0.7, -1.0, 0.5
	template := func(r *watchlist.ReplayQuery) { r.Templates = []watchlist.FaceSample{composite()} }
	for name, tc := range map[string]struct {
		change        func(*watchlist.ReplayQuery)
		first, second float64
		want          string
	}{
		"now":   {func(*watchlist.ReplayQuery) {}, testThreshold, 0.4, "1 3 2"},
		"score": {func(r *watchlist.ReplayQuery) { r.MinScore = &score }, 0.6, 0.8, "1 2"}, // FMR 0.4
		"both":  {func(r *watchlist.ReplayQuery) { r.MinScore, r.SecondMinScore = &score, &own }, 0.6, 0.7, "1 2"},
		"all":   {func(r *watchlist.ReplayQuery) { r.MinScore = &all }, -1, -1, "1 3 2"},
		"rate":  {func(r *watchlist.ReplayQuery) { r.FMR = &rate }, 0.5, 0.75, "1 2"},
	} {
		w.first.saw, w.second.saw = nil, nil
		out, err := w.matcher(t).Replay(context.Background(), replayQuery(template, tc.change))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range out.Candidates {
			got = append(got, string(c.Entry[len(c.Entry)-1:]))
			if c.Encoder != testModel && c.Encoder != bothModel || (c.Entry == id(2)) != (c.Encoder == testModel) && c.Entry != id(1) {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if strings.Join(got, " ") != tc.want || out.Point.Threshold != tc.first || out.SecondPoint == nil || math.Abs(out.SecondPoint.Threshold-tc.second) > 1e-12 ||
			w.first.saw[0].AsOf != 5 || w.second.saw[0].AsOf != 5 || out.Models["calibration_second"] != "cal-2" {
			t.Errorf("%s: %v, points %+v, %+v", name, got, out.Point, out.SecondPoint)
		}
	}
}

// Templates of dlib alone are no probes of a node with two encoders: they would
// miss the others' photos. Its own entries without the second encoder's values are
// compared all the same.
func TestProbesOfTwoEncoders(t *testing.T) {
	w := newTwoWorld(t)
	p := probe()
	p.Templates = []watchlist.FaceSample{sample(0)}
	var refused *watchlist.FaceError
	if _, err := w.matcher(t).Match(context.Background(), p); !errors.As(err, &refused) || refused.Code != watchlist.FaceModelMismatch {
		t.Errorf("a dlib template: %v", err)
	}
	q := impactQuery()
	for n, alike := range map[int]string{1: "2 3", 2: "1", 3: "1 2"} {
		q.Entry = id(n)
		out, err := w.matcher(t).Impact(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range out.Alike {
			got = append(got, string(c.Entry.ID[len(c.Entry.ID)-1:]))
		}
		faces := len(w.entries[id(n)].Faces)
		if len(out.Faces) != faces || !out.Faces[0].Comparable || !out.Faces[faces-1].Comparable || out.Point.GallerySize != 4 || out.SecondPoint == nil || out.Alerts <= 0 {
			t.Errorf("entry %d: %+v", n, out)
		}
		for _, f := range out.Faces { // each by the threshold of its own space
			threshold := map[string]float64{testModel: out.Point.Threshold, bothModel: out.SecondPoint.Threshold}[f.Face]
			if want := 0.5 * (1 - threshold); math.Abs(f.FMR-want) > 1e-9 {
				t.Errorf("entry %d: %s has FMR %v, want %v", n, f.Face, f.FMR, want)
			}
		}
		if d := cmp.Diff(strings.Fields(alike), slices.Sorted(slices.Values(got))); d != "" {
			t.Errorf("entry %d is like (-want +got)\n%s", n, d)
		}
	}
}

// A matcher says what does not fit together, and one without a second encoder says
// nothing of one.
func TestSecondConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no calibration":      func(c *Config) { c.Second.Calibration = nil },
		"no gallery":          func(c *Config) { c.Second.Gallery = nil },
		"no list":             func(c *Config) { c.List = nil },
		"encoder of one":      func(c *Config) { c.Encoder = fakeEncoder{newWorld()} },
		"another first":       func(c *Config) { c.Gallery = &besideGallery{model: "other/1"} },
		"second without name": func(c *Config) { c.Second = nil },
	} {
		c := newTwoWorld(t).config()
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	w := newWorld()
	w.add(1, 0.9)
	lead := mustMatch(t, w, withFace(probe()))
	if _, ok := lead.Models["encoder_second"]; ok || lead.SecondPoint != nil || lead.Candidates[0].Evidence[0].Params["encoder"] != "" {
		t.Errorf("%v %v %+v", lead.Models, lead.SecondPoint, lead.Candidates[0].Evidence)
	}
}

// A node with one encoder compares composite entries by their first part.
func TestImpactOfCompositeEntries(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Faces = nil
	v := composite().Template
	v[0] = 0.01
	e.Faces = append(e.Faces, watchlist.Face{ID: "c", Model: bothModel, Template: watchlist.EncodeTemplate(v)})
	out, err := w.matcher(t).Impact(context.Background(), impactQuery())
	if err != nil {
		t.Fatal(err)
	}
	if want := 0.01 * (1 - testThreshold); !out.Faces[0].Comparable || math.Abs(out.Faces[0].FMR-want) > 1e-9 || out.SecondPoint != nil {
		t.Errorf("%+v", out)
	}
}
