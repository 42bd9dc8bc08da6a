package matcher

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

const (
	testModel = "test/128"
	testNow   = int64(1_000_000)
	// testThreshold is the operating point's, whatever the gallery's size.
	testThreshold = 0.5
)

// world holds fakes that answer what a test tells them, and the matcher over
// them.
type world struct {
	entries   map[watchlist.EntryID]*watchlist.Entry
	faces     map[watchlist.EntryID]float64 // face score of each entry's photo
	faceMore  bool
	named     []watchlist.EntryID // what the name index returns
	documents []watchlist.DocumentMatch
	// Scores and LLRs of the comparators; an entry's absence means nothing to
	// compare. Names are keyed by the full name of the entry, the others by entry.
	nameScore map[string]float64
	nameLLR   map[string]float64
	birthLLR  map[string]float64 // by place of birth

	registryErr              error
	faceErr, nameErr, docErr error
	panicIn                  string
	onSearch                 func(context.Context) error
	sawK                     int
	searches                 []watchlist.FaceQuery
	searching, mostSearching atomic.Int32
	targets                  []float64
	extract                  func(watchlist.Photo) (watchlist.FaceSample, error)
}

func newWorld() *world {
	return &world{
		entries: map[watchlist.EntryID]*watchlist.Entry{}, faces: map[watchlist.EntryID]float64{},
		nameScore: map[string]float64{}, nameLLR: map[string]float64{}, birthLLR: map[string]float64{},
	}
}

func id(n int) watchlist.EntryID {
	return watchlist.NewEntryID("UTO", fmt.Sprintf("01920000-0000-7000-8000-%012d", n))
}

// add puts an active entry with one primary name and, if face is above -1, one
// photo in the world.
func (w *world) add(n int, face float64) *watchlist.Entry {
	e := &watchlist.Entry{
		ID: id(n), Status: watchlist.StatusActive, ExpiresAt: testNow + 1,
		Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: fmt.Sprintf("Name %d", n)}},
	}
	if face > -1 {
		e.Faces = []watchlist.Face{{ID: "photo", Model: testModel}}
		w.faces[e.ID] = face
	}
	w.entries[e.ID] = e
	return e
}

func (w *world) matcher(t testing.TB) *Matcher {
	t.Helper()
	m, err := New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	m.compare = w.comparators()
	return m
}

func (w *world) config() Config {
	return Config{
		Gallery: fakeGallery{w}, Names: fakeNames{w}, Documents: fakeDocuments{w}, Entries: fakeEntries{w},
		Encoder: fakeEncoder{w}, Calibration: fakeCalibration{w}, Strangers: fakeCalibration{w}, Stamper: fakeStamper{w},
		Oldest:     func() uint64 { return 3 },
		Clock:      func() int64 { return testNow },
		NewQueryID: func() watchlist.QueryID { return "query-1" },
		BaseRate:   0.001, TargetFPIR: 0.01,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func (w *world) comparators() comparators {
	return comparators{
		names: func(*names.Table, []watchlist.Name) func([]watchlist.Name) (watchlist.Evidence, bool) {
			return w.compareNames
		},
		birth: func(_ watchlist.Birth, entry []watchlist.Birth) (watchlist.Evidence, bool) {
			llr, ok := w.birthLLR[entry[0].Place]
			return watchlist.Evidence{Kind: watchlist.EvidenceBirth, LLR: llr, Code: "birth", Reason: "Naissance."}, ok
		},
		sex: func(p, e watchlist.Sex) (watchlist.Evidence, bool) {
			llr := -1.5
			if p == e {
				llr = 0.3
			}
			return watchlist.Evidence{Kind: watchlist.EvidenceSex, LLR: llr, Code: "sex", Reason: "Sexe."}, true
		},
		nationality: func(watchlist.Country, []watchlist.Country) (watchlist.Evidence, bool) {
			return watchlist.Evidence{Kind: watchlist.EvidenceNationality, LLR: 0.2, Code: "nationality", Reason: "Nationalité."}, true
		},
		document: func(p, e []watchlist.Document) (watchlist.Evidence, bool) {
			if p[0].Number != e[0].Number {
				return watchlist.Evidence{}, false
			}
			return watchlist.Evidence{Kind: watchlist.EvidenceDocument, LLR: 5, Code: "document", Reason: "Document."}, true
		},
	}
}

// compareNames reports the best name of an entry, as matcher/score does.
func (w *world) compareNames(entry []watchlist.Name) (best watchlist.Evidence, ok bool) {
	for i, n := range entry {
		s, known := w.nameScore[n.Full]
		if !known || ok && s <= best.Score {
			continue
		}
		best = watchlist.Evidence{
			Kind: watchlist.EvidenceName, Score: s, LLR: w.nameLLR[n.Full], Code: "name", Reason: "Nom.",
			Params: map[string]string{"kind": string(n.Kind), "name": strconv.Itoa(i)},
		}
		ok = true
	}
	return best, ok
}

type (
	fakeGallery     struct{ w *world }
	fakeNames       struct{ w *world }
	fakeDocuments   struct{ w *world }
	fakeEntries     struct{ w *world }
	fakeEncoder     struct{ w *world }
	fakeCalibration struct{ w *world }
	fakeStamper     struct{ w *world }
)

func (f fakeGallery) Model() string { return testModel }
func (f fakeGallery) Size() int     { return len(f.w.faces) }

func (f fakeGallery) Search(ctx context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error) {
	f.w.boom("face")
	f.w.mostSearching.Store(max(f.w.mostSearching.Load(), f.w.searching.Add(1)))
	defer f.w.searching.Add(-1)
	if f.w.onSearch != nil {
		if err := f.w.onSearch(ctx); err != nil {
			return nil, false, err
		}
	}
	f.w.sawK, f.w.searches = q.K, append(f.w.searches, q)
	var out []watchlist.FaceMatch
	for id, s := range f.w.faces {
		if s += float64(q.Template[0]); s >= q.MinScore && (filter == nil || filter(id)) {
			out = append(out, watchlist.FaceMatch{Entry: id, Face: "photo", Score: s})
		}
	}
	return out, f.w.faceMore, f.w.faceErr
}

func (f fakeGallery) Compare(_ context.Context, q watchlist.FaceQuery, entries []*watchlist.Entry) ([]watchlist.FaceMatch, error) {
	f.w.boom("compare")
	var out []watchlist.FaceMatch
	for _, e := range entries {
		if s, ok := f.w.faces[e.ID]; ok {
			out = append(out, watchlist.FaceMatch{Entry: e.ID, Face: e.Faces[0].ID, Score: s + float64(q.Template[0])})
		}
	}
	return out, nil
}

func (f fakeNames) Search(ctx context.Context, _ watchlist.NameQuery) ([]watchlist.NameMatch, error) {
	f.w.boom("name")
	if f.w.onSearch != nil {
		if err := f.w.onSearch(ctx); err != nil {
			return nil, err
		}
	}
	var out []watchlist.NameMatch
	for _, id := range f.w.named {
		m := watchlist.NameMatch{Entry: id}
		if e := f.w.entries[id]; e != nil {
			ev, _ := f.w.compareNames(e.Names)
			m.Score = ev.Score
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b watchlist.NameMatch) int { return cmp.Compare(b.Score, a.Score) })
	return out, f.w.nameErr
}

func (f fakeDocuments) Search(context.Context, []watchlist.Document) ([]watchlist.DocumentMatch, error) {
	f.w.boom("document")
	return f.w.documents, f.w.docErr
}

func (f fakeEntries) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	if f.w.registryErr != nil {
		return nil, f.w.registryErr
	}
	e, ok := f.w.entries[id]
	if !ok {
		return nil, fmt.Errorf("entry: %w", watchlist.ErrNotFound)
	}
	return e, nil
}

func (f fakeEncoder) Model() string { return testModel }

func (f fakeEncoder) Extract(_ context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	f.w.boom("encoder")
	stages := []watchlist.StageTime{{Stage: "decode", Micros: 10}, {Stage: "embed", Micros: 100}}
	if f.w.extract != nil {
		s, err := f.w.extract(p)
		return s, stages, err
	}
	return sample(0), stages, nil
}

func (f fakeCalibration) LLR(score float64) float64 { return 10*score - 3 }
func (f fakeCalibration) Version() string           { return "cal-1" }
func (f fakeCalibration) Cohort() string            { return "nobody" }

func (f fakeCalibration) OperatingPoint(target float64, size int) (float64, float64) {
	f.w.targets = append(f.w.targets, target)
	return target / float64(max(size, 1)), testThreshold
}

// FMROf makes more strangers of a template whose first value is larger.
func (f fakeCalibration) FMROf(t []float32, score float64) (float64, float64, error) {
	return float64(t[0]) * (1 - score), (1 - score) / 100, nil
}

func (f fakeCalibration) ThresholdAtFMR(fmr float64) float64 { return 1 - fmr }

func (f fakeCalibration) FMR(score float64) float64 { return 1 - score }

func (f fakeCalibration) Part(model string, t []float32) ([]float32, bool) {
	switch {
	case model == testModel:
		return t, true
	case watchlist.ModelHasPart(model, testModel):
		return t[:128], true
	}
	return nil, false
}

func (f fakeStamper) Stamp() watchlist.ListStamp {
	return watchlist.ListStamp{Node: "n1", AppliedIndex: 7, Entries: len(f.w.entries), Connected: true}
}

func (w *world) boom(part string) {
	if w.panicIn == part {
		panic("DIALLO of " + part) // a value that must not reach an error
	}
}

// sample is a template that shifts every fake face score by shift.
func sample(shift float64) watchlist.FaceSample {
	t := make([]float32, 128)
	t[0], t[1] = float32(shift), 1
	return watchlist.FaceSample{Template: t, Model: testModel}
}

// probe is a valid probe with nothing to search for.
func probe() watchlist.Probe {
	return watchlist.Probe{Purpose: watchlist.PurposeTest, Reason: "test"}
}

func withFace(p watchlist.Probe) watchlist.Probe {
	p.Photos = []watchlist.Photo{{Bytes: []byte("jpeg")}}
	return p
}

func withName(p watchlist.Probe) watchlist.Probe {
	p.Names = []watchlist.Name{{Full: "Mamadou Diallo"}}
	return p
}

func withDocument(p watchlist.Probe) watchlist.Probe {
	p.Documents = []watchlist.Document{{Number: "A01234567"}}
	return p
}

func mustMatch(t testing.TB, w *world, p watchlist.Probe) *watchlist.Lead {
	t.Helper()
	lead, err := w.matcher(t).Match(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return lead
}
