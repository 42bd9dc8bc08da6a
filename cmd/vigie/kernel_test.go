package main

import (
	"strings"
	"testing"

	"vigie/index/face/kernel"
)

func TestSearchKernel(t *testing.T) {
	if k, err := searchKernel("auto"); err != nil || k.Name() != kernel.Best().Name() {
		t.Errorf("auto: %v %v", k, err)
	}
	if k, err := searchKernel("portable"); err != nil || k.Name() != "portable" {
		t.Errorf("portable: %v %v", k, err)
	}
	if _, err := searchKernel("sse2"); err == nil || !strings.Contains(err.Error(), "portable") {
		t.Errorf("an unknown kernel: %v", err)
	}
}

func TestDoctorNamesTheKernel(t *testing.T) {
	best := kernel.Best().Name()
	for name, want := range map[string]string{"auto": "ok", best: "ok", "portable": "warn", "sse2": "fail"} {
		if name == "auto" && best == "portable" || name == best && best == "portable" {
			want = "warn"
		}
		d := &doctor{}
		d.checkKernel(name)
		if len(d.found) != 1 || d.found[0].Result != want || !strings.Contains(d.found[0].Detail, best) {
			t.Errorf("%s: %+v, want %s", name, d.found, want)
		}
	}
}
