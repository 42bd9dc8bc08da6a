package search

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"vigie/benchmarks/search/flat"
	"vigie/index/face/mem"
)

// Bandwidth is the rate of reading memory, GB/s (10^9 bytes): the best and the
// median of some passes.
type Bandwidth struct {
	Where   string  `json:"where"`
	Bytes   int     `json:"bytes"`
	Threads int     `json:"threads"`
	Best    float64 `json:"best_gb_per_s"`
	Median  float64 `json:"median_gb_per_s"`
	Passes  int     `json:"passes"`
}

const streamPasses = 12

// bandwidth reads a region much larger than the caches, and one that fits the
// last one.
func (b *bench) bandwidth(context.Context) error {
	for _, c := range []struct {
		where string
		bytes int
	}{{"memory", b.Large * 512}, {"last-level cache", min(16<<20, b.Large*512)}} {
		region := mem.New(c.bytes)
		bytes, best := region.Bytes(), flat.Best()
		for i := range bytes {
			bytes[i] = byte(i)
		}
		for _, threads := range []int{1, 2} {
			r := Bandwidth{Where: c.where, Bytes: c.bytes, Threads: threads, Passes: streamPasses}
			var rates []float64
			rounds := max(1, 256<<20/c.bytes)
			for range streamPasses {
				start := time.Now()
				var wg sync.WaitGroup
				for t := range threads {
					part := bytes[len(bytes)*t/threads : len(bytes)*(t+1)/threads]
					wg.Go(func() {
						for range rounds {
							best.Stream(part)
						}
					})
				}
				wg.Wait()
				rates = append(rates, float64(c.bytes*rounds)/time.Since(start).Seconds()/1e9)
			}
			runtime.KeepAlive(region)
			r.Best, r.Median = slices.Max(rates), median(rates)
			b.report.Stream = append(b.report.Stream, r)
		}
	}
	return nil
}

// least gives the smallest value, NaN of none.
func least(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return slices.Min(values)
}
