package names

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"vigie/watchlist"
)

// variant is one row of west_african_variants.csv.
type variant struct{ canonical, form, orthography, kind string }

func variants(t testing.TB) []variant {
	t.Helper()
	dir := os.Getenv("VIGIE_TESTDATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	f, err := os.Open(filepath.Join(dir, "names", "west_african_variants.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: no test data; set VIGIE_TESTDATA to the folder that holds names/")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []variant
	for _, r := range rows[1:] {
		out = append(out, variant{r[0], r[1], r[2], r[3]})
	}
	return out
}

// word gives the token of a one-word form, without its families when bare.
func word(form string, bare bool) *Token {
	p := Parse(watchlist.Name{Full: form})
	if len(p.Tokens) != 1 {
		return nil
	}
	if t := p.Tokens[0]; bare {
		c := *t
		c.Families = nil
		return &c
	}
	return p.Tokens[0]
}

// TestVariantLinks measures how many pairs of the region's spellings the rules
// join without the table, and how many different families they confuse.
func TestVariantLinks(t *testing.T) {
	vs := variants(t)
	for kind, least := range map[string]float64{"surname": 0.91, "given": 0.76} {
		pairs, keyed, scored, with := 0, 0, 0, 0
		canon := map[string]*Token{}
		for _, v := range vs {
			if v.kind != kind {
				continue
			}
			a, b := word(v.canonical, true), word(v.form, true)
			if a == nil || b == nil {
				continue
			}
			canon[v.canonical] = a
			if a.Text == b.Text {
				continue
			}
			pairs++
			s, _ := Similarity(a, b)
			if a.SharesSkeleton(b) {
				keyed++
			} else if testing.Verbose() {
				t.Logf("no key: %s %s (%s) %v %v %.2f", v.canonical, v.form, v.orthography, a.Sounds, b.Sounds, s)
			}
			if s >= 0.8 {
				scored++
			}
			if s, _ := Similarity(word(v.canonical, false), word(v.form, false)); s >= 0.8 {
				with++
			}
		}
		var list []*Token
		for _, c := range canon {
			list = append(list, c)
		}
		falseKey, falseScore, n := 0, 0, 0
		for i, a := range list {
			for _, b := range list[i+1:] {
				n++
				if a.SharesSkeleton(b) {
					falseKey++
				}
				if s, _ := Similarity(a, b); s >= 0.8 {
					falseScore++
					if testing.Verbose() {
						t.Logf("false: %s %s %.2f", a.Text, b.Text, s)
					}
				}
			}
		}
		t.Logf("%s: %d pairs; same skeleton %.3f, score >= 0.8 %.3f (with table %.3f); different families: skeleton %.4f, score %.4f of %d",
			kind, pairs, ratio(keyed, pairs), ratio(scored, pairs), ratio(with, pairs), ratio(falseKey, n), ratio(falseScore, n), n)
		if r := ratio(keyed, pairs); r < least {
			t.Errorf("%s: the rules join %.3f of the pairs, were at least %.3f", kind, r, least)
		}
		if r := max(ratio(falseKey, n), ratio(falseScore, n)); r > 0.007 {
			t.Errorf("%s: %.4f of different families are joined, must be at most 0.007", kind, r)
		}
	}
}

func ratio(a, b int) float64 { return float64(a) / float64(max(b, 1)) }
