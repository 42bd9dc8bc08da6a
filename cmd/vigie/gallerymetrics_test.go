package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

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
	if err := reg.Register(newGalleryCollector(func() face.Stats { return st }, "avx2")); err != nil {
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
