package face

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"vigie/index/face/codes"
	"vigie/index/face/file"
	"vigie/index/indextest"
)

var (
	loadRows = flag.Int("loadrows", 1_000_000, "rows of BenchmarkLoad")
	loadCold = flag.Bool("loadcold", false, "drop the page cache before each load of BenchmarkLoad (root)")
)

// flatSpace takes templates of 128 values as they are.
type flatSpace struct{ unitSpace }

// benchFiles writes a gallery of random unit rows, one entry each, in segments
// of at most maxRows.
func benchFiles(b *testing.B, s *shelf, rows int) {
	b.Helper()
	d := file.NewDir(s.dir, s.seal)
	k := Keep(New(s.space, Options{}), d, KeepOptions{Calibration: s.tag, Every: never})
	w := newStore(s.space, k.kernel, defaultHistory, defaultSizes())
	w.base, w.applied, w.stamp, w.dim, w.gathering = 1, 1, firstStamp(1), 128, true
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, 128)
	for i := range rows {
		sum := 0.0
		for j := range x {
			x[j] = float32(rng.NormFloat64() * math.Exp(-float64(j)/25))
			sum += float64(x[j]) * float64(x[j])
		}
		for j := range x {
			x[j] /= float32(math.Sqrt(sum))
		}
		id := entryID(i)
		w.lastWho++
		w.room(60).add(x, w.stamp, w.lastWho, id, "face-1")
		w.live++
		w.rows++
	}
	if err := w.finish(); err != nil {
		b.Fatal(err)
	}
	k.Gallery.w = w
	k.publish()
	k.registry, k.ready = "r1", true
	k.pending.Store(1)
	save(b, k)
	drop(b, k)
}

// BenchmarkLoad opens a gallery of a million rows of 128 values from its files:
// the time from Recall to the first search, and its stages by themselves.
func BenchmarkLoad(b *testing.B) {
	s := newShelf(b)
	s.space = flatSpace{unitSpace{model: indextest.Model}}
	if dir := os.Getenv("VIGIE_BENCH_DIR"); dir != "" {
		s.dir = filepath.Join(dir, "gallery")
	}
	benchFiles(b, s, *loadRows)
	b.Run("all", func(b *testing.B) {
		best, busy := time.Duration(math.MaxInt64), time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			chill(b)
			begin, cpu := time.Now(), cpuTime(b)
			b.StartTimer()
			k := Keep(New(s.space, Options{}), file.NewDir(s.dir, s.seal), KeepOptions{Calibration: s.tag, Every: never})
			k.Recall("r1")
			b.StopTimer()
			best, busy = min(best, time.Since(begin)), busy+cpuTime(b)-cpu
			if k.Size() != *loadRows {
				b.Fatalf("%d rows", k.Size())
			}
			drop(b, k)
			k = nil
			b.StartTimer()
		}
		b.ReportMetric(best.Seconds()*1e3, "best-ms")
		b.ReportMetric(busy.Seconds()*1e3/float64(b.N), "cpu-ms") // of all cores together
	})
	b.Run("stages", func(b *testing.B) {
		var read, own, encode time.Duration
		for b.Loop() {
			chill(b)
			d := file.NewDir(s.dir, s.seal)
			m, err := d.ReadManifest()
			if err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			w := newStore(s.space, New(s.space, Options{}).kernel, defaultHistory, defaultSizes())
			w.dim = 128
			l := loader{w: w, bases: map[string]*codes.Basis{}}
			for i := range m.Segments {
				if _, err := l.read(d, m.Tag, &m.Segments[i]); err != nil {
					b.Fatal(err)
				}
			}
			read += time.Since(begin)
			begin = time.Now()
			if err := l.own(m); err != nil {
				b.Fatal(err)
			}
			own += time.Since(begin)
			begin = time.Now()
			each(len(l.segs), func(i int) { l.segs[i].encode(l.segs[i].basis, w.kernel) })
			encode += time.Since(begin)
		}
		n := float64(b.N)
		b.ReportMetric(read.Seconds()*1e3/n, "read-ms")
		b.ReportMetric(own.Seconds()*1e3/n, "own-ms")
		b.ReportMetric(encode.Seconds()*1e3/n, "encode-ms")
	})
}

// cpuTime is how long the process has been on a core so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// chill gives the memory of the galleries before back to the system, as the next
// start finds it, and empties the page cache when so asked.
func chill(b *testing.B) {
	for range 3 {
		runtime.GC()
		runtime.Gosched() // cleanups run in goroutines of their own
	}
	if !*loadCold {
		return
	}
	if err := exec.Command("sync").Run(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0o200); err != nil {
		b.Skip(fmt.Sprint("the page cache can't be emptied: ", err))
	}
}
