package evalnames

import (
	"context"
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

// ask searches one name after another.
func ask(ctx context.Context, x *name.Index, list []asked, progress func(done, total int)) ([]outcome, error) {
	out := make([]outcome, len(list))
	for i, q := range list {
		start := time.Now()
		found, err := x.Search(ctx, watchlist.NameQuery{Names: []watchlist.Name{{Full: q.name}}, K: candidates})
		if err != nil {
			return nil, err
		}
		o := outcome{asked: q, rank: -1, took: time.Since(start), found: len(found) > 0}
		if o.found {
			o.top, o.right = found[0].Score, q.id != "" && string(found[0].Entry) == q.id
		}
		if q.id != "" {
			o.rank = slices.IndexFunc(found, func(m watchlist.NameMatch) bool { return string(m.Entry) == q.id })
		}
		if o.rank >= 0 {
			o.score = found[o.rank].Score
		}
		out[i] = o
		progress(i+1, len(list))
	}
	return out, nil
}
