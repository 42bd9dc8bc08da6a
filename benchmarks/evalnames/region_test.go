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
	// A small insertion sort keeps the helper free of more imports.
	for i := 1; i < len(out); i++ {
		for k := i; k > 0 && out[k] < out[k-1]; k-- {
			out[k], out[k-1] = out[k-1], out[k]
		}
	}
	return out
}

// spell writes a word in an orthography, or as it is when none is known.
func spell(r region, rng *rand.Rand, kind, canonical, orthography string) string {
	if f := r[kind][canonical][orthography]; len(f) > 0 {
		return f[rng.IntN(len(f))]
	}
	return canonical
}

// TestRegion measures the region's spellings among 100,000 names.
func TestRegion(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: builds an index of 100,000 names")
	}
	r := readRegion(t)
	rng := rand.New(rand.NewPCG(5, 2026))
	seen := map[string]bool{}
	targets := people(r, rng, 2000, seen)
	var list strings.Builder
	for i, p := range targets {
		fmt.Fprintf(&list, "t%d\t%s\t\n", i, p)
	}
	for i, p := range people(r, rng, 98_000, seen) {
		fmt.Fprintf(&list, "d%d\t%s\t\n", i, p)
	}
	for _, rules := range []bool{false, true} {
		for _, orth := range []string{"fr", "en", "pt", "wo", "ar"} {
			var q strings.Builder
			for i, p := range targets[:600] {
				full := strings.Join(strings.Fields(spell(r, rng, "given", p.given, orth)+" "+
					map[bool]string{true: spell(r, rng, "given", p.second, orth)}[p.second != ""]+" "+
					spell(r, rng, "surname", p.surname, orth)), " ")
				fmt.Fprintf(&q, "%s\tt%d\n", full, i)
			}
			rep, err := Run(context.Background(), Options{Targets: strings.NewReader(list.String()), Queries: strings.NewReader(q.String()), RulesOnly: rules})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("rules only %v, %s: r@1 %.3f r@10 %.3f cand@200 %.3f reached %.3f; p50 %.2f p99 %.2f ms, %.0f q/s, build %.0f ms",
				rules, orth, rep.RecallAt1, rep.RecallAt10, rep.CandidateRecallAt200, rep.RecallAtThreshold, rep.P50Millis, rep.P99Millis, rep.QPS, rep.BuildMillis)
		}
	}
}
