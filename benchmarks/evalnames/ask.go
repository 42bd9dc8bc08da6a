package evalnames

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/index/name"
	"vigie/watchlist"
)

// asked is one search: a name and the entry it belongs to, or none. Cluster is
// what the bootstrap draws: the person, or the family.
type asked struct{ name, id, cluster string }

// outcome is what a search found.
type outcome struct {
	asked
	// rank is the entry's place from 0, or -1; score is its score there.
	rank  int
	score float64
	// top is the score of the first candidate and right tells that it is the
	// entry; found that there was one.
	top          float64
	found, right bool
	took         time.Duration
}

// ours searches our index.
func ours(x *name.Index) finder {
	return func(ctx context.Context, full string) ([]Found, error) {
		list, err := x.Search(ctx, watchlist.NameQuery{Names: []watchlist.Name{{Full: full}}, K: candidates})
		out := make([]Found, len(list))
		for i, m := range list {
			out[i] = Found{string(m.Entry), m.Score}
		}
		return out, err
	}
}

// ask searches one name after another.
func ask(ctx context.Context, find finder, list []asked, progress func(done, total int)) ([]outcome, error) {
	out := make([]outcome, len(list))
	for i, q := range list {
		start := time.Now()
		found, err := find(ctx, q.name)
		if err != nil {
			return nil, fmt.Errorf("query %d: %w", i+1, err)
		}
		o := outcome{asked: q, rank: -1, took: time.Since(start), found: len(found) > 0}
		if o.found {
			o.top, o.right = found[0].Score, q.id != "" && found[0].ID == q.id
		}
		if q.id != "" {
			o.rank = slices.IndexFunc(found, func(f Found) bool { return f.ID == q.id })
		}
		if o.rank >= 0 {
			o.score = found[o.rank].Score
		}
		out[i] = o
		progress(i+1, len(list))
	}
	return out, nil
}
