package evalnames

import "vigie/benchmarks"

// BenchGoals judges the result by the bounds of issue 5; large may be nil when it
// was not measured.
func BenchGoals(b *Bench, large *Large) []benchmarks.Goal {
	least := func(what string, want float64, v ...float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want}.Judge(v...)
	}
	most := func(what string, want float64, unit string, v ...float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, AtMost: true, Unit: unit}.Judge(v...)
	}
	rules, table := b.region(setRules), b.region(setTable)
	slowest := 0.0
	for _, s := range b.Strange {
		slowest = max(slowest, s.Millis)
	}
	goals := []benchmarks.Goal{
		least("families held out of the table: candidate recall at 200, all orthographies", 0.97, mean(rules, at200)),
		least("the same, worst orthography", 0.97, worst(rules, at200)),
		least("families held out: recall at 1, all orthographies", 0.85, mean(rules, at1)),
		least("the same, worst orthography", 0.85, worst(rules, at1)),
		least("families held out: recall at 10, all orthographies", 0.95, mean(rules, at10)),
		least("the same, worst orthography", 0.95, worst(rules, at10)),
		least("with the table: recall at 1, all orthographies", 0.93, mean(table, at1)),
		least("the same, worst orthography", 0.93, worst(table, at1)),
		least("with the table: recall at 10, all orthographies", 0.98, mean(table, at10)),
		least("the same, worst orthography", 0.98, worst(table, at10)),
		most("different families linked, per pair", 0.7, "%", 100*b.Links.Linked),
		least("OFAC alias left out: recall at 10", 0.85, b.set(setOFAC).At10.Value),
		least("two typing mistakes: recall at 10", 0.97, b.set(setTypos).At10.Value),
		least("name_bench Person pairs, 5 folds: F1", 0.85, b.Pairs.F1.Value),
		most("strangers against the OFAC rows: false alerts per query", 0.3, "%", 100*b.Alerts.FalseAlerts.Value),
		least("positives and four times as many strangers: precision", 0.95, b.Alerts.Precision.Value),
		most("strange names: slowest answer", 100, "ms", slowest),
	}
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
		least("1,000,000 names: queries per second on two cores", 300, speed(large.QPS)...),
		most("1,000,000 names: memory in RAM", 1536, "MiB", speed(float64(large.RSSMiB))...),
		most("1,000,000 names: from a local file to the first answer", 5, "s", speed(large.StartSeconds)...),
		most("1,000,000 names: an update is seen after", 1000, "ms", speed(large.UpdateMillis)...),
		least("1,000,000 names: equal answers after a rebuild (1 is yes)", 1, speed(float64(bit(large.Same)))...),
	)
}

func at1(r Recall) float64   { return r.At1.Value }
func at10(r Recall) float64  { return r.At10.Value }
func at200(r Recall) float64 { return r.At200.Value }

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

// mean weighs each search alike.
func mean(sets []Recall, of func(Recall) float64) float64 {
	sum, n := 0.0, 0
	for _, r := range sets {
		sum += of(r) * float64(r.Queries)
		n += r.Queries
	}
	return sum / float64(max(1, n))
}

func worst(sets []Recall, of func(Recall) float64) float64 {
	w := 1.0
	for _, r := range sets {
		if r.Queries > 0 {
			w = min(w, of(r))
		}
	}
	return w
}
