package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/api/client"
)

func TestReplayNeedsItsFlags(t *testing.T) {
	v := &cli{t: t, env: map[string]string{"HOME": t.TempDir()}}
	bad := filepath.Join(t.TempDir(), "t.json")
	if err := os.WriteFile(bad, []byte(`{"values":[1]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := []string{"audit", "replay", "--template", bad, "--as-of", "7", "--purpose", "test", "--reason", "abc"}
	for want, args := range map[string][]string{
		"give the face":                  {"audit", "replay", "--as-of", "7"},
		"--as-of":                        {"audit", "replay", "--photo", "x.jpg"},
		"--purpose and --reason":         {"audit", "replay", "--photo", "x.jpg", "--as-of", "7"},
		"goes with --min-score":          append(whole, "--second-min-score", "0"),
		"--min-score and --fmr":          append(whole, "--min-score", "0", "--fmr", "1e-6"),
		"no arguments":                   append(whole, "more"),
		"border_check, second_line":      append(whole, "--purpose", "curiosity"),
		"at most four photos":            append(whole, "--photo", "a", "--photo", "b", "--photo", "c", "--photo", "d", "--photo", "e"),
		"invalid argument \"x\" for \"-": append(whole, "--min-score", "x"),
	} {
		v.fails(exitUsage, want, args...)
	}
	v.fails(exitFailure, "holds no template", whole...)
	v.has(v.ok("audit", "replay", "--help"), "--as-of", "--min-score", "vigie audit list", "Only auditors and administrators")
}

func TestReplayTable(t *testing.T) {
	r := &client.Replay{
		AsOfIndex: 7, OldestIndex: 3, Threshold: 0.6912345678901234, ThresholdSource: "min_score", Calibration: "v1", GallerySize: 50, Notice: "A lead.",
		Candidates: []client.ReplayCandidate{{Rank: 1, EntryId: "SEN-1", FaceId: "f-1", Score: 0.7000000000000001, Llr: 4.1, Status: "withdrawn"}}, Truncated: true,
	}
	var b strings.Builder
	writeReplay(&b, r)
	for _, want := range []string{"1\tSEN-1\tf-1\t0.7000000000000001\t+4.1\twithdrawn", "As of index 7", "from index 3 on", "0.6912345678901234 (as given)", "raise --limit", "A lead."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	b.Reset()
	writeReplay(&b, &client.Replay{AsOfIndex: 7, ThresholdSource: "fmr", Fmr: 1e-6})
	if !strings.Contains(b.String(), "No face of the list as of index 7") || !strings.Contains(b.String(), "of FMR 1e-06") {
		t.Errorf("empty:\n%s", b.String())
	}
}

func TestAuditCellsKeepAllDigits(t *testing.T) {
	if got := numberCell(0.6912345678901234) + " " + numberCell(int64(812)) + " " + numberCell(int64(0)); got != "0.6912345678901234 812 -" {
		t.Error(got)
	}
	if got := versions(map[string]string{"encoder": "e", "calibration": "c"}); got != "calibration=c encoder=e" {
		t.Error(got)
	}
}
