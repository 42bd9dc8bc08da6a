package fusion

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"runtime"
	"sync"

	"vigie/index/document"
	"vigie/index/face"
	"vigie/index/name"
	"vigie/matcher"
	"vigie/matcher/score"
	"vigie/models"
	"vigie/watchlist"
)

// world is the matcher over the indexes of one list.
type world struct {
	list      []*watchlist.Entry
	byID      map[watchlist.EntryID]*watchlist.Entry
	gallery   *face.Gallery
	names     *name.Index
	documents *document.Index
	matcher   *matcher.Matcher
}

// Entry implements matcher.Entries.
func (w *world) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	if e := w.byID[id]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("entry: %w", watchlist.ErrNotFound)
}

// Stamp implements matcher.Stamper.
func (w *world) Stamp() watchlist.ListStamp {
	return watchlist.ListStamp{Node: "bench", AppliedIndex: 1, Entries: len(w.list), Connected: true}
}

// noPhotos is the encoder of probes that bring templates.
type noPhotos string

func (e noPhotos) Model() string { return string(e) }

func (noPhotos) Extract(context.Context, watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, &watchlist.FaceError{Code: watchlist.FaceEngineAbsent}
}

func all(list []*watchlist.Entry) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func newWorld(list []*watchlist.Entry, cal *models.Calibration) (*world, error) {
	w := &world{list: list, byID: map[watchlist.EntryID]*watchlist.Entry{}, gallery: face.New(cal, face.Options{}), documents: document.New()}
	for _, e := range list {
		w.byID[e.ID] = e
	}
	var err error
	if w.names, err = name.New(); err != nil {
		return nil, err
	}
	for _, rebuild := range []func(iter.Seq2[*watchlist.Entry, error], uint64) error{w.gallery.Rebuild, w.names.Rebuild, w.documents.Rebuild} {
		if err := rebuild(all(list), 1); err != nil {
			return nil, err
		}
	}
	w.matcher, err = matcher.New(matcher.Config{
		Gallery: w.gallery, Names: w.names, Documents: w.documents, Entries: w, Encoder: noPhotos(cal.Model()),
		Calibration: cal, Strangers: cal, Stamper: w, Oldest: w.gallery.Oldest, Clock: func() int64 { return 1 },
		NewQueryID: func() watchlist.QueryID { return "bench" }, BaseRate: baseRate, TargetFPIR: targetFPIR,
		Logger: slog.New(slog.DiscardHandler),
	})
	return w, err
}

func (w *world) close() {
	_ = w.gallery.Close()
	_ = w.names.Close()
}

// result is one search: for each evidence the highest value of the list, or of the
// mate's entry, and -Inf where there is none.
type result struct {
	mated bool
	who   int
	value [kinds]float64
	// top is the posterior log10 odds of the first candidate under the stream's own
	// share of mated travellers; right tells that it is the mate, none that there is
	// no candidate.
	top         float64
	right, none bool
	band        watchlist.Band // of the mate or, for others, of the first candidate
}

// search asks for all travellers, on all cores.
func (w *world) search(ctx context.Context, travellers []traveller) ([]result, error) {
	out := make([]result, len(travellers))
	share := 0.0
	for _, t := range travellers {
		if t.mate != "" {
			share++
		}
	}
	share /= float64(len(travellers))
	prior := math.Log10(share / (1 - share) / float64(len(w.list)))
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for k := range errs {
		wg.Go(func() {
			for i := k; i < len(travellers) && errs[k] == nil; i += len(errs) {
				out[i], errs[k] = w.one(ctx, &travellers[i], prior)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *world) one(ctx context.Context, t *traveller, prior float64) (result, error) {
	r := result{mated: t.mate != "", who: t.who, top: math.Inf(-1), none: true}
	for k := range r.value {
		r.value[k] = math.Inf(-1)
	}
	if err := w.singles(ctx, t, &r); err != nil {
		return r, err
	}
	lead, err := w.matcher.Match(ctx, t.probe)
	if err != nil {
		return r, err
	}
	for i, c := range lead.Candidates {
		if t.mate == "" && i == 0 || c.Entry.ID == t.mate {
			r.value[kindFusion], r.band = c.LogOdds, c.Band
		}
		if f := (matcher.SumFuser{}).Fuse(c.Evidence, matcher.Admission{}, prior); f.LogOdds > r.top {
			r.top, r.right, r.none = f.LogOdds, c.Entry.ID == t.mate, false
		}
	}
	return r, nil
}

// singles measures each evidence by itself.
func (w *world) singles(ctx context.Context, t *traveller, r *result) error {
	against := w.list
	if t.mate != "" {
		against = []*watchlist.Entry{w.byID[t.mate]}
	}
	raise := func(k kind, v float64, ok bool) {
		if ok {
			r.value[k] = max(r.value[k], v)
		}
	}
	if len(t.probe.Templates) > 0 {
		q := watchlist.FaceQuery{Template: t.probe.Templates[0].Template, Model: t.probe.Templates[0].Model, K: 1, MinScore: -1}
		search := func() ([]watchlist.FaceMatch, error) {
			if t.mate != "" {
				return w.gallery.Compare(ctx, q, against)
			}
			m, _, err := w.gallery.Search(ctx, q, nil)
			return m, err
		}
		found, err := search()
		if err != nil {
			return err
		}
		for _, m := range found {
			raise(kindFace, m.Score, true)
		}
	}
	named, err := w.named(ctx, t, against)
	if err != nil {
		return err
	}
	probe := score.NewNames(t.probe.Names)
	for _, e := range named {
		ev, ok := probe.Compare(e.Names, false)
		raise(kindName, ev.LLR, ok)
		raise(kindSimilarity, ev.Score, ok)
	}
	for _, e := range against {
		ev, ok := score.CompareBirth(t.probe.Birth, e.Births)
		raise(kindBirth, ev.LLR, ok)
		if len(e.Documents) > 0 {
			ev, ok = score.CompareDocument(t.probe.Documents, e.Documents)
			raise(kindDocument, ev.LLR, ok)
		}
	}
	return nil
}

// named are the entries whose names are worth comparing.
func (w *world) named(ctx context.Context, t *traveller, against []*watchlist.Entry) ([]*watchlist.Entry, error) {
	if t.mate != "" {
		return against, nil
	}
	found, err := w.names.Search(ctx, watchlist.NameQuery{Names: t.probe.Names, K: 200})
	if err != nil {
		return nil, err
	}
	var out []*watchlist.Entry
	for _, m := range found {
		out = append(out, w.byID[m.Entry])
	}
	return out, nil
}
