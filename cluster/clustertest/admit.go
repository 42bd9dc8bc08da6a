package clustertest

import (
	"context"
	"fmt"
	"path/filepath"
)

// Admit makes one more node of the role "voter" or "nonvoter": a token, `vigie
// join`, and its files. It gives the node's number; Restart starts it. It must not
// run beside other calls.
func (c *Cluster) Admit(ctx context.Context, role string) (int, error) {
	addrs, err := freePorts(2)
	if err != nil {
		return -1, err
	}
	name := fmt.Sprintf("node%d", len(c.nodes)+1)
	n := &node{name: name, dir: filepath.Join(c.opt.Dir, name), api: addrs[0], cluster: addrs[1]}
	if err := c.join(ctx, n, role); err != nil {
		return -1, err
	}
	c.nodes = append(c.nodes, n)
	return len(c.nodes) - 1, nil
}

// ClusterAddr is the address of node i for the other nodes, host:port.
func (c *Cluster) ClusterAddr(i int) string { return c.nodes[i].cluster }
