package chaos

import (
	"context"
	"fmt"

	"vigie/cluster/clustertest"
)

// Lost reads all entries of every running node, each named by the one name that it
// was written under, and compares them with the acknowledged ones, name to entry
// id. lost counts, over all nodes, those that a node lacks, wrong those that it
// holds twice or under another id.
func Lost(ctx context.Context, c *clustertest.Cluster, acked map[string]string) (lost, wrong int, err error) {
	for i := range c.Len() {
		if !c.Running(i) {
			continue
		}
		held, err := list(ctx, c, i)
		if err != nil {
			return lost, wrong, fmt.Errorf("listing the entries of %s: %w", c.Name(i), err)
		}
		l, w := check(acked, held)
		lost, wrong = lost+l, wrong+w
	}
	return lost, wrong, nil
}
