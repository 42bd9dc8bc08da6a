package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/watchlist/command"
)

// BenchmarkPropose writes entries of about 1 KB through three nodes in one
// process, on one disk, with every sync.
func BenchmarkPropose(b *testing.B) {
	c := newCluster(b, 3, nil)
	var next atomic.Int64
	for _, where := range []string{"leader", "follower"} {
		n := c.leader()
		if where == "follower" {
			n = c.followers()[0]
		}
		for _, clients := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", where, clients), func(b *testing.B) {
				var wg sync.WaitGroup
				var left atomic.Int64
				left.Store(int64(b.N))
				times := make([][]time.Duration, clients)
				b.ResetTimer()
				for k := range clients {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							begin := time.Now()
							env := command.New("bench", command.EntryPut{Op: command.OpCreate, Entry: testEntry(int(next.Add(1)))})
							if _, err := n.node.Propose(context.Background(), env); err != nil {
								b.Error(err)
							}
							times[k] = append(times[k], time.Since(begin))
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				all := slices.Concat(times...)
				slices.Sort(all)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
				b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}

// BenchmarkLinearizable reads through the leader's quorum check.
func BenchmarkLinearizable(b *testing.B) {
	c := newCluster(b, 3, nil)
	for where, n := range map[string]*testNode{"leader": c.leader(), "follower": c.followers()[0]} {
		b.Run(where, func(b *testing.B) {
			for b.Loop() {
				if err := n.node.Linearizable(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStamp is what every answer pays.
func BenchmarkStamp(b *testing.B) {
	c := newCluster(b, 3, nil)
	for where, n := range map[string]*testNode{"leader": c.leader(), "follower": c.followers()[0]} {
		b.Run(where, func(b *testing.B) {
			for b.Loop() {
				n.node.Stamp()
			}
		})
	}
}
