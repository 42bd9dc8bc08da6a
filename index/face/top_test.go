package face

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// TestTop offers random hits, with ties and several of one identity, to tops on
// both sides of mapless, and holds them to a sorted list of each identity's best.
func TestTop(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	var w top // used again and again, as a worker's is
	for _, k := range []int{1, 2, 11, mapless - 1, mapless, mapless + 1, 3 * mapless, 2, mapless + 1} {
		w.reset(k)
		best := map[uint32]hit{}
		for range 6 * (k + 10) {
			who := rng.Uint32N(uint32(3*k + 2))
			h := hit{
				who: who, id: watchlist.EntryID(fmt.Sprintf("%06d", who)),
				label: string('a' + rune(rng.IntN(3))), score: float64(rng.IntN(2*k + 3)),
			}
			w.offer(h)
			if old, ok := best[who]; !ok || old.worse(h) {
				best[who] = h
			}
		}
		var want []hit
		for _, h := range best {
			want = append(want, h)
		}
		slices.SortFunc(want, func(a, b hit) int {
			if b.worse(a) {
				return -1
			}
			return 1
		})
		want = want[:min(k, len(want))]
		for _, h := range want {
			if !w.has(h.who) {
				t.Errorf("k %d: identity %d is not there", k, h.who)
			}
		}
		if w.has(1 << 30) {
			t.Errorf("k %d: has an identity that was never offered", k)
		}
		if f := w.floor(-1); len(want) == k && f != want[k-1].score || len(want) < k && f != -1 {
			t.Errorf("k %d: floor %g", k, f)
		}
		got, more := w.best(k)
		var wanted []watchlist.FaceMatch
		for _, h := range want {
			wanted = append(wanted, matchOf(h.id, h.label, h.score))
		}
		if d := cmp.Diff(wanted, got); d != "" || more {
			t.Errorf("k %d, more %t (-want +got):\n%s", k, more, d)
		}
	}
}

// BenchmarkTop offers hits of 4,096 identities in random order, as the rows of a
// gallery without a bound are, but all of them.
func BenchmarkTop(b *testing.B) {
	rng := rand.New(rand.NewPCG(22, 1))
	hits := make([]hit, 4096)
	for i := range hits {
		hits[i] = hit{who: uint32(i), id: "entry", label: "photo", score: rng.Float64()}
	}
	for _, k := range []int{11, 51, 201, 256, 512, 1024} {
		b.Run(fmt.Sprint(k), func(b *testing.B) {
			var w top
			for b.Loop() {
				w.reset(k)
				for _, h := range hits {
					if h.score >= w.floor(-1) {
						w.offer(h)
					}
				}
			}
		})
	}
}
