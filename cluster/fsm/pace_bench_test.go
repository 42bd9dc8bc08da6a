package fsm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"vigie/cluster/registry"
)

// benchEntries is how many entries the benchmarks of snapshots are about:
// VIGIE_BENCH_ENTRIES, or 20,000.
func benchEntries(b *testing.B) int {
	b.Helper()
	s := os.Getenv("VIGIE_BENCH_ENTRIES")
	if s == "" {
		return 20_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// filled is a state machine over n records of the size of an entry with one
// template (800 bytes that don't compress, 400 that do).
func filled(b *testing.B, n int) *node {
	b.Helper()
	key := newKey(b)
	out := newNode(b, b.TempDir(), key)
	r := rand.NewChaCha8([32]byte{1})
	err := out.reg.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := registry.State{Index: 7, Term: 1}
		for i := range n {
			value := make([]byte, 1200)
			if _, err := r.Read(value[:800]); err != nil {
				return st, err
			}
			rec := registry.Record{Bucket: registry.BucketEntries, Key: fmt.Appendf(nil, "SEN-0192f0c1-0000-7000-8000-%012x", i), Value: value}
			if err := add(rec); err != nil {
				return st, err
			}
			st.Hash.Add(rec)
			st.Records++
			st.Entries++
		}
		return st, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// BenchmarkTakeSnapshot takes snapshots without writing them.
func BenchmarkTakeSnapshot(b *testing.B) {
	n := filled(b, benchEntries(b))
	defer n.close()
	var worst time.Duration
	b.ResetTimer()
	for range b.N {
		begin := time.Now()
		snap, err := n.fsm.Snapshot()
		worst = max(worst, time.Since(begin))
		if err != nil {
			b.Fatal(err)
		}
		snap.Release()
	}
	b.ReportMetric(float64(worst.Microseconds()), "us-worst")
}

// BenchmarkAnswersBesideSnapshot compares how long answers take while a snapshot
// is written with how long they take otherwise, in turns in one run. An answer is
// what a search costs a node: a scan over 100,000 templates of 128 numbers, and
// eight entries read and opened, asked for every 20 ms.
func BenchmarkAnswersBesideSnapshot(b *testing.B) {
	n := filled(b, benchEntries(b))
	defer n.close()
	scan := newScan()
	var alone, beside []time.Duration
	var writing time.Duration
	b.ResetTimer()
	for range b.N {
		snap, err := n.fsm.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			defer cancel()
			done <- snap.Persist(&discardSink{})
		}()
		beside = append(beside, answers(b, ctx, n, scan)...)
		writing = time.Since(began)
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		snap.Release()
		ctx, cancel = context.WithTimeout(context.Background(), writing)
		alone = append(alone, answers(b, ctx, n, scan)...)
		cancel()
	}
	b.StopTimer()
	b.ReportMetric(ms(quantile(alone, 0.99)), "ms-p99-alone")
	b.ReportMetric(ms(quantile(beside, 0.99)), "ms-p99-beside")
	b.ReportMetric(ms(quantile(alone, 0.5)), "ms-p50-alone")
	b.ReportMetric(ms(quantile(beside, 0.5)), "ms-p50-beside")
	b.ReportMetric(ms(quantile(beside, 0.99))/ms(quantile(alone, 0.99)), "ratio-p99")
	b.ReportMetric(writing.Seconds(), "s-to-write")
	b.ReportMetric(float64(len(beside)), "answers")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(float64(len(d))*q), len(d)-1)]
}

// scan is a gallery's memory, and what a search does with it.
type scan struct{ rows []float32 }

func newScan() *scan {
	s := &scan{rows: make([]float32, 100_000*128)}
	for i := range s.rows {
		s.rows[i] = float32(i%251) / 251
	}
	return s
}

func (s *scan) best(probe *[128]float32) (best float32) {
	for i := 0; i+128 <= len(s.rows); i += 128 {
		row := (*[128]float32)(s.rows[i:])
		var a, c, d, e float32
		for k := 0; k < 128; k += 4 {
			a += row[k] * probe[k]
			c += row[k+1] * probe[k+1]
			d += row[k+2] * probe[k+2]
			e += row[k+3] * probe[k+3]
		}
		best = max(best, a+c+d+e)
	}
	return best
}

// answers asks every 20 ms until ctx ends and gives the time from when each answer
// was due.
func answers(b *testing.B, ctx context.Context, n *node, s *scan) []time.Duration {
	b.Helper()
	var probe [128]float32
	probe[3] = 1
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var out []time.Duration
	for {
		var due time.Time
		select {
		case <-ctx.Done():
			return out
		case due = <-tick.C:
		}
		if s.best(&probe) <= 0 {
			b.Fatal("nothing found")
		}
		v, err := n.reg.View()
		if err != nil {
			b.Fatal(err)
		}
		seen := 0
		for _, err := range v.Records() {
			if err != nil {
				b.Fatal(err)
			}
			if seen++; seen == 8 {
				break
			}
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
		out = append(out, time.Since(due))
	}
}

// discardSink is a snapshot file that costs nothing.
type discardSink struct{ n int }

func (d *discardSink) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }
func (d *discardSink) Close() error                { return nil }
func (d *discardSink) ID() string                  { return "" }
func (d *discardSink) Cancel() error               { return errors.New("canceled") }
