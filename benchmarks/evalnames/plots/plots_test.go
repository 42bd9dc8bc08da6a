package plots

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vigie/benchmarks/evalnames"
)

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "names.svg")
	curve := []evalnames.CurvePoint{{Threshold: 0, FalseAlerts: 1}, {Threshold: 1, Missed: 1}}
	r := &evalnames.Report{Version: "wa", Mated: 1, NonMated: 1, Curve: curve, Against: &evalnames.Report{Version: "other at host", Curve: curve}}
	if err := Write(file, r); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(b, []byte("<svg")) || !bytes.Contains(b, []byte("other at host")) || !bytes.Contains(b, []byte("Vigie wa")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if err := Write(file, &evalnames.Report{Mated: 1}); !errors.Is(err, ErrNothing) {
		t.Errorf("without strangers: %v", err)
	}
}
