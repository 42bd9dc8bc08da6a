package api

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"vigie/api/gen"
	"vigie/index/face"
	"vigie/matcher"
	"vigie/watchlist"
)

// plain is a space and a calibration for templates of testModel.
type plain struct{}

func (plain) Model() string   { return testModel }
func (plain) Version() string { return "v1" }
func (plain) Cohort() string  { return "nobody" }

func (plain) Agreement() float64 { return 1 }

func (plain) Project(t []float32) ([]float32, error) {
	sum := 0.0
	for _, v := range t {
		sum += float64(v) * float64(v)
	}
	out := make([]float32, len(t))
	for i, v := range t {
		out[i] = float32(float64(v) / math.Sqrt(sum))
	}
	return out, nil
}

func (plain) LLR(score float64) float64                          { return score }
func (plain) FMROf([]float32, float64) (a, b float64, err error) { return 0, 0, nil }
func (plain) ThresholdAtFMR(float64) float64                     { return 0.5 }
func (plain) FMR(float64) float64                                { return 0.001 }
func (plain) Part(_ string, t []float32) ([]float32, bool)       { return t, true }
func (plain) OperatingPoint(float64, int) (float64, float64)     { return 0.001, 0.5 }
func (plain) Extract(context.Context, watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, errFake
}

type noDocuments struct{}

func (noDocuments) Search(context.Context, []watchlist.Document) ([]watchlist.DocumentMatch, error) {
	return nil, nil
}

// stuck is a registry that answers nobody before release; begun gets one for
// each reader.
type stuck struct {
	*world
	begun, release chan struct{}
}

func (s stuck) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	select {
	case s.begun <- struct{}{}:
	default:
	}
	<-s.release
	return s.world.Entry(id)
}

// fullNode serves over a gallery that lets nobody wait, and whose passes stand
// still at the registry.
func fullNode(t *testing.T) (*rig, stuck) {
	t.Helper()
	r := newRig(t)
	reg := stuck{r.w, make(chan struct{}, runtime.GOMAXPROCS(0)), make(chan struct{})}
	gallery := face.New(plain{}, face.Options{MaxWaiting: -1, Parallel: -1})
	t.Cleanup(func() {
		if err := gallery.Close(); err != nil {
			t.Error(err)
		}
	})
	e := sampleLead(r.w).Candidates[0].Entry
	r.w.entries[e.ID] = e
	if err := gallery.Apply([]watchlist.Change{{ID: e.ID, Entry: e, Index: 9}}, 10); err != nil {
		t.Fatal(err)
	}
	m, err := matcher.New(matcher.Config{
		Gallery: gallery, Names: nameFake{r.w}, Documents: noDocuments{}, Entries: reg, Encoder: plain{}, Calibration: plain{}, Strangers: plain{}, Stamper: r.w,
		Oldest: gallery.Oldest, Clock: testNow.UnixMilli, NewQueryID: func() watchlist.QueryID { return "q-1" },
		BaseRate: 0.001, TargetFPIR: 0.01, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	deps := r.w.deps()
	deps.Matcher = m
	if r.s, err = New(deps, r.s.optWithout()); err != nil {
		t.Fatal(err)
	}
	return r, reg
}

// TestGalleryQueueIsFull: with the real matcher and gallery, whoever comes while
// every core searches and nobody may wait is told to come again, at once, and
// those who search are not disturbed.
func TestGalleryQueueIsFull(t *testing.T) {
	r, reg := fullNode(t)
	body := map[string]any{"templates": []any{map[string]any{"model": testModel, "values": ramp(128)}}, "purpose": "border_check", "reason": "lane 3"}
	match := ask{method: "POST", path: "/v1/match", role: officer, body: body}
	var wg sync.WaitGroup
	served := make([]*httptest.ResponseRecorder, runtime.GOMAXPROCS(0))
	for i := range served {
		req := r.request(match)
		served[i] = httptest.NewRecorder()
		wg.Go(func() { r.s.Handler().ServeHTTP(served[i], req) })
	}
	for range served {
		<-reg.begun
	}
	for _, a := range []ask{match, replayAsk(auditor, map[string]any{"as_of_index": 10})} {
		rec := r.do(a)
		if p := decode[gen.Problem](t, rec); rec.Code != http.StatusServiceUnavailable || p.Code != "overloaded" || rec.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s", a.path, rec.Code, rec.Body)
		}
		if e := r.lastEvent(); e.Outcome != "overloaded" || e.Purpose == "" {
			t.Errorf("%s: event %+v", a.path, e)
		}
	}
	close(reg.release)
	wg.Wait()
	for i, rec := range served {
		if lead := decode[gen.Lead](t, rec); rec.Code != http.StatusOK || len(lead.Candidates) != 1 {
			t.Errorf("search %d: %d %s", i, rec.Code, rec.Body)
		}
	}
	text := r.want(http.StatusOK, ask{method: "GET", path: "/metrics", role: admin}).Body.String()
	if !strings.Contains(text, `vigie_searches_refused_total{queue="gallery"} 2`) {
		t.Error("the refusals are not counted")
	}
	// Afterwards there is room again, and the replay has the score of the match.
	lead := decode[gen.Lead](t, r.want(http.StatusOK, match))
	again := decode[gen.Replay](t, r.want(http.StatusOK, replayAsk(auditor, map[string]any{"as_of_index": 10})))
	if len(again.Candidates) != 1 || again.Candidates[0].Score != lead.Candidates[0].Evidence[0].Score || again.Candidates[0].Status != "active" {
		t.Errorf("replay %+v", again)
	}
}
