package matcher

import (
	"context"
	"errors"
	"math"
	"testing"

	"vigie/watchlist"
)

func impactQuery() watchlist.ImpactQuery {
	return watchlist.ImpactQuery{Entry: id(1), Purpose: watchlist.PurposeInvestigation, Reason: "before activation"}
}

// faceOf gives an entry a face whose template starts with v.
func faceOf(e *watchlist.Entry, name string, v float32, model string, flags ...string) {
	t := make([]float32, 128)
	t[0], t[1] = v, 1
	e.Faces = append(e.Faces, watchlist.Face{ID: name, Model: model, Template: watchlist.EncodeTemplate(t), Quality: watchlist.FaceQuality{Flags: flags}})
}

func TestImpact(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Faces = nil
	e.Status = watchlist.StatusDraft
	faceOf(e, "a", 0.01, testModel)
	faceOf(e, "b", 0.02, testModel)
	faceOf(e, "c", 0.5, "another")
	w.add(2, 0.8)
	out, err := w.matcher(t).Impact(context.Background(), impactQuery())
	if err != nil {
		t.Fatal(err)
	}
	if out.Entry != id(1) || out.Status != watchlist.StatusDraft || out.Point.GallerySize != 2+2 || out.Travellers != watchlist.DefaultTravellers || out.Query == "" {
		t.Errorf("%+v", out)
	}
	far := 1 - testThreshold
	want := watchlist.DefaultTravellers * (1 - (1-0.01*far)*(1-0.02*far))
	if len(out.Faces) != 3 || out.Faces[2].Comparable || out.Faces[2].FMR != 0 || math.Abs(out.Alerts-want) > want/1e5 || !(out.TypicalAlerts > 0 && out.TypicalAlerts < out.Alerts) {
		t.Errorf("alerts %g instead of %g, faces %+v", out.Alerts, want, out.Faces)
	}
	if len(out.Alike) != 1 || out.Alike[0].Entry.ID != id(2) || out.Alike[0].Rank != 1 {
		t.Errorf("alike: %+v", out.Alike)
	}
	q := impactQuery()
	q.Travellers = 10
	if half, err := w.matcher(t).Impact(context.Background(), q); err != nil || math.Abs(half.Alerts-want/100) > want/1e5 {
		t.Errorf("at 10 travellers: %v, %v", half, err)
	}
}

// Photos of low quality alone are held to a stricter threshold, here too; an
// active entry is in the gallery already, and is not like itself.
func TestImpactOfActiveAndPoor(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Faces = nil
	faceOf(e, "a", 0.01, testModel, watchlist.FlagLowQualityReference)
	faceOf(e, "b", 0.01, "another") // is never compared
	out, err := w.matcher(t).Impact(context.Background(), impactQuery())
	if err != nil {
		t.Fatal(err)
	}
	if out.Point.GallerySize != 1 || len(out.Alike) != 0 {
		t.Errorf("gallery %d, alike %+v", out.Point.GallerySize, out.Alike)
	}
	if want := 0.01 * (1 - out.Point.LowQualityThreshold); math.Abs(out.Faces[0].FMR-want) > 1e-9 {
		t.Errorf("rate %g instead of %g", out.Faces[0].FMR, want)
	}
}

func TestImpactRefusals(t *testing.T) {
	w := newWorld()
	m := w.matcher(t)
	if _, err := m.Impact(context.Background(), impactQuery()); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("an unknown entry: %v", err)
	}
	w.add(1, 0.5)
	for pointer, change := range map[string]func(*watchlist.ImpactQuery){
		"/purpose":            func(q *watchlist.ImpactQuery) { q.Purpose = "" },
		"/reason":             func(q *watchlist.ImpactQuery) { q.Reason = " " },
		"/travellers_per_day": func(q *watchlist.ImpactQuery) { q.Travellers = math.NaN() },
	} {
		q := impactQuery()
		change(&q)
		var errs watchlist.ValidationError
		if _, err := m.Impact(context.Background(), q); !errors.As(err, &errs) || errs[0].Pointer != pointer {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}
