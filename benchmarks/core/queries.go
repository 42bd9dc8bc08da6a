package core

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
)

// names asks for misspelt names of the list, one after the other, on a node
// that isn't the leader.
func (b *bench) names(ctx context.Context) error {
	listed := gen.Names(uint64(b.entries)+7, b.Queries)
	var bodies []json.RawMessage
	var want []string
	for i := range b.Queries {
		q, err := json.Marshal(map[string]any{
			"names":   []map[string]any{{"full": gen.Misspell(uint64(i), listed[i])}},
			"purpose": "test", "reason": "benchmark", "limit": 10,
		})
		if err != nil {
			return fmt.Errorf("encode a query: %w", err)
		}
		bodies, want = append(bodies, q), append(want, listed[i])
	}
	q, err := b.askNames(ctx, bodies, want)
	if err != nil {
		return err
	}
	q.What = "name with one typing mistake"
	b.report.Names = append(b.report.Names, q)
	return nil
}

// record adds an answer of the node that took so long.
func (q *Query) record(took time.Duration, l *lead) {
	if q.stages == nil {
		q.stages = map[string][]time.Duration{}
	}
	var sum time.Duration
	for _, s := range l.Stages {
		d := time.Duration(s.Micros) * time.Microsecond
		q.stages[s.Stage] = append(q.stages[s.Stage], d)
		sum += d
	}
	q.took, q.node = append(q.took, took), append(q.node, sum)
	q.Entries, q.Gallery = l.Stamp.Entries, l.OperatingPoint.GallerySize
}

// sum fills the figures from what was recorded.
func (q *Query) sum() {
	q.Latency, q.Node = benchmarks.Summarise(q.took), benchmarks.Summarise(q.node)
	q.Stages = map[string]float64{}
	for s, d := range q.stages {
		q.Stages[s] = benchmarks.Summarise(d).P50
	}
}

// follower gives the match operation of a node that isn't the leader, or of the
// only node.
func (b *bench) follower(ctx context.Context) (string, error) {
	leader, err := b.cluster.Leader(ctx)
	if err != nil {
		return "", fmt.Errorf("find the leader: %w", err)
	}
	return b.cluster.URL((leader+1)%b.cluster.Len()) + "/v1/match", nil
}

// askNames sends name queries one by one, after five that aren't counted, and
// counts how often the name wanted came first.
func (b *bench) askNames(ctx context.Context, bodies []json.RawMessage, want []string) (Query, error) {
	url, err := b.follower(ctx)
	if err != nil {
		return Query{}, err
	}
	for i := range min(5, len(bodies)) {
		if err := b.call(ctx, "POST", url, bodies[i], nil); err != nil {
			return Query{}, err
		}
	}
	first := 0
	var q Query
	for i, body := range bodies {
		var l lead
		t := time.Now()
		if err := b.call(ctx, "POST", url, body, &l); err != nil {
			return Query{}, err
		}
		q.record(time.Since(t), &l)
		if len(l.Candidates) > 0 && len(l.Candidates[0].Names) > 0 && l.Candidates[0].Names[0].Full == want[i] {
			first++
		}
	}
	q.sum()
	q.Found = float64(first) / float64(len(want))
	return q, nil
}

// ask sends the same query Photos times, after five that aren't counted, and runs
// the other contender before every few of them.
func (b *bench) ask(ctx context.Context, body json.RawMessage, few int, other func() (time.Duration, error), all *Query) (PhotoPass, error) {
	url, err := b.follower(ctx)
	if err != nil {
		return PhotoPass{}, err
	}
	for range 5 {
		if err := b.call(ctx, "POST", url, body, nil); err != nil {
			return PhotoPass{}, err
		}
	}
	var ours, theirs []time.Duration
	for i := range b.Photos {
		if i%few == 0 {
			took, err := other()
			if err != nil {
				return PhotoPass{}, err
			}
			theirs = append(theirs, took)
		}
		var l lead
		t := time.Now()
		if err := b.call(ctx, "POST", url, body, &l); err != nil {
			return PhotoPass{}, err
		}
		took := time.Since(t)
		ours = append(ours, took)
		all.record(took, &l)
	}
	return PhotoPass{Latency: benchmarks.Summarise(ours), GoFace: benchmarks.Summarise(theirs)}, nil
}
