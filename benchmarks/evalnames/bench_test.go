package evalnames

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/benchmarks/gen"
)

func labelledNames(t testing.TB) *Data {
	t.Helper()
	dir := os.Getenv("VIGIE_TESTDATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	dir = filepath.Join(dir, "names")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: no labelled names; set VIGIE_TESTDATA to the folder that holds names/")
	}
	return OpenData(dir)
}

// TestBench measures the labelled names on a smaller list and holds every set
// against what was measured, less a margin for chance.
func TestBench(t *testing.T) {
	observed := 0
	b, err := RunBench(context.Background(), BenchOptions{
		Data: labelledNames(t), Seed: 5, ListSize: 15_000, Targets: 1000, PerOrthography: 120, Typos: 300, Strangers: 1500,
		Observe: func(float64, bool) { observed++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", b.Markdown())
	if observed != b.Alerts.Strangers+b.Alerts.Mated || len(b.Hashes) < 6 || b.ListSize < 15_000 {
		t.Errorf("%d observed, %d files, %d names", observed, len(b.Hashes), b.ListSize)
	}
	rules, table := b.region(setRules), b.region(setTable)
	floor := func(what string, got, least float64) {
		if got < least {
			t.Errorf("%s: %.3f, was at least %.3f", what, got, least)
		}
	}
	all := func(sets []Recall, of func(Recall) Interval) float64 {
		v, _ := mean(sets, of)
		return v
	}
	floor("rules: recall at 1", all(rules, at1), 0.90)
	floor("rules: recall at 10", all(rules, at10), 0.96)
	floor("rules: recall at 200", worst(rules, at200).At200.Value, 0.94)
	floor("table: recall at 1", all(table, at1), 0.93)
	floor("table: recall at 10", worst(table, at10).At10.Value, 0.95)
	floor("OFAC", b.set(setOFAC).At10.Value, 0.83)
	floor("UN Good", b.set(setUNGood).At10.Value, 0.77)
	floor("UN Low", b.set(setUNLow).At10.Value, 0.22)
	floor("typos", b.set(setTypos).At10.Value, 0.98)
	floor("zones", b.set(zoneErrors(0)).At10.Value, 0.95)
	floor("zones with two reading errors", b.set(zoneErrors(2)).At10.Value, 0.87)
	floor("pairs", b.Pairs.F1.Value, 0.85)
	floor("quiet strangers", 1-b.Alerts.FalseAlerts.Value, 0.995)
	floor("precision", b.Alerts.Precision.Value, 0.96)
	floor("pairs kept apart", 1-b.Links.Linked, 0.993)
	for _, s := range b.Strange {
		if s.Millis > 500 || s.Found > candidates {
			t.Errorf("%s: %d candidates in %.0f ms", s.What, s.Found, s.Millis)
		}
	}
	if goals := BenchGoals(b, nil); len(goals) < 20 || goals[len(goals)-1].Value != nil {
		t.Errorf("%d goals", len(goals))
	}
}

func TestBenchNeedsItsData(t *testing.T) {
	_, err := RunBench(context.Background(), BenchOptions{Data: OpenData(t.TempDir())})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := RunBench(context.Background(), BenchOptions{}); err == nil {
		t.Error("ran without data")
	}
}

func TestFoldedF1(t *testing.T) {
	var list []labelled
	for i := range 100 {
		list = append(list, labelled{float64(i) / 100, i >= 60})
	}
	if r := foldedF1(list, 1); r.F1.Value < 0.95 || r.InSample != 1 || r.Matches != 40 || r.F1.Low > r.F1.Value || r.F1.High < r.F1.Value {
		t.Errorf("separable pairs: %+v", r)
	}
	for i := range list {
		list[i].match = i%2 == 0
	}
	if r := foldedF1(list, 1); r.F1.Value > 0.72 {
		t.Errorf("pairs by chance: %+v", r)
	}
}

func TestBootstrap(t *testing.T) {
	var rows [][]int
	for i := range 200 {
		rows = append(rows, []int{1, i % 2, 1})
	}
	b := bootstrap(rows, 3)
	if b[0].Value != 0.5 || b[0].Low < 0.41 || b[0].Low > 0.46 || b[0].High > 0.59 || b[1] != (Interval{1, 1, 1}) {
		t.Errorf("intervals %+v", b)
	}
	if bootstrap(nil, 3) != nil {
		t.Error("intervals of nothing")
	}
}

func TestTwoTypos(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	changed := 0
	for range 200 {
		got := twoTypos(rng, "Zenabou Kpatcha Ba")
		if len(got) < 15 || len(got) > 21 || !strings.HasSuffix(got, " Ba") {
			t.Errorf("%q", got)
		}
		changed += bit(got != "Zenabou Kpatcha Ba")
	}
	if changed < 190 || twoTypos(rng, "Ba Sy") != "" || twoTypos(rng, "محمد ديالو") != "" {
		t.Errorf("%d of 200 changed", changed)
	}
}

func TestRunLarge(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "list.txt")
	counts := []gen.Counted{{Name: "Awa", Count: 3}, {Name: "Issa", Count: 1}, {Name: "Ndiaye", Surname: true, Count: 2}, {Name: "Diop", Surname: true, Count: 1}}
	if err := WriteLarge(file, 1, 3000, counts); err != nil {
		t.Fatal(err)
	}
	o := LargeOptions{List: file, Keep: dir, Counts: counts, Seed: 1, Queries: 80}
	r, err := RunLarge(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Names != 3000 || !r.Same || r.Latency.Count != 80 || len(r.Sets) != 4 || r.QPS <= 0 || r.UpdateMillis <= 0 || !strings.Contains(r.Markdown(), "3000 names") {
		t.Errorf("%+v", r)
	}
	s, err := RunStart(context.Background(), o)
	if err != nil || s.Seconds <= 0 || s.FileMiB <= 0 || s.Digest != r.Digest {
		t.Errorf("start %+v, %v; the digest was %s", s, err, r.Digest)
	}
	if _, err := RunLarge(context.Background(), LargeOptions{List: file + "x", Keep: t.TempDir()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no list: %v", err)
	}
	if s, err := RunStart(context.Background(), LargeOptions{List: file, Keep: t.TempDir()}); err == nil {
		t.Errorf("no file: %+v", s)
	}
}
