package matcher

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vigie/watchlist"
)

func line(kind watchlist.EvidenceKind, llr float64) watchlist.Evidence {
	return watchlist.Evidence{Kind: kind, LLR: llr, Code: "x"}
}

func TestBands(t *testing.T) {
	const face, name, birth, sex, document = watchlist.EvidenceFace, watchlist.EvidenceName, watchlist.EvidenceBirth, watchlist.EvidenceSex, watchlist.EvidenceDocument
	for _, c := range []struct {
		name     string
		evidence []watchlist.Evidence
		by       Admission
		prior    float64
		want     watchlist.Band
	}{
		{"nothing", nil, Admission{}, -6, watchlist.BandWeak},
		{"face alone, certain", []watchlist.Evidence{line(face, 20)}, Admission{Face: true}, -6, watchlist.BandPossible},
		{"name alone, certain", []watchlist.Evidence{line(name, 20)}, Admission{Name: true}, -6, watchlist.BandPossible},
		{"document alone, certain", []watchlist.Evidence{line(document, 20)}, Admission{Document: true, Exact: true}, -6, watchlist.BandPossible},
		{"name and sex", []watchlist.Evidence{line(name, 20), line(sex, 2)}, Admission{Name: true}, -6, watchlist.BandPossible},
		{"face and name", []watchlist.Evidence{line(face, 4), line(name, 4)}, Admission{Face: true, Name: true}, -6, watchlist.BandStrong},
		{"name and birth", []watchlist.Evidence{line(name, 4), line(birth, 3)}, Admission{Name: true}, -6, watchlist.BandStrong},
		{"face and name, long list", []watchlist.Evidence{line(face, 4), line(name, 4)}, Admission{Face: true, Name: true}, -10, watchlist.BandPossible},
		{"face and name, contradicted", []watchlist.Evidence{line(face, 8), line(name, 4), line(birth, -2)}, Admission{Face: true}, -6, watchlist.BandPossible},
		{"face at the threshold, long list", []watchlist.Evidence{line(face, 4)}, Admission{Face: true}, -10, watchlist.BandPossible},
		{"face refuted", []watchlist.Evidence{line(face, 0.9), line(birth, -3)}, Admission{Face: true}, -10, watchlist.BandWeak},
		{"face, and another's papers", []watchlist.Evidence{line(face, 4), line(birth, -3), line(name, -2)}, Admission{Face: true}, -10, watchlist.BandPossible},
		{"common name, long list", []watchlist.Evidence{line(name, 1.9)}, Admission{Name: true}, -8, watchlist.BandWeak},
		{"rare name, long list", []watchlist.Evidence{line(name, 3)}, Admission{Name: true}, -9, watchlist.BandPossible},
		{"rare name, refuted", []watchlist.Evidence{line(name, 3), line(birth, -2), line(sex, -1.3)}, Admission{Name: true}, -9, watchlist.BandWeak},
		{"near document, long list", []watchlist.Evidence{line(document, 3)}, Admission{Document: true}, -8, watchlist.BandWeak},
		{"same document, long list", []watchlist.Evidence{line(document, 3)}, Admission{Document: true, Exact: true}, -8, watchlist.BandPossible},
	} {
		if f := (SumFuser{}).Fuse(c.evidence, c.by, c.prior); f.Band != c.want {
			t.Errorf("%s: band %s, want %s (odds %v)", c.name, f.Band, c.want, f.LogOdds)
		}
	}
}

// A line of rounding size has nothing to give back.
func TestNextToNothingIsNotAdjusted(t *testing.T) {
	f := SumFuser{}.Fuse([]watchlist.Evidence{line(watchlist.EvidenceSex, -5.551115123125783e-17)}, Admission{}, -1)
	for _, a := range f.Adjustments {
		if a.Code == CodePapersMayBeAnothers {
			t.Errorf("%+v", a)
		}
	}
}

func TestSumFuserProperties(t *testing.T) {
	kinds := []watchlist.EvidenceKind{
		watchlist.EvidenceFace, watchlist.EvidenceName, watchlist.EvidenceBirth,
		watchlist.EvidenceSex, watchlist.EvidenceNationality, watchlist.EvidenceDocument,
	}
	order := []watchlist.Band{watchlist.BandWeak, watchlist.BandPossible, watchlist.BandStrong}
	rapid.Check(t, func(t *rapid.T) {
		var ev []watchlist.Evidence
		for _, k := range kinds {
			if rapid.Bool().Draw(t, string(k)) {
				ev = append(ev, line(k, rapid.Float64Range(-8, 8).Draw(t, "llr")))
			}
		}
		by := Admission{Face: rapid.Bool().Draw(t, "by face"), Name: rapid.Bool().Draw(t, "by name"), Exact: rapid.Bool().Draw(t, "exact")}
		prior := rapid.Float64Range(-12, 0).Draw(t, "prior")
		f := SumFuser{}.Fuse(ev, by, prior)
		sum, face := prior, 0.0
		for _, e := range ev {
			sum += e.LLR
			if e.Kind == watchlist.EvidenceFace {
				face = e.LLR
			}
		}
		for _, a := range f.Adjustments {
			sum += a.LLR
			if a.LLR > 0 != (a.Code == CodePapersMayBeAnothers) || a.Code == "" || a.Reason == "" {
				t.Fatalf("adjustment %+v", a)
			}
		}
		if math.Abs(f.LogOdds-sum) > 1e-9 {
			t.Fatalf("odds %v, but prior, lines and adjustments add up to %v", f.LogOdds, sum)
		}
		if len(ev) == 1 && f.Band == watchlist.BandStrong {
			t.Fatal("one line of evidence alone is strong")
		}
		if len(ev) > 0 && f.LogOdds-face > max(borrowedOdds+unsaid, prior)+1e-9 {
			t.Fatalf("papers alone come to odds of %v", f.LogOdds-face)
		}
		if len(ev) == 0 {
			return
		}
		// More support for what is there never lowers the band.
		better := slices.Clone(ev)
		better[rapid.IntRange(0, len(ev)-1).Draw(t, "which")].LLR += 2
		up := SumFuser{}.Fuse(better, by, prior)
		if slices.Index(order, up.Band) < slices.Index(order, f.Band) || up.LogOdds < f.LogOdds-1e-9 {
			t.Fatalf("more support lowers the lead from %s, %v, to %s, %v", f.Band, f.LogOdds, up.Band, up.LogOdds)
		}
	})
}

// TestLeadProperties holds the lead to its promises on random worlds.
func TestLeadProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		admitted := map[watchlist.EntryID]bool{}
		for n := range rapid.IntRange(0, 15).Draw(t, "entries") {
			face := rapid.SampledFrom([]float64{-1, 0.1, 0.49, 0.5, 0.8, 0.8}).Draw(t, "face")
			e := w.add(n, face)
			e.Status = rapid.SampledFrom([]watchlist.Status{watchlist.StatusActive, watchlist.StatusActive, watchlist.StatusSuspended}).Draw(t, "status")
			e.ExpiresAt = testNow + rapid.Int64Range(-1, 1).Draw(t, "expires")
			full := e.Names[0].Full
			w.nameScore[full] = rapid.SampledFrom([]float64{0, 0.79, 0.8, 1}).Draw(t, "name")
			w.nameLLR[full] = 4*w.nameScore[full] - 1
			w.named = append(w.named, e.ID)
			admitted[e.ID] = e.Matchable(testNow) && (face >= testThreshold || w.nameScore[full] >= NameThreshold)
		}
		p := withName(withFace(probe()))
		p.Limit = rapid.IntRange(1, 20).Draw(t, "limit")
		m, err := New(w.config())
		if err != nil {
			t.Fatal(err)
		}
		m.compare = w.comparators()
		lead, err := m.Match(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, ok := range admitted {
			if ok {
				want++
			}
		}
		if len(lead.Candidates) != min(want, p.Limit) || lead.Truncated != (want > p.Limit) {
			t.Fatalf("%d candidates, truncated %v; %d admitted, limit %d", len(lead.Candidates), lead.Truncated, want, p.Limit)
		}
		for i, c := range lead.Candidates {
			if !admitted[c.Entry.ID] || c.Rank != i+1 {
				t.Fatalf("candidate %s at %d, rank %d", c.Entry.ID, i, c.Rank)
			}
			if i > 0 {
				last := lead.Candidates[i-1]
				if c.LogOdds > last.LogOdds || c.LogOdds == last.LogOdds && c.Entry.ID < last.Entry.ID {
					t.Fatalf("candidates %d and %d are out of order", i, i+1)
				}
			}
			for _, ev := range c.Evidence {
				if ev.Code == "" || ev.Reason == "" || strings.ContainsAny(ev.Reason, "%") {
					t.Fatalf("evidence %+v", ev)
				}
			}
		}
		again, err := m.Match(context.Background(), p)
		if err != nil || summary(again) != summary(lead) {
			t.Fatalf("the same probe gives %q, then %q, error %v", summary(lead), summary(again), err)
		}
	})
}
