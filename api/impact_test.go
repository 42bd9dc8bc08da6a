package api

import (
	"net/http"
	"slices"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

func TestEntryImpact(t *testing.T) {
	r := newRig(t)
	const id, other = "SEN-0192f0c1-3333-7abc-8def-0123456789ab", "SEN-0192f0c1-3333-7abc-8def-0123456789ac"
	listed := func(id watchlist.EntryID) *watchlist.Entry {
		return &watchlist.Entry{ID: id, Category: watchlist.CategorySmuggler, Action: watchlist.ActionLocate, Status: watchlist.StatusActive, ExpiresAt: testNow.AddDate(1, 0, 0).UnixMilli()}
	}
	r.w.impact = func(q watchlist.ImpactQuery) (*watchlist.Impact, error) {
		return &watchlist.Impact{
			Query: "q-3", Entry: q.Entry, Revision: 2, Status: watchlist.StatusDraft, Stamp: r.w.Stamp(),
			Faces: []watchlist.FaceImpact{{Face: "f-1", Comparable: true, FMR: 2e-6, Typical: 1e-6}},
			Population: watchlist.PopulationImpact{
				Population: watchlist.Population{State: watchlist.PopulationReplayed, Digest: "d1", CreatedAt: testNow.UnixMilli(), Model: "m", Basis: "b"},
				Groups:     []watchlist.GroupImpact{{PopulationGroup: watchlist.PopulationGroup{Name: "g", Persons: 200, Photos: 210}, Shown: 2, MayBe: 1, Rate: 0.01, Low: 0.001, High: 0.04}},
				All:        watchlist.GroupImpact{PopulationGroup: watchlist.PopulationGroup{Name: "all", Persons: 200}},
			},
			Point: watchlist.OperatingPoint{GallerySize: 50, Threshold: 0.6}, Travellers: q.Travellers, Alerts: 0.01, TypicalAlerts: 0.005,
			Alike: []watchlist.Candidate{
				{Rank: 1, Entry: listed(other), Band: watchlist.BandStrong},
				{Rank: 2, Entry: listed(watchlist.EntryID(other[:len(other)-1] + "d")), Band: watchlist.BandWeak},
			},
		}, nil
	}
	ask := ask{
		method: "POST", path: "/v1/entries/" + id + "/impact", role: admin,
		body: map[string]any{"purpose": "investigation", "reason": "before activation", "travellers_per_day": 5000},
	}
	got := decode[gen.Impact](t, r.want(http.StatusOK, ask))
	if got.EntryId != id || got.AlertsPerDay != 0.01 || got.TravellersPerDay != 5000 || got.Faces[0].Fmr != 2e-6 || len(got.Alike) != 2 || !slices.Equal(got.Duplicates, []string{other}) || got.Notice == "" {
		t.Errorf("answer %+v", got)
	}
	if p := got.Population; p.State != "replayed" || p.Digest != "d1" || !p.CreatedAt.Equal(testNow) || p.Detail == "" || len(p.Groups) != 1 || p.All.Persons != 200 {
		t.Errorf("population %+v", p)
	} else if g := p.Groups[0]; g.Shown != 2 || g.MayBeThisPerson != 1 || g.Photos != 210 || g.AlertsPerDay != 50 || g.AlertsPerDayLow != 5 || g.AlertsPerDayHigh != 200 {
		t.Errorf("group %+v", g)
	}
	e := r.lastEvent()
	if e.Kind != watchlist.AuditSearch || e.Operation != "entryImpact" || e.Subject != id || e.Purpose != "investigation" || e.Reason != "before activation" || e.Query != "q-3" || len(e.Entries) != 2 {
		t.Errorf("event %+v", e)
	}
	for name, body := range map[string]map[string]any{
		"no reason":  {"purpose": "investigation"},
		"no traffic": {"purpose": "investigation", "reason": "review", "travellers_per_day": 0},
	} {
		bad := ask
		bad.body = body
		if rec := r.do(bad); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	r.w.impact = func(watchlist.ImpactQuery) (*watchlist.Impact, error) { return nil, watchlist.ErrNotFound }
	r.want(http.StatusNotFound, ask)
}

// Every state that the matcher gives is one of the specification's and says what to
// do.
func TestPopulationStates(t *testing.T) {
	for _, state := range []watchlist.PopulationState{
		watchlist.PopulationNone, watchlist.PopulationUnreadable, watchlist.PopulationOtherModel, watchlist.PopulationNoFace, watchlist.PopulationReplayed,
	} {
		out := populationOut(&watchlist.PopulationImpact{Population: watchlist.Population{State: state}}, 1000)
		if !out.State.Valid() || out.Detail == "" || out.Groups == nil {
			t.Errorf("%s: %+v", state, out)
		}
	}
}
