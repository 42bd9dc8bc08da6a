package face

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"vigie/index/indextest"
)

// TestExact is invariant 8: exact search returns what a brute-force float64
// scan returns, bit for bit.
func TestExact(t *testing.T) {
	rounds := uint64(24)
	if testing.Short() {
		rounds = 8
	}
	for seed := range rounds {
		long := 128
		if seed%4 == 3 {
			long = 512
		}
		t.Run(fmt.Sprintf("%d/%d", long, seed), func(t *testing.T) {
			w := newWorld(seed, long)
			defer w.close(t)
			for i := range 15 {
				w.check(t)
				if w.step(t); i == 9 {
					w.rebuild(t)
				}
				for range 4 {
					w.check(t)
				}
				w.burst(t, 6)
			}
		})
	}
}

func FuzzExact(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Add(uint64(2), uint8(60))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		w := newWorld(seed, 128)
		defer w.close(t)
		for range steps % 64 {
			w.step(t)
		}
		for range 8 {
			w.check(t)
		}
	})
}

// TestExactMillion compares as many searches with brute force as
// VIGIE_FUZZ_SEARCHES says: a few thousand without it, a million for a release.
// Most galleries are small and change all the time; every hundredth is large.
func TestExactMillion(t *testing.T) {
	total := int64(4000)
	if testing.Short() {
		total = 1000
	}
	if s := os.Getenv("VIGIE_FUZZ_SEARCHES"); s != "" {
		var err error
		if total, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	var done atomic.Int64
	var seed atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for done.Load() < total && !t.Failed() {
				done.Add(oneWorld(t, 1000+seed.Add(1)))
			}
		})
	}
	wg.Wait()
	t.Logf("%d searches, %d galleries", done.Load(), seed.Load())
}

// oneWorld makes a world, changes and searches it, and returns the number of
// searches.
func oneWorld(t *testing.T, seed uint64) (searches int64) {
	long := 128
	if seed%10 == 0 {
		long = 512
	}
	w := newWorld(seed, long)
	defer w.close(t)
	steps, each := 20, 25
	if seed%100 == 7 {
		w.many, each = 2000, 10
	}
	before := w.g.Stats().Searches
	for i := range steps {
		w.step(t)
		if i == 12 && seed%3 == 0 {
			w.rebuild(t)
		}
		for range each {
			w.check(t)
		}
		if i%4 == 0 {
			w.burst(t, 8)
		}
		if t.Failed() {
			t.Logf("seed %d, step %d", seed, i)
			break
		}
	}
	return int64(w.g.Stats().Searches - before)
}

// TestLargeGallery searches a gallery of several segments at its usual sizes,
// while the background works on them.
func TestLargeGallery(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	for seed := uint64(7); seed < 9; seed++ {
		w := newWorld(seed, 128)
		w.style, w.many = 0, 5000
		w.g.w.sizes = defaultSizes()
		for range 6 {
			w.step(t)
			w.check(t)
			w.burst(t, 4)
		}
		w.g.work.Wait()
		for range 4 {
			w.check(t)
		}
		s := w.g.Stats()
		if s.Merges == 0 || s.Segments > 12 {
			t.Errorf("the background did little: %+v", s)
		}
		w.close(t)
	}
}

// TestTies holds equal scores to the order by entry id, whatever came first.
func TestTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	tpl := indextest.Template(rng, 128)
	g := testGallery(t)
	for _, n := range rng.Perm(700) {
		mustApply(t, g, entryOf(n, tpl, tpl))
	}
	for _, parallel := range []int{0, 1 << 30} {
		g.parallel = parallel
		got, more, err := g.Search(context.Background(), query(tpl, 10, 0.5), nil)
		if err != nil || !more || len(got) != 10 {
			t.Fatalf("%d found, more %v, error %v", len(got), more, err)
		}
		for n, m := range got {
			if m.Entry != entryID(n) || m.Face != "f0" {
				t.Errorf("place %d: %s %s, want %s f0", n, m.Entry, m.Face, entryID(n))
			}
		}
	}
}

// TestReach holds the distance bound to scores: no row with a score of the bound
// may lie beyond it.
func TestReach(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	for i := range 50_000 {
		a := indextest.Template(rng, 128)
		b := indextest.Template(rng, 128)
		switch i % 4 {
		case 0:
			copy(b, a)
			b[i%128] = math.Nextafter32(b[i%128], 9)
		case 1:
			for k := range b {
				b[k] = a[k] + b[k]*1e-8
			}
		case 2:
			a[5], b[7] = 1e15, -1e15
		}
		s := score(a, b)
		d2 := 0.0
		for k := range a {
			d := float64(a[k]) - float64(b[k])
			d2 += float64(d * d)
		}
		if r := reach(s); math.Sqrt(d2)*(1+1e-13) > r || r > (math.Sqrt(d2)+1e-7)*(1+1e-7) {
			t.Fatalf("score %v at distance %v: reach %v", s, math.Sqrt(d2), r)
		}
		if got, ok := within(a, b, s); !ok || got != s {
			t.Fatalf("within gives %v, %v for a score of %v", got, ok, s)
		}
		if _, ok := within(a, b, math.Nextafter(s, 2)); ok {
			t.Fatalf("within admits %v at a bound just above", s)
		}
		x := [4][]float32{b, a, b, a}
		if got := within4(a, &x, s); got != [4]float64{s, 1, s, 1} {
			t.Fatalf("within4 gives %v for scores of %v and 1", got, s)
		}
	}
	if r := reach(math.Inf(-1)); !math.IsInf(r, 1) {
		t.Errorf("reach(-Inf) = %v", r)
	}
	if r := reach(1.5); r >= 0 {
		t.Errorf("reach(1.5) = %v, want none", r)
	}
	if r := reach(1); r < 0 || r > 1e-7 {
		t.Errorf("reach(1) = %v", r)
	}
}
