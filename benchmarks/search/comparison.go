package search

import (
	"context"
	"fmt"
	"time"

	"vigie/index/face"
	"vigie/watchlist"
)

// kinds are the kinds of queries.
var kinds = [2]string{"hit", "miss"}

// comparison is what the contenders of one contest are asked.
type comparison struct {
	name    string
	data    *data
	truth   *truth
	kind    string
	k       int
	tau     *float64 // nil for none
	threads int
}

func (c *comparison) row(contender string) Row {
	return Row{Name: c.name, Space: c.data.label, N: c.data.n, K: c.k, Tau: c.tau, Kind: c.kind, Contender: contender}
}

// recallDone completes a row with the recall of the last pass, whose rows found
// holds. A contender that keeps to tau need not find what lies beyond.
func (c *comparison) recallDone(found *[][]int64) func(*Row) error {
	return func(r *Row) error {
		at, first := c.truth.recall(c.kind, c.k, *found)
		r.Recall, r.RecallAt1 = &at, &first
		return nil
	}
}

// low is the least score that counts.
func (c *comparison) low() float64 {
	if c.tau == nil {
		return -1e30
	}
	return scoreAt(*c.tau)
}

// ours is the gallery as a contender, through its public Search. Every answer
// of every counted pass is compared with the brute force.
func (c *comparison) ours(g *face.Gallery, label, kernel string) side {
	s := side{row: c.row(label)}
	s.row.Kernel = kernel
	bad := 0
	s.pass = func(ctx context.Context, from, to int) (time.Duration, error) {
		qs := c.data.queries[c.kind].templates[from:to]
		got := make([]answer, len(qs))
		q := watchlist.FaceQuery{Model: c.data.space.Model(), K: c.k, MinScore: c.low()}
		start := time.Now()
		for i, t := range qs {
			q.Template = t
			var err error
			if got[i].matches, got[i].more, err = g.Search(ctx, q, nil); err != nil {
				return 0, fmt.Errorf("search: %w", err)
			}
		}
		took := time.Since(start)
		n, err := c.truth.differences(c.kind, c.k, c.low(), got)
		bad += n
		return took, err
	}
	s.done = func(r *Row) error {
		r.Differences = &bad
		return nil
	}
	return s
}
