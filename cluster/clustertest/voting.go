package clustertest

import (
	"context"
	"fmt"
	"time"
)

// waitVoting waits until every node counts for the quorum: a node that joined is
// ready before it votes, and until then the cluster can't lose another one.
func (c *Cluster) waitVoting(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.opt.ReadyTimeout)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if s, err := c.Status(ctx, 0); err == nil {
			voting := 0
			for _, m := range s.Members {
				if m.Voting {
					voting++
				}
			}
			if voting == len(c.nodes) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not all of the %d nodes vote: %w", len(c.nodes), ctx.Err())
		case <-tick.C:
		}
	}
}
