package watchlist_test

import (
	"strings"
	"testing"

	"vigie/watchlist"
)

func decision() watchlist.CalibrationDecision {
	return watchlist.CalibrationDecision{
		Version: "c0123456789ab", Model: "m", File: watchlist.BlobID(strings.Repeat("a", 64)), Reason: "mesurée sur davantage de personnes",
	}
}

func TestCalibrationDecisionValidate(t *testing.T) {
	good := decision()
	if v := good.Validate(); len(v) > 0 {
		t.Fatalf("a good decision: %v", v)
	}
	for name, c := range map[string]struct {
		change  func(*watchlist.CalibrationDecision)
		pointer string
	}{
		"no reason":         {func(d *watchlist.CalibrationDecision) { d.Reason = "" }, "/reason"},
		"blank reason":      {func(d *watchlist.CalibrationDecision) { d.Reason = "   a b c   \t\n        " }, "/reason"},
		"short reason":      {func(d *watchlist.CalibrationDecision) { d.Reason = "éééééé" }, "/reason"},
		"long reason":       {func(d *watchlist.CalibrationDecision) { d.Reason = strings.Repeat("x", 1001) }, "/reason"},
		"no version":        {func(d *watchlist.CalibrationDecision) { d.Version = "" }, "/file"},
		"version as a path": {func(d *watchlist.CalibrationDecision) { d.Version = "../c1" }, "/file"},
		"no model":          {func(d *watchlist.CalibrationDecision) { d.Model = "" }, "/file"},
		"no file":           {func(d *watchlist.CalibrationDecision) { d.File = "" }, "/file"},
	} {
		d := decision()
		c.change(&d)
		if v := d.Validate(); len(v) != 1 || v[0].Pointer != c.pointer {
			t.Errorf("%s: %v, want %s", name, v, c.pointer)
		}
	}
}

func TestCalibrationAsOf(t *testing.T) {
	history := []watchlist.CalibrationDecision{{Version: "a", Index: 4, Shipped: true}, {Version: "b", Index: 9}, {Version: "c", Index: 12}}
	for index, want := range map[uint64]string{1: "a", 4: "a", 8: "a", 9: "b", 11: "b", 12: "c", 99: "c"} {
		if got := watchlist.CalibrationAsOf(history, index); got != want {
			t.Errorf("as of %d: %q, want %q", index, got, want)
		}
	}
	if got := watchlist.CalibrationAsOf(history[1:], 3); got != "" {
		t.Errorf("before a first decision that tells nothing: %q", got)
	}
	if got := watchlist.CalibrationAsOf(nil, 3); got != "" {
		t.Errorf("without decisions: %q", got)
	}
}
