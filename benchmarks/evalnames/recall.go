package evalnames

import (
	"math/rand/v2"
	"slices"
	"time"

	"vigie/benchmarks"
)

// Interval is a share with the middle 95 % of its bootstrap.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Recall is how often a set of mated searches found its entry.
type Recall struct {
	Set     string `json:"set"`
	Queries int    `json:"queries"`
	// Clusters is how many persons or families the bootstrap draws from.
	Clusters int      `json:"clusters"`
	At1      Interval `json:"recall_at_1"`
	At10     Interval `json:"recall_at_10"`
	At200    Interval `json:"candidate_recall_at_200"`
	// Reached is the share whose entry scores the shipped threshold.
	Reached Interval           `json:"recall_at_threshold"`
	Latency benchmarks.Latency `json:"latency"`
}

// replicates of the bootstrap, which draws clusters with replacement from the
// seed: equal results, equal intervals.
const replicates = 1000

// bootstrap gives the share of each count among the first, of all clusters and
// of 1,000 samples of them. Row i holds a cluster's counts; column 0 is its size.
func bootstrap(rows [][]int, seed uint64) []Interval {
	if len(rows) == 0 {
		return nil
	}
	width := len(rows[0])
	total := func(pick func(i int) int) []float64 {
		sum := make([]int, width)
		for i := range rows {
			for c, v := range rows[pick(i)] {
				sum[c] += v
			}
		}
		out := make([]float64, width-1)
		for c := range out {
			out[c] = share(sum[c+1], sum[0])
		}
		return out
	}
	rng := rand.New(rand.NewPCG(seed, 0x626f6f74))
	samples := make([][]float64, width-1)
	for range replicates {
		for c, v := range total(func(int) int { return rng.IntN(len(rows)) }) {
			samples[c] = append(samples[c], v)
		}
	}
	out := make([]Interval, width-1)
	for c, v := range total(func(i int) int { return i }) {
		slices.Sort(samples[c])
		out[c] = Interval{v, samples[c][replicates*25/1000], samples[c][replicates*975/1000]}
	}
	return out
}

// clustered sums the counts of each cluster, in the order of their names.
func clustered(list []outcome, counts func(o outcome) []int) [][]int {
	by := map[string][]int{}
	for _, o := range list {
		n := append([]int{1}, counts(o)...)
		if by[o.cluster] == nil {
			by[o.cluster] = make([]int, len(n))
		}
		for i, v := range n {
			by[o.cluster][i] += v
		}
	}
	var rows [][]int
	for _, k := range sortedKeys(by) {
		rows = append(rows, by[k])
	}
	return rows
}

func recallOf(set string, list []outcome, threshold float64, seed uint64) Recall {
	rows := clustered(list, func(o outcome) []int {
		return []int{bit(o.rank == 0), bit(o.rank >= 0 && o.rank < 10), bit(o.rank >= 0), bit(o.rank >= 0 && o.score >= threshold)}
	})
	r := Recall{Set: set, Queries: len(list), Clusters: len(rows), Latency: benchmarks.Summarise(times(list))}
	if b := bootstrap(rows, seed); b != nil {
		r.At1, r.At10, r.At200, r.Reached = b[0], b[1], b[2], b[3]
	}
	return r
}

func times(list []outcome) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, o := range list {
		out[i] = o.took
	}
	return out
}
