package matcher

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"vigie/watchlist"
)

// takeFaces makes a sample of every photo, side by side, and adds the probe's
// templates. Stage times of several photos add up.
func (q *query) takeFaces(ctx context.Context) error {
	photos := q.probe.Photos
	samples := make([]watchlist.FaceSample, len(photos))
	var mu sync.Mutex
	spent := map[string]int64{}
	var order []string
	group, inner := errgroup.WithContext(ctx)
	for i, photo := range photos {
		group.Go(func() error {
			return q.m.guard("faces", func() error {
				s, stages, err := q.m.c.Encoder.Extract(inner, photo)
				if err != nil {
					return &ProbeError{Pointer: fmt.Sprintf("/photos/%d", i), Err: err}
				}
				samples[i] = s
				mu.Lock()
				defer mu.Unlock()
				for _, st := range stages {
					if _, ok := spent[st.Stage]; !ok {
						order = append(order, st.Stage)
					}
					spent[st.Stage] += st.Micros
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("match: %w", ctx.Err())
		}
		return err
	}
	for _, name := range order {
		q.lead.Stages = append(q.lead.Stages, watchlist.StageTime{Stage: name, Micros: spent[name]})
	}
	for i, t := range q.probe.Templates {
		if t.Model != q.spaces[0].gallery.Model() {
			return &ProbeError{Pointer: fmt.Sprintf("/templates/%d/model", i), Err: &watchlist.FaceError{
				Code:   watchlist.FaceModelMismatch,
				Detail: "the template comes from another model than this node's; encode the photo again here",
			}}
		}
	}
	q.samples = append(samples, q.probe.Templates...)
	q.lead.Faces = q.samples
	return nil
}
