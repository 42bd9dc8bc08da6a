package evalfaces

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vigie/models/calibrate"
)

// drawnSet has two groups of people large enough for person-disjoint figures;
// two labels of the first are one man, known to be.
func drawnSet() *Set {
	set := &Set{Model: "test", Excluded: calibrate.Pairs{}, Stages: map[string][]int64{}}
	for at, name := range []string{"other", calibrate.DefaultAnchor} {
		r := rand.New(rand.NewPCG(uint64(at), 1))
		g := GroupSet{Name: name, Persons: 300}
		for p := range 300 {
			own := make([]float64, 12)
			for i := range own {
				own[i] = r.NormFloat64() + float64(at)
			}
			who := fmt.Sprintf("%s-%d", name, p)
			if at == 0 && p == 0 {
				who = "221edc34-f892-4a34-98b8-362097417f8d"
			}
			if at == 0 && p == 1 {
				who, own = "n2-n0066", slices.Clone(floats(g.Photos[0].Template))
			}
			for range 1 + (p+1)%2 {
				t := make([]float32, 12)
				for i := range t {
					t[i] = float32(own[i] + 0.4*r.NormFloat64())
				}
				g.Photos = append(g.Photos, PhotoResult{Person: who, Template: t})
			}
		}
		set.Groups = append(set.Groups, g)
	}
	return set
}

func floats(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func TestKnownFaults(t *testing.T) {
	set := drawnSet()
	faults, err := knownFaults(set.Groups, set.Excluded)
	if err != nil {
		t.Fatal(err)
	}
	pair := [2]string{"n2-n0066", "221edc34-f892-4a34-98b8-362097417f8d"}
	if len(faults) != 2 || !faults[pair] {
		t.Fatalf("faults %v", faults)
	}
	set.Excluded.Add(pair[0], pair[1])
	if again, err := knownFaults(set.Groups, set.Excluded); err != nil || len(again) != 0 {
		t.Errorf("excluded already: %v, %v", again, err)
	}
}

// One man under two labels lifts the false match rate while the labels stand,
// and never falls into two folds.
func TestDisjointFigures(t *testing.T) {
	set := drawnSet()
	var err error
	if set.Faults, err = knownFaults(set.Groups, set.Excluded); err != nil {
		t.Fatal(err)
	}
	r := disjointReport(t, set)
	left, stand := r.Groups["other"], r.Variants[0].Groups["other"]
	if stand.ImpostorPairs != left.ImpostorPairs+2 { // two photos and one
		t.Errorf("%d impostor pairs, %d without the fault", stand.ImpostorPairs, left.ImpostorPairs)
	}
	if *left.FMRAtThreshold >= *stand.FMRAtThreshold || *left.FNIRAtFPIR["0.01"] > *stand.FNIRAtFPIR["0.01"] {
		t.Errorf("the fault costs nothing: FMR %v and %v", *stand.FMRAtThreshold, *left.FMRAtThreshold)
	}
	anchor := r.Groups[calibrate.DefaultAnchor]
	if math.Abs(*anchor.FMRAtThreshold-1e-3) > 1e-5 || math.Abs(*anchor.FMRAtLowThreshold-1e-2) > 1e-4 {
		t.Errorf("the anchor's rates at its own thresholds: %v, %v", *anchor.FMRAtThreshold, *anchor.FMRAtLowThreshold)
	}
	checkIntervals(t, anchor)
	ratio := r.Pooled.Intervals
	if v := *r.Pooled.FMRRatioLow; v < ratio.RatioLow[0] || v > ratio.RatioLow[1] {
		t.Errorf("ratio %v outside %v", v, *ratio.RatioLow)
	}
	again := disjointReport(t, set)
	var a, b bytes.Buffer
	if r.WriteJSON(&a) != nil || again.WriteJSON(&b) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two runs give two reports")
	}
	if md := r.Markdown(); strings.Count(md, "Person-disjoint") != 2 || strings.Contains(md, "n0066") {
		t.Errorf("markdown:\n%s", md)
	}
}

// With composite templates each encoder is measured by itself too.
func TestEachEncoderAlone(t *testing.T) {
	set := drawnSet()
	parts := []calibrate.Part{{Model: "a", Dim: 8, Weight: 0.7}, {Model: "b", Dim: 4, Weight: 0.3}}
	alone, err := eachAlone(set, set.compared(), parts)
	if err != nil || len(alone) != 2 {
		t.Fatalf("%d readings, %v", len(alone), err)
	}
	fnmr := map[string]float64{}
	for _, a := range alone {
		f := a.figures()
		fnmr[a.basis.Encoder] = *f.Groups["other"].FNMRAtFMR["1e-3"]
		if !strings.HasPrefix(a.basis.Text(), "Encoder "+a.basis.Encoder+" alone.") {
			t.Errorf("basis %q", a.basis.Text())
		}
	}
	// Eight values tell persons better than four.
	if !(fnmr["a"] < fnmr["b"]) {
		t.Errorf("FNMR %v", fnmr)
	}
	if none, err := eachAlone(set, set.compared(), nil); none != nil || err != nil {
		t.Errorf("one encoder: %v, %v", none, err)
	}
}

// disjointReport has the person-disjoint figures alone.
func disjointReport(t *testing.T, set *Set) *Report {
	t.Helper()
	d, err := inDisjointSpaces(set, templates(set.compared()), set.compared(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{}
	for i, reading := range d.readings() {
		if f := reading.figures(); i == 0 {
			r.Basis, r.Figures = reading.basis, f
		} else {
			r.Variants = append(r.Variants, Variant{reading.basis, f})
		}
	}
	return r
}

func checkIntervals(t *testing.T, m Metrics) {
	t.Helper()
	for name, c := range map[string]struct {
		v *float64
		i *Interval
	}{
		"FNMR at 1e-3":   {m.FNMRAtFMR["1e-3"], m.Intervals.FNMRAtFMR["1e-3"]},
		"FNIR at 0.01":   {m.FNIRAtFPIR["0.01"], m.Intervals.FNIRAtFPIR["0.01"]},
		"rank 1":         {m.Rank1, m.Intervals.Rank1},
		"FMR, threshold": {m.FMRAtThreshold, m.Intervals.FMR},
	} {
		if c.v == nil || c.i == nil {
			t.Errorf("%s: %v, %v", name, c.v, c.i)
			continue
		}
		if *c.v < c.i[0] || *c.v > c.i[1] || c.i[1]-c.i[0] > 0.5 {
			t.Errorf("%s: %.3f outside %.3f, or the interval is too wide", name, *c.v, *c.i)
		}
	}
}

// Drawn once each, the persons give the figures themselves.
func TestBootstrapWithoutDrawing(t *testing.T) {
	set := drawnSet()
	tables, err := calibrate.Disjoint(calibrate.Input{Model: "test", Groups: set.Templates(), Excluded: calibrate.Pairs{}}, calibrate.Options{}, disjointFolds)
	if err != nil {
		t.Fatal(err)
	}
	excluded := calibrate.Pairs{}
	excluded.Add("other-4", "other-9")
	s, f := tables[0].Scores(excluded), searchAll(tables[0], excluded)
	d := newDrawn(tables[0], excluded, f, s)
	ones := slices.Repeat([]float64{1}, d.persons)
	if total := d.total(ones); total != float64(len(s.Impostor)) {
		t.Errorf("the comparisons weigh %v, %d in all", total, len(s.Impostor))
	}
	var m Metrics
	m.Photos = 1
	at := shared{s.Threshold(1e-2), s.Threshold(1e-3)}
	m.rates(s, at)
	m.searches(f, nil)
	e := estimates{}
	d.replicate(ones, e)
	for name, want := range map[string]*float64{
		"fnmr 1e-3": m.FNMRAtFMR["1e-3"], "fnmr 1e-4": m.FNMRAtFMR["1e-4"], "fnir 0.01": m.FNIRAtFPIR["0.01"],
		"rank1": m.Rank1, "top5": m.Top5,
	} {
		if got := e[name][0]; math.Abs(got-*want) > 1e-12 {
			t.Errorf("%s is %v instead of %v", name, got, *want)
		}
	}
	if got := above(d.top, ones, at.low) / d.total(ones); math.Abs(got-*m.FMRAtLowThreshold) > 1e-12 {
		t.Errorf("FMR %v instead of %v", got, *m.FMRAtLowThreshold)
	}
	checkPool(t, tables, excluded)
	if e.interval("rank1") != nil {
		t.Error("one replicate gives an interval")
	}
}

// checkPool does the same for the pool of both groups.
func checkPool(t *testing.T, tables []*calibrate.Table, excluded calibrate.Pairs) {
	t.Helper()
	var pooled calibrate.Scores
	var draws []*drawn
	for _, table := range tables {
		s := table.Scores(excluded)
		pooled.Mated, pooled.Impostor = append(pooled.Mated, s.Mated...), append(pooled.Impostor, s.Impostor...)
		draws = append(draws, newDrawn(table, excluded, searchAll(table, excluded), s))
	}
	slices.Sort(pooled.Mated)
	slices.Sort(pooled.Impostor)
	all := searchAll(tables[1], excluded) // whatever was searched
	pool := newPool(draws, all, pooled)
	one := ones(pool.persons)
	if total := pool.total(one); total != float64(len(pooled.Impostor)) || pool.persons != 600 {
		t.Errorf("the pool of %d persons weighs %v, %d in all", pool.persons, total, len(pooled.Impostor))
	}
	m := Metrics{Photos: 1}
	m.rates(pooled, shared{pooled.Threshold(1e-2), pooled.Threshold(1e-3)})
	m.searches(all, nil)
	e := estimates{}
	pool.replicate(one, e)
	for name, want := range map[string]*float64{"fnmr 1e-3": m.FNMRAtFMR["1e-3"], "fnir 0.01": m.FNIRAtFPIR["0.01"], "rank1": m.Rank1, "top5": m.Top5} {
		if got := e[name][0]; math.Abs(got-*want) > 1e-12 {
			t.Errorf("pool: %s is %v instead of %v", name, got, *want)
		}
	}
}
