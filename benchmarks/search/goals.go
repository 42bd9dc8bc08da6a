package search

import (
	"fmt"
	"math"

	"vigie/benchmarks"
)

// goals judges a report. A goal without its rows is not reached.
func goals(r *Report) []benchmarks.Goal {
	g := judge{r}
	out := []benchmarks.Goal{
		g.flat("raw 1M tau 0.45", 1, 25),
		g.flat("raw 1M tau 0.6", 1, 12),
		g.flat("raw 1M tau 0.45", 2, 35),
		g.flat("raw 1M tau 0.6", 2, 20),
		g.flat("raw 100k tau 0.5", 1, 25),
		g.against("raw 100k tau 0.5", 1, 4, "hnswlib at 0.98", oursName),
		g.flat("raw 10M tau 0.45", 1, 12),
		g.flat("calibrated 1M at FPIR 1 %", 1, 14),
		g.flat("calibrated 1M top 10", 1, 8),
		g.against("raw 1M tau 0.6, many at once", 1, 5, gemmName, togetherName),
		g.kernel("raw 1M tau 0.45"),
		g.kernel("raw 1M tau 0.6"),
		g.against("raw 1M tau 0.6", 1, 2, faissName, oursName+" portable"),
		g.differences(),
	}
	return append(out, g.writing()...)
}

type judge struct{ r *Report }

func (j judge) flat(name string, threads int, want float64) benchmarks.Goal {
	return j.against(name, threads, want, flatName, oursName)
}

// against holds one contender against another of the same contest.
func (j judge) against(name string, threads int, want float64, slow, fast string) benchmarks.Goal {
	g := benchmarks.Goal{What: fmt.Sprintf("%s, %d thread%s: %s over %s", name, threads, plural(threads), slow, fast), Want: want, Unit: "x"}
	return g.JudgeBoth(j.worst(name, threads, slow, fast, math.Min))
}

func (j judge) kernel(name string) benchmarks.Goal {
	g := benchmarks.Goal{What: name + ", 1 thread: AVX2 over AVX-512 VNNI", Want: 1.3, AtMost: true, Unit: "x"}
	return g.JudgeBoth(j.worst(name, 1, oursName+" avx2", oursName, math.Max))
}

// worst gives the ratio of two contenders' times by least and by median passes,
// of hit and miss the one that worse chooses.
func (j judge) worst(name string, threads int, a, b string, worse func(x, y float64) float64) (byMin, byMedian *float64) {
	for _, kind := range kinds {
		x, y := j.row(name, threads, kind, a), j.row(name, threads, kind, b)
		if x == nil || y == nil {
			return nil, nil
		}
		byMin = combine(byMin, ratio(x.MinUS, y.MinUS), worse)
		byMedian = combine(byMedian, ratio(x.MedianUS, y.MedianUS), worse)
	}
	return byMin, byMedian
}

func combine(a, b *float64, worse func(x, y float64) float64) *float64 {
	if a == nil || b == nil {
		return b
	}
	v := worse(*a, *b)
	return &v
}

func (j judge) row(name string, threads int, kind, contender string) *Row {
	for i, r := range j.r.Rows {
		if r.Name == name && r.Threads == threads && r.Kind == kind && r.Contender == contender {
			return &j.r.Rows[i]
		}
	}
	return nil
}

func (j judge) differences() benchmarks.Goal {
	sum, answers := 0.0, 0
	for _, r := range j.r.Rows {
		if r.Differences != nil {
			sum += float64(*r.Differences)
			answers += r.Passes * r.Queries
		}
	}
	return benchmarks.Goal{
		What: fmt.Sprintf("%d answers of this run that differ from the float64 brute force", answers), AtMost: true,
		Value: &sum, Reached: sum == 0 && answers > 0,
	}
}

// writing judges what doesn't come from contests.
func (j judge) writing() []benchmarks.Goal {
	p99 := benchmarks.Goal{What: "p99 of queries while 5,000 inserts/s are applied, over alone", Want: 1.3, AtMost: true, Unit: "x"}
	if l := j.r.Load; l != nil {
		p99 = p99.Judge(l.RatioP99)
		p99.Reached = p99.Reached && l.PerSecond >= 0.98*insertRate
	}
	insert := benchmarks.Goal{What: "insert into the index, per entry and core", Want: 1, AtMost: true, Unit: "µs"}
	for _, i := range j.r.Inserts {
		if i.What == appendName {
			insert = insert.JudgeBoth(nil, &i.Median)
		}
	}
	hot := benchmarks.Goal{What: "hot bytes per entry beside the templates", Want: 90, AtMost: true, Unit: "B"}
	for _, m := range j.r.Memory {
		if v := float64(m.Hot); hot.Value == nil || v > *hot.Value {
			hot = hot.Judge(v)
		}
	}
	start := benchmarks.Goal{What: "a million templates ready from their files", Want: 1.5, AtMost: true, Unit: "s"}
	if l := j.r.Reload; l != nil && l.N == 1_000_000 {
		start = start.JudgeBoth(&l.Load, &l.LoadMedian)
		start.Reached = start.Reached && l.Differences == 0
	}
	return []benchmarks.Goal{p99, insert, hot, start}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
