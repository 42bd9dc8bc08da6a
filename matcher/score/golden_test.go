package score

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"vigie/watchlist"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// alike is the score from which two names count as one in the golden file; it is
// the matcher's threshold.
const alike = 0.78

func TestGoldenNames(t *testing.T) {
	const file = "testdata/names.txt"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	pairs := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, c, same := strings.Cut(line, " ~ ")
		near := false
		if !same {
			a, c, near = strings.Cut(line, " ? ")
		}
		if !same && !near {
			a, c, _ = strings.Cut(line, " ! ")
		}
		ev, ok := CompareNames([]watchlist.Name{{Full: a}}, []watchlist.Name{{Full: c}}, true)
		if !ok || !near && ev.Score >= alike != same {
			t.Errorf("%s: score %.2f (%s)", line, ev.Score, describe(ev))
		}
		if !same && ev.LLR > 0 {
			t.Errorf("%s: the name speaks for the entry: %s", line, describe(ev))
		}
		back, _ := CompareNames([]watchlist.Name{{Full: c}}, []watchlist.Name{{Full: a}}, true)
		if !near && back.Score >= alike != same || !same && back.LLR > 0 {
			t.Errorf("%s, the other way round: %s", line, describe(back))
		}
		fmt.Fprintf(&out, "\t%s\n", describe(ev))
		pairs++
	}
	if pairs < 40 {
		t.Fatalf("only %d pairs in %s", pairs, file)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != string(b) {
		t.Errorf("%s is out of date; look at the change and run: go test ./matcher/score -run Golden -rewrite", file)
	}
}

func describe(ev watchlist.Evidence) string {
	var p []string
	for _, x := range ev.Pairs {
		l, r := x.Probe, x.Entry
		if l == "" {
			l = "·"
		}
		if r == "" {
			r = "·"
		}
		p = append(p, fmt.Sprintf("%s=%s %s %.2f %.2g‰ %+.1f", l, r, x.Rule, x.Score, 1000*x.Frequency, x.LLR))
	}
	return fmt.Sprintf("%.2f %+.1f %s: %s", ev.Score, ev.LLR, ev.Code, strings.Join(p, ", "))
}
