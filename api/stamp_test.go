package api

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/api/gen"
	"vigie/index/face"
	"vigie/matcher"
	"vigie/watchlist"
)

// hasty lets a change be applied each time after a stamp was taken.
type hasty struct {
	*world
	applied func() uint64
	after   func()
}

func (h hasty) Stamp() watchlist.ListStamp {
	s := h.world.Stamp()
	s.AppliedIndex = h.applied()
	h.after()
	return s
}

// TestReplayFindsWhatTheMatchFound: with the real matcher and gallery, an entry
// with the traveller's own face that is written between the list stamp of a match
// and its search is in neither the lead nor a replay as of its stamp.
func TestReplayFindsWhatTheMatchFound(t *testing.T) {
	r := newRig(t)
	gallery := face.New(plain{}, face.Options{})
	t.Cleanup(func() { _ = gallery.Close() }) // never fails
	sample := sampleLead(r.w).Candidates[0].Entry
	write := func(n byte) {
		e := *sample
		e.ID = sample.ID[:len(sample.ID)-1] + watchlist.EntryID('0'+n)
		r.w.entries[e.ID] = &e
		if err := gallery.Apply([]watchlist.Change{{ID: e.ID, Entry: &e}}, gallery.Applied()+1); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	n := byte(0)
	stamper := hasty{r.w, gallery.Applied, func() {
		n++
		write(n)
	}}
	m, err := matcher.New(matcher.Config{
		Gallery: gallery, Names: nameFake{r.w}, Documents: noDocuments{}, Entries: r.w, Encoder: plain{}, Calibration: plain{}, Strangers: plain{}, Stamper: stamper,
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
	body := map[string]any{"templates": []any{map[string]any{"model": testModel, "values": ramp(128)}}, "purpose": "border_check", "reason": "lane 3"}
	for round := range 3 {
		// The replay takes a stamp too: each round adds two entries.
		want := 2*round + 1
		lead := decode[gen.Lead](t, r.want(http.StatusOK, ask{method: "POST", path: "/v1/match", role: officer, body: body}))
		event := r.lastEvent()
		again := decode[gen.Replay](t, r.want(http.StatusOK, replayAsk(auditor, map[string]any{"as_of_index": event.Index})))
		var found, replayed []string
		for _, c := range lead.Candidates {
			found = append(found, c.EntryId)
		}
		for _, c := range again.Candidates {
			replayed = append(replayed, c.EntryId)
		}
		if d := cmp.Diff(found, replayed); d != "" || len(found) != want || int64(event.Index) != lead.Stamp.AppliedIndex {
			t.Errorf("at %d, event %d: %d found, want %d; -found +replayed:\n%s", lead.Stamp.AppliedIndex, event.Index, len(found), want, d)
		}
	}
}
