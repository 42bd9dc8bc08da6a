package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api/client"
	"vigie/index/face"
)

// TestGalleryMetrics gives every field another number and looks for each.
func TestGalleryMetrics(t *testing.T) {
	var st face.Stats
	v := reflect.ValueOf(&st).Elem()
	want := map[string]float64{}
	for i := range v.NumField() {
		n := 1000 + i
		if f := v.Field(i); f.CanInt() {
			f.SetInt(int64(n))
		} else {
			f.SetUint(uint64(n))
		}
		want[v.Type().Field(i).Name] = float64(n)
	}
	want["HotBytes"] *= want["Rows"]
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(newGalleryCollector("vigie_gallery_", func() face.Stats { return st }, "avx2")); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[float64]string{}
	kernel := ""
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "vigie_gallery_") || f.GetHelp() == "" {
			t.Errorf("metric %q, help %q", f.GetName(), f.GetHelp())
		}
		for _, m := range f.GetMetric() {
			got[m.GetGauge().GetValue()+m.GetCounter().GetValue()] = f.GetName()
			for _, l := range m.GetLabel() {
				if l.GetName() == "kernel" {
					kernel = l.GetValue()
				}
			}
		}
	}
	for field, n := range want {
		if got[n] == "" {
			t.Errorf("%s is not shown", field)
		}
	}
	if kernel != "avx2" {
		t.Errorf("kernel %q", kernel)
	}
}

func TestGalleryLine(t *testing.T) {
	g := client.Gallery{Kernel: "avx2", Templates: 50, Rows: 52, Segments: 2, HotBytes: 3_400_000, OldestIndex: 17, AppliedIndex: 42}
	want := "Gallery: 50 templates (52 rows with the history) in 2 segments, kernel avx2, 3.4 MB hot, replays from index 17 to 42"
	if got := galleryLine(g); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	g.Skipped, g.Files = 3, client.GalleryFiles{Index: 40, Saves: 2, Failures: 1}
	want += ", 3 TEMPLATES OF ANOTHER MODEL can't be found, files as of index 40, 1 FAILED WRITES of files"
	if got := galleryLine(g); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
