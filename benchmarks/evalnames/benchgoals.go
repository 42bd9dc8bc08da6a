package evalnames

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vigie/benchmarks"
)

// BenchGoals judges the result by the bounds of issue 5; large may be nil when it
// was not measured.
func BenchGoals(b *Bench, large *Large) []benchmarks.Goal {
	least := func(what string, want float64, rests string, v ...float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, Unit: benchmarks.Share, Rests: rests}.Judge(v...)
	}
	most := func(what string, want float64, unit string, v ...float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, AtMost: true, Unit: unit}.Judge(v...)
	}
	within := func(g benchmarks.Goal, i Interval) benchmarks.Goal {
		g.Interval = &[2]float64{i.Low, i.High}
		return g
	}
	var goals []benchmarks.Goal
	for _, g := range []struct {
		what, way string
		want      float64
		of        func(Recall) Interval
	}{
		{"families held out of the table: candidate recall at 200", setRules, 0.97, at200},
		{"families held out of the table: recall at 1", setRules, 0.85, at1},
		{"families held out of the table: recall at 10", setRules, 0.95, at10},
		{"with the table: recall at 1", setTable, 0.93, at1},
		{"with the table: recall at 10", setTable, 0.98, at10},
	} {
		sets := b.region(g.way)
		v, n := mean(sets, g.of)
		goals = append(goals, least(g.what+", all orthographies", g.want, fmt.Sprintf("%d searches", n), v))
		w := worst(sets, g.of)
		goals = append(goals, within(least(g.what+", worst orthography", g.want, rests(w), g.of(w).Value), g.of(w)))
	}
	ofac, typos := b.set(setOFAC), b.set(setTypos)
	slowest := 0.0
	for _, s := range b.Strange {
		slowest = max(slowest, s.Millis)
	}
	links := most("different families linked, per pair", 0.007, benchmarks.Share, b.Links.Linked)
	links.Rests = fmt.Sprintf("%d pairs", b.Links.Pairs)
	alerts := within(most("strangers against the OFAC rows: false alerts per query", 0.003, benchmarks.Share, b.Alerts.FalseAlerts.Value), b.Alerts.FalseAlerts)
	alerts.Rests = fmt.Sprintf("%d strangers", b.Alerts.Strangers)
	goals = append(goals, links,
		within(least("OFAC alias left out: recall at 10", 0.85, rests(ofac), ofac.At10.Value), ofac.At10),
		within(least("two typing mistakes: recall at 10", 0.97, rests(typos), typos.At10.Value), typos.At10),
		within(least("name_bench Person pairs, 5 folds: F1", 0.85, fmt.Sprintf("%d pairs", b.Pairs.Pairs), b.Pairs.F1.Value), b.Pairs.F1),
		alerts,
		within(least("persons listed and four times as many strangers: precision", 0.95, fmt.Sprintf("%d persons", b.Alerts.Mated), b.Alerts.Precision.Value), b.Alerts.Precision),
		most("strange names: slowest answer", 100, "ms", slowest),
	)
	goals = append(goals, zoneGoals(b)...)
	if large == nil {
		large = &Large{}
	}
	speed := func(v float64) []float64 {
		if large.Names == 0 {
			return nil
		}
		return []float64{v}
	}
	return append(goals,
		most("1,000,000 names: p50", 3, "ms", speed(large.Latency.P50)...),
		most("1,000,000 names: p99", 25, "ms", speed(large.Latency.P99)...),
		benchmarks.Goal{What: "1,000,000 names: queries per second on two cores", Want: 300}.Judge(speed(large.QPS)...),
		most("1,000,000 names: memory in RAM", 1536, "MiB", speed(float64(large.RSSMiB))...),
		most("1,000,000 names: from a local file to the first answer", 5, "s", speed(large.StartSeconds)...),
		most("1,000,000 names: an update is seen after", 1000, "ms", speed(large.UpdateMillis)...),
		benchmarks.Goal{What: "1,000,000 names: equal answers after a rebuild (1 is yes)", Want: 1}.Judge(speed(float64(bit(large.Same)))...),
	)
}

func at1(r Recall) Interval   { return r.At1 }
func at10(r Recall) Interval  { return r.At10 }
func at200(r Recall) Interval { return r.At200 }

// rests says what a set's figures rest on.
func rests(r Recall) string {
	s := fmt.Sprintf("%d searches", r.Queries)
	for _, way := range []string{setRules, setTable} {
		if orthography, ok := strings.CutPrefix(r.Set, way); ok {
			s += ", " + orthography
		}
	}
	return s
}

// region gives the sets of one way, in the order of the orthographies.
func (b *Bench) region(way string) []Recall {
	var out []Recall
	for _, o := range orthographies {
		out = append(out, b.set(way+o))
	}
	return out
}

func (b *Bench) set(name string) Recall {
	for _, r := range b.Recalls {
		if r.Set == name {
			return r
		}
	}
	return Recall{}
}

// mean weighs each search alike; n counts them.
func mean(sets []Recall, of func(Recall) Interval) (v float64, n int) {
	for _, r := range sets {
		v += of(r).Value * float64(r.Queries)
		n += r.Queries
	}
	return v / float64(max(1, n)), n
}

// worst is the set that has the least.
func worst(sets []Recall, of func(Recall) Interval) Recall {
	return slices.MinFunc(sets, func(a, b Recall) int { return cmp.Compare(of(a).Value, of(b).Value) })
}
