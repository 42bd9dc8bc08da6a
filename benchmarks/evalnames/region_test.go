package evalnames

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testdata opens a file of the test data, or skips loudly.
func testdata(t testing.TB, path string) io.Reader {
	t.Helper()
	dir := os.Getenv("VIGIE_TESTDATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	b, err := os.ReadFile(filepath.Join(dir, "names", path))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("SKIPPED: no test data names/%s; set VIGIE_TESTDATA", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	return bytes.NewReader(b)
}

func records(t testing.TB, path string) [][]string {
	t.Helper()
	r := csv.NewReader(testdata(t, path))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// region is the test data's spellings: forms[kind][canonical][orthography].
type region map[string]map[string]map[string][]string

func readRegion(t testing.TB) region {
	t.Helper()
	r := region{"surname": {}, "given": {}}
	for _, v := range records(t, "west_african_variants.csv") {
		m := r[v[3]]
		if m[v[0]] == nil {
			m[v[0]] = map[string][]string{}
		}
		m[v[0]][v[2]] = append(m[v[0]][v[2]], v[1])
	}
	return r
}

// person is a name by its canonical parts.
type person struct{ given, second, surname string }

func (p person) String() string {
	return strings.Join(strings.Fields(p.given+" "+p.second+" "+p.surname), " ")
}

// people draws n different people from the region's families, in map-free
// order.
func people(r region, rng *rand.Rand, n int, seen map[string]bool) []person {
	keys := func(kind string) (out []string) {
		for _, c := range sortedKeys(r[kind]) {
			if c != "Ould" && c != "Mint" {
				out = append(out, c)
			}
		}
		return out
	}
	given, surname := keys("given"), keys("surname")
	var out []person
	for len(out) < n {
		p := person{given: given[rng.IntN(len(given))], surname: surname[rng.IntN(len(surname))]}
		if rng.IntN(3) > 0 {
			p.second = given[rng.IntN(len(given))]
		}
		if p.second == p.given || seen[p.String()] {
			continue
		}
		seen[p.String()] = true
		out = append(out, p)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// spell writes a word in an orthography, or as it is when none is known.
func spell(r region, rng *rand.Rand, kind, canonical, orthography string) string {
	if f := r[kind][canonical][orthography]; len(f) > 0 {
		return f[rng.IntN(len(f))]
	}
	return canonical
}

// floor fails the test when a share falls under what was measured, less a margin
// for chance.
func floor(t *testing.T, what string, got, least float64) {
	t.Helper()
	if got < least {
		t.Errorf("%s is %.3f, was at least %.3f", what, got, least)
	}
}

// TestRegion measures the region's spellings among 20,000 names, or 110,000 with
// VIGIE_BENCH set. With the rules alone every family counts as held out of the
// table.
func TestRegion(t *testing.T) {
	r := readRegion(t)
	size, asked := 20_000, 250
	if os.Getenv("VIGIE_BENCH") != "" {
		size, asked = 110_000, 2000
	}
	rng := rand.New(rand.NewPCG(5, 2026))
	seen := map[string]bool{}
	targets := people(r, rng, 2000, seen)
	var list strings.Builder
	for i, p := range targets {
		fmt.Fprintf(&list, "t%d\t%s\t\n", i, p)
	}
	for i, p := range people(r, rng, size-len(targets), seen) {
		fmt.Fprintf(&list, "d%d\t%s\t\n", i, p)
	}
	for _, c := range []struct {
		rules          bool
		orthography    string
		at1, at10, all float64
	}{
		{false, "fr", 0.85, 0.94, 0.96},
		{false, "en", 0.80, 0.90, 0.94},
		{false, "pt", 0.85, 0.92, 0.95},
		{false, "wo", 0.88, 0.95, 0.97},
		{false, "ar", 0.75, 0.88, 0.93},
		{true, "fr", 0.80, 0.92, 0.96},
		{true, "en", 0.78, 0.88, 0.95},
		{true, "pt", 0.84, 0.89, 0.95},
		{true, "wo", 0.87, 0.94, 0.96},
		{true, "ar", 0.68, 0.85, 0.92},
	} {
		var q strings.Builder
		for i, p := range targets[:asked] {
			words := []string{spell(r, rng, "given", p.given, c.orthography)}
			if p.second != "" {
				words = append(words, spell(r, rng, "given", p.second, c.orthography))
			}
			words = append(words, spell(r, rng, "surname", p.surname, c.orthography))
			fmt.Fprintf(&q, "%s\tt%d\n", strings.Join(words, " "), i)
		}
		rep, err := Run(context.Background(), Options{Targets: strings.NewReader(list.String()), Queries: strings.NewReader(q.String()), RulesOnly: c.rules})
		if err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("rules only %v, %s", c.rules, c.orthography)
		t.Logf("%s: r@1 %.3f r@10 %.3f cand@200 %.3f reached %.3f; p50 %.2f p99 %.2f ms, %.0f q/s, build %.0f ms", what,
			rep.RecallAt1, rep.RecallAt10, rep.CandidateRecallAt200, rep.RecallAtThreshold, rep.P50Millis, rep.P99Millis, rep.QPS, rep.BuildMillis)
		floor(t, what+": recall at 1", rep.RecallAt1, c.at1)
		floor(t, what+": recall at 10", rep.RecallAt10, c.at10)
		floor(t, what+": recall at 200", rep.CandidateRecallAt200, c.all)
	}
}
