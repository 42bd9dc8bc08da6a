package benchmarks

import (
	"slices"
	"time"
)

// Latency sums up the times of equal requests, in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Summarise gives the quantiles of d (nearest rank) and sorts d.
func Summarise(d []time.Duration) Latency {
	if len(d) == 0 {
		return Latency{}
	}
	slices.Sort(d)
	return Latency{
		Count: len(d), P50: ms(quantile(d, 0.50)), P95: ms(quantile(d, 0.95)),
		P99: ms(quantile(d, 0.99)), Max: ms(d[len(d)-1]),
	}
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
