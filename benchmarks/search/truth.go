package search

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"vigie/benchmarks/search/flat"
	"vigie/watchlist"
)

// truthRows is how many of the best rows the brute force keeps of each query:
// enough for the ten best people, however many photos they have.
const truthRows = 96

// ranked is a row of the brute force with its exact score.
type ranked struct {
	row   int32
	score float64
}

// truth holds the best rows of every query, best first.
type truth struct {
	d    *data
	best map[string][][]ranked
}

// bruteForce scores all rows with every query in float32, and those that may
// belong to the best in float64: sum over the dimensions, in order, of the
// squared difference, no fused multiply-add. It shares no code with the gallery.
func bruteForce(d *data) *truth {
	t := &truth{d: d, best: map[string][][]ranked{}}
	for kind, qs := range d.queries {
		best := make([][]ranked, len(qs.rows))
		var wg sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			wg.Go(func() {
				near := make([]float32, d.n)
				for i := w; i < len(best); i += workers {
					best[i] = rank(d, qs.rows[i], near)
				}
			})
		}
		wg.Wait()
		t.best[kind] = best
	}
	return t
}

// rank gives the best rows of one query; near is room for all distances.
func rank(d *data, q, near []float32) []ranked {
	flat.Best().Distances(q, d.rows, d.dim, near)
	limit := cut(near, truthRows)
	var out []ranked
	for i, v := range near {
		if v <= limit {
			out = append(out, ranked{int32(i), exactScore(q, d.row(i))})
		}
	}
	slices.SortFunc(out, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row))
	})
	return out[:min(len(out), truthRows)]
}

// cut gives a squared distance in float32 that the n nearest rows cannot exceed:
// the n-th smallest, and a margin above the rounding of 512 summands.
func cut(near []float32, n int) float32 {
	worst := make([]float32, 0, n+1) // falling
	for _, v := range near {
		if len(worst) == n && v >= worst[0] {
			continue
		}
		at, _ := slices.BinarySearchFunc(worst, v, func(a, b float32) int { return cmp.Compare(b, a) })
		worst = slices.Insert(worst, at, v)
		if len(worst) > n {
			worst = slices.Delete(worst, 0, 1)
		}
	}
	if len(worst) < n {
		return math.MaxFloat32
	}
	return worst[0]*(1+2e-4) + 1e-30
}

// exactScore is the gallery's score by definition.
func exactScore(a, b []float32) float64 {
	var s float64
	for i, v := range a {
		e := float64(v) - float64(b[i])
		s += float64(e * e)
	}
	return 1 - s/2
}

// want gives the answer to a query: the k best people with a score of low or
// more, each with the best photo, ties by entry and face id; and whether there
// are more. It fails when the kept rows do not decide that.
func (t *truth) want(kind string, query, k int, low float64) ([]watchlist.FaceMatch, bool, error) {
	var all []watchlist.FaceMatch
	seen := map[int32]int{}
	list := t.best[kind][query]
	for _, r := range list {
		if r.score < low {
			break
		}
		who := t.d.owner[r.row]
		m := watchlist.FaceMatch{Entry: entryID(int(who)), Face: faceID(t.d.photo(int(r.row))), Score: r.score}
		if at, ok := seen[who]; !ok {
			seen[who] = len(all)
			all = append(all, m)
		} else if m.Score == all[at].Score && m.Face < all[at].Face {
			all[at] = m
		}
	}
	if len(all) <= k && len(list) == truthRows && len(list) < t.d.n && list[len(list)-1].score >= low {
		return nil, false, fmt.Errorf("brute force: %d rows hold only %d people", truthRows, len(all))
	}
	slices.SortStableFunc(all, func(a, b watchlist.FaceMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entry, b.Entry))
	})
	if len(all) > k {
		return all[:k], true, nil
	}
	return all, false, nil
}

// answer is what a gallery returned.
type answer struct {
	matches []watchlist.FaceMatch
	more    bool
}

// differences counts the answers that are not, bit for bit, the brute force's.
func (t *truth) differences(kind string, k int, low float64, got []answer) (int, error) {
	bad := 0
	for i, a := range got {
		want, more, err := t.want(kind, i, k, low)
		if err != nil {
			return 0, err
		}
		if more != a.more || !slices.Equal(want, a.matches) {
			bad++
		}
	}
	return bad, nil
}

// recall gives the share of the k nearest rows that are among the rows returned
// for each query, and how often the nearest is.
func (t *truth) recall(kind string, k int, got [][]int64) (atK, at1 float64) {
	for i, rows := range got {
		found := 0
		list := t.best[kind][i]
		for j, r := range list[:min(k, len(list))] {
			if slices.Contains(rows, int64(r.row)) {
				found++
				if j == 0 {
					at1++
				}
			}
		}
		atK += float64(found) / float64(min(k, len(list)))
	}
	return atK / float64(len(got)), at1 / float64(len(got))
}
