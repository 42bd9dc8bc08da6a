package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"vigie/api/client"
	"vigie/index/text"
)

func TestTextLine(t *testing.T) {
	for want, in := range map[string]client.TextIndex{
		"Text index: ready, 5 entries as of index 7, 2 behind":                        {State: "ready", Entries: 5, AppliedIndex: 7, Lag: 2},
		"Text index: building, 256 of 1000 entries read":                              {State: "building", Done: 256, Total: 1000},
		"Text index: refreshing, 3 of 9 entries read, 1 FAILURES; see the node's log": {State: "refreshing", Done: 3, Total: 9, Failures: 1},
	} {
		if got := textLine(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTextMetrics gives every field another number and looks for each.
func TestTextMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	st := text.Status{Ready: true, Entries: 11, Applied: 12, Lag: 13, Waiting: 14, Failures: 15}
	if err := reg.Register(textCollector{func() text.Status { return st }}); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		got[strings.TrimPrefix(f.GetName(), "vigie_text_index_")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	want := map[string]float64{"ready": 1, "entries": 11, "applied_index": 12, "lag": 13, "waiting": 14, "failures_total": 15}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
}
