package search

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
	"vigie/models"
	"vigie/models/calibrate"
	"vigie/watchlist"
)

func f64(v float64) *float64 { return &v }

// tiny draws a small gallery.
func tiny(t *testing.T, n, ask int) *data {
	t.Helper()
	d, err := draw(rawSpace{rawModel}, "raw", gen.RandomPopulation(128, 1), 3, n, ask)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContestTakesTurnsAndCountsNoWarmUp(t *testing.T) {
	var log []string
	fake := func(name string, perQuery ...time.Duration) side {
		passes := 0
		return side{row: Row{Name: "x", Contender: name}, pass: func(_ context.Context, from, to int) (time.Duration, error) {
			log = append(log, fmt.Sprint(name, to-from))
			d := perQuery[passes] * time.Duration(to-from)
			passes++
			return d, nil
		}}
	}
	us := time.Microsecond
	rows, err := contest(t.Context(), 4, 50, 1, []side{
		fake("a", 1000*us, 2*us, 8*us, 4*us, 6*us), fake(flatName, 9000*us, 40*us, 30*us, 20*us, 90*us),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{Name: "x", Contender: "a", Threads: 1, MinUS: 2, MedianUS: 5, Passes: 4, Queries: 50, RatioFlatMin: f64(10), RatioFlatMedian: f64(7)},
		{Name: "x", Contender: flatName, Threads: 1, MinUS: 20, MedianUS: 35, Passes: 4, Queries: 50},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if got := fmt.Sprint(log); got != "[a4 flat4 a50 flat50 a50 flat50 a50 flat50 a50 flat50]" {
		t.Errorf("turns: %s", got)
	}
}

func TestRatioOfNothingIsNil(t *testing.T) {
	if ratio(1, 0) != nil || ratio(math.NaN(), 1) != nil {
		t.Error("a ratio that is no number must be nil")
	}
	if *ratio(3, 2) != 1.5 || median([]float64{3, 1}) != 2 || median([]float64{9, 1, 2}) != 2 {
		t.Error("wrong ratio or median")
	}
}

// naive answers a query by scoring everything.
func naive(d *data, q []float32, k int, low float64) ([]watchlist.FaceMatch, bool) {
	best := map[watchlist.EntryID]watchlist.FaceMatch{}
	for i := range d.n {
		m := watchlist.FaceMatch{Entry: entryID(int(d.owner[i])), Face: faceID(d.photo(i)), Score: exactScore(q, d.row(i))}
		if old, ok := best[m.Entry]; m.Score >= low && (!ok || m.Score > old.Score) {
			best[m.Entry] = m
		}
	}
	var all []watchlist.FaceMatch
	for _, m := range best {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b watchlist.FaceMatch) int {
		if a.Score != b.Score {
			return int(math.Copysign(1, b.Score-a.Score))
		}
		return bytes.Compare([]byte(a.Entry), []byte(b.Entry))
	})
	return all[:min(k, len(all))], len(all) > k
}

func TestBruteForceIsTheNaiveScan(t *testing.T) {
	d := tiny(t, 3000, 6)
	for i := range 40 { // ties: copies of one photo under other people
		copy(d.row(100+3*i), d.row(7))
	}
	d.queries["hit"].rows[0] = slices.Clone(d.row(7))
	tr := bruteForce(d)
	for _, kind := range kinds {
		for i, q := range d.queries[kind].rows {
			for _, low := range []float64{-1, scoreAt(1), scoreAt(0.5)} {
				want, wantMore := naive(d, q, 10, low)
				got, more, err := tr.want(kind, i, 10, low)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b []watchlist.FaceMatch) bool { return slices.Equal(a, b) })); diff != "" || more != wantMore {
					t.Errorf("%s %d low %g: more %v, want %v\n%s", kind, i, low, more, wantMore, diff)
				}
			}
		}
	}
}

func TestDifferencesCountsEveryWrongAnswer(t *testing.T) {
	d := tiny(t, 2000, 5)
	tr := bruteForce(d)
	var got []answer
	for i := range 5 {
		m, more, err := tr.want("hit", i, 10, -1)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, answer{slices.Clone(m), more})
	}
	if n, err := tr.differences("hit", 10, -1, got); n != 0 || err != nil {
		t.Fatalf("%d differences, %v", n, err)
	}
	got[0].matches[3].Score = math.Nextafter(got[0].matches[3].Score, 2)
	got[1].more = !got[1].more
	got[2].matches = got[2].matches[:9]
	got[3].matches[0], got[3].matches[1] = got[3].matches[1], got[3].matches[0]
	if n, _ := tr.differences("hit", 10, -1, got); n != 4 {
		t.Errorf("%d differences found, 4 planted", n)
	}
}

func TestWantFailsWhenItCannotTell(t *testing.T) {
	d := tiny(t, 2000, 1)
	for i := range d.owner {
		d.owner[i] = 0 // one person with 2000 photos
	}
	if _, _, err := bruteForce(d).want("hit", 0, 10, -1); err == nil {
		t.Error("96 rows of one person cannot tell the ten best people")
	}
}

func TestRecall(t *testing.T) {
	tr := &truth{best: map[string][][]ranked{"hit": {{{row: 1}, {row: 2}}, {{row: 3}, {row: 4}}}}}
	at2, at1 := tr.recall("hit", 2, [][]int64{{2, 9}, {3, 4}})
	if at2 != 0.75 || at1 != 0.5 {
		t.Errorf("recall %v and %v, want 0.75 and 0.5", at2, at1)
	}
}

func TestFlatSearchFindsTheNearestRows(t *testing.T) {
	d := tiny(t, 3002, 4)
	tr := bruteForce(d)
	for i, q := range d.queries["miss"].rows {
		for _, threads := range []int{1, 2} {
			got := flatThreads(q, d.rows, 10, math.MaxFloat32, threads)
			for j, h := range got {
				if want := tr.best["miss"][i][j]; h.row != int64(want.row) {
					t.Fatalf("query %d, %d threads: rank %d is row %d, want %d", i, threads, j, h.row, want.row)
				}
			}
			if cut := flatThreads(q, d.rows, 10, got[4].d2*1.0001, threads); len(cut) != 5 {
				t.Errorf("query %d, %d threads: %d rows within the distance of the fifth", i, threads, len(cut))
			}
		}
	}
}

func TestGoalsTakeTheWorseKindAndMissNothing(t *testing.T) {
	row := func(name, who, kind string, threads int, us float64, bad *int) Row {
		return Row{Name: name, Contender: who, Kind: kind, Threads: threads, MinUS: us, MedianUS: 2 * us, Differences: bad, Passes: 1, Queries: 1}
	}
	zero, one := 0, 1
	r := &Report{Rows: []Row{
		row("raw 1M tau 0.45", oursName, "hit", 1, 10, &zero), row("raw 1M tau 0.45", flatName, "hit", 1, 300, nil),
		row("raw 1M tau 0.45", oursName, "miss", 1, 10, &zero), row("raw 1M tau 0.45", flatName, "miss", 1, 200, nil),
		row("raw 1M tau 0.45", oursName+" avx2", "hit", 1, 11, &zero), row("raw 1M tau 0.45", oursName+" avx2", "miss", 1, 12, &zero),
		row("raw 1M tau 0.6", oursName, "hit", 1, 10, &zero), row("raw 1M tau 0.6", flatName, "hit", 1, 300, nil),
	}}
	by := map[string]benchmarks.Goal{}
	for _, g := range goals(r) {
		by[g.What] = g
	}
	if g := by["raw 1M tau 0.45, 1 thread: flat over gallery"]; g.Reached || *g.Value != 20 || *g.Best != 20 {
		t.Errorf("the worse kind is x20 and misses x25: %+v", g)
	}
	if g := by["raw 1M tau 0.45, 1 thread: AVX2 over AVX-512 VNNI"]; !g.Reached || *g.Value != 1.2 {
		t.Errorf("AVX2 takes x1.2 at worst: %+v", g)
	}
	if g := by["raw 1M tau 0.6, 1 thread: flat over gallery"]; g.Reached || g.Value != nil {
		t.Errorf("half a measurement is none: %+v", g)
	}
	if g := (judge{r}).differences(); !g.Reached {
		t.Errorf("no answer differs: %+v", g)
	}
	r.Rows[0].Differences = &one
	if g := (judge{r}).differences(); g.Reached || *g.Value != 1 {
		t.Errorf("one answer differs: %+v", g)
	}
}

// TestStepsOnSmallGalleries runs steps as make bench-search does, without peers,
// and asks for exact answers and a report that can be written.
func TestStepsOnSmallGalleries(t *testing.T) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	p := gen.RandomPopulation(128, 5)
	b := &bench{
		Options: Options{
			Passes: 2, Queries: 4, Batch: 8, Small: 600, Medium: 800, Large: 1000, Big: 1200, LoadSeconds: 0.02,
			Groups: twoPhotosEach(t, p, 60), Cache: t.TempDir(), Progress: func(string) {},
		},
		cal: cal, fitted: p, diverse: p, report: &Report{},
	}
	for _, step := range []func(context.Context) error{b.bandwidth, b.real, b.rawSmall, b.rawLarge, b.calibratedLarge, b.big} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.report.Goals = goals(b.report)
	if g := (judge{b.report}).differences(); !g.Reached {
		t.Errorf("%+v", g)
	}
	for _, i := range b.report.Inserts {
		if i.Unseen != 0 {
			t.Errorf("%s: %d new entries were not found at once", i.What, i.Unseen)
		}
	}
	if l := b.report.Load; l == nil || l.Applied != loadSlices*100 || l.Alone.Count != loadSlices*4 {
		t.Errorf("the run with inserts: %+v", l)
	}
	if r := b.report.Reload; r == nil || r.Differences != 0 || r.Bytes < 1000*512 {
		t.Errorf("the files: %+v", r)
	}
	if _, err := json.Marshal(b.report); err != nil {
		t.Errorf("the report can't be written: %v", err)
	}
	text := b.report.Markdown()
	for _, want := range []string{"goals reached", "calibrated 1k top 10", "| exact |", "Inserting"} {
		if !bytes.Contains([]byte(text), []byte(want)) {
			t.Errorf("the section lacks %q", want)
		}
	}
}

// twoPhotosEach makes labelled templates of people.
func twoPhotosEach(t *testing.T, p *gen.Population, people int) []calibrate.Group {
	t.Helper()
	all := make([]float32, people*2*128)
	if err := p.Crowd(8).Enrol(0, 2, all); err != nil {
		t.Fatal(err)
	}
	g := calibrate.Group{Name: "a"}
	for i := range people * 2 {
		g.Samples = append(g.Samples, calibrate.Sample{Person: fmt.Sprint(i / 2), Template: all[i*128 : (i+1)*128]})
	}
	return []calibrate.Group{g}
}
