package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/segment"

	"vigie/cluster"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

var origin = watchlist.Origin{Country: "SEN", Authority: "DPAF"}

const simUser = watchlist.UserID("u1")

// template is two clusters made by the product itself over loopback, of three
// and of five voters, with spare nodes that have joined and never started. Every
// seed runs on a copy.
type template struct {
	Made     time.Time
	Clusters []origins
}

// origins are the nodes of one cluster.
type origins struct {
	Voters int
	Nodes  []source
}

// source is one node to copy.
type source struct {
	ID   watchlist.NodeID
	Dir  string
	disk *disk
}

func (t *template) of(voters int) *origins {
	for i := range t.Clusters {
		if t.Clusters[i].Voters == voters {
			return &t.Clusters[i]
		}
	}
	panic("no such template")
}

// scratch is a folder in memory, if the machine has one: nothing here is meant
// to last.
func scratch() string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// makeTemplate builds the template in dir and notes it there.
func makeTemplate(dir string) error {
	t := template{Made: time.Now()}
	for _, size := range []struct{ voters, spareVoters, spareNonvoters int }{{3, 1, 1}, {5, 0, 1}} {
		o := origins{Voters: size.voters}
		var err error
		roles := []watchlist.NodeRole{}
		for range size.spareVoters {
			roles = append(roles, watchlist.NodeVoter)
		}
		for range size.spareNonvoters {
			roles = append(roles, watchlist.NodeNonvoter)
		}
		if o.Nodes, err = makeCluster(filepath.Join(dir, fmt.Sprint(size.voters)), size.voters, roles); err != nil {
			return err
		}
		t.Clusters = append(t.Clusters, o)
	}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "template.json"), b, 0o600)
}

func makeCluster(dir string, voters int, spares []watchlist.NodeRole) (out []source, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	at := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	user := command.UserPut{User: watchlist.User{ID: simUser, Login: "sim", Role: watchlist.RoleOfficer, PasswordHash: "$argon2id$x"}, Create: true}
	first, err := cluster.Init(ctx, cluster.InitConfig{DataDir: at(0), Origin: origin, Commands: []command.Envelope{command.New("init", user)}})
	if err != nil {
		return nil, err
	}
	out = append(out, source{ID: first.Node, Dir: at(0)})
	var nodes []*cluster.Node
	defer func() {
		for i := len(nodes) - 1; i >= 0; i-- {
			err = errors.Join(err, nodes[i].Shutdown(ctx))
		}
	}()
	start := func(i int) error {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		n, err := cluster.Open(ctx, cluster.Config{DataDir: at(i), Listener: ln, DiskLimits: roomy()}, nil)
		if err == nil {
			nodes = append(nodes, n)
		}
		return err
	}
	if err := start(0); err != nil {
		return nil, err
	}
	for i := 1; i < voters+len(spares); i++ {
		role := watchlist.NodeVoter
		if i >= voters {
			role = spares[i-voters]
		}
		token, err := nodes[0].NewToken(ctx, role, 0)
		if err != nil {
			return nil, err
		}
		if err := cluster.Join(ctx, cluster.JoinConfig{Token: token, DataDir: at(i)}); err != nil {
			return nil, err
		}
		if i < voters {
			if err := start(i); err != nil {
				return nil, err
			}
		}
		id, err := nodeID(at(i))
		if err != nil {
			return nil, err
		}
		out = append(out, source{ID: id, Dir: at(i)})
	}
	return out, awaitVoters(ctx, nodes[0], voters)
}

func nodeID(dir string) (watchlist.NodeID, error) {
	b, err := os.ReadFile(filepath.Join(dir, "identity", "node.json"))
	if err != nil {
		return "", err
	}
	var rec struct {
		Node watchlist.NodeID `json:"node"`
	}
	return rec.Node, json.Unmarshal(b, &rec)
}

func awaitVoters(ctx context.Context, n *cluster.Node, want int) error {
	for {
		voting := 0
		for _, m := range n.Status().Members {
			if m.Voting {
				voting++
			}
		}
		if voting == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d voters: %w", voting, want, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// loadTemplate reads what makeTemplate made and puts each raft log on a disk in
// memory.
func loadTemplate(dir string) (*template, error) {
	b, err := os.ReadFile(filepath.Join(dir, "template.json"))
	if err != nil {
		return nil, err
	}
	t := &template{}
	if err := json.Unmarshal(b, t); err != nil {
		return nil, err
	}
	for i := range t.Clusters {
		for j := range t.Clusters[i].Nodes {
			n := &t.Clusters[i].Nodes[j]
			if n.disk, err = loadLog(n.Dir); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// loadLog copies a raft log from files to a disk in memory.
func loadLog(node string) (*disk, error) {
	d := newDisk(nil)
	dir := filepath.Join(node, "raft")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return d, nil // it never ran
	}
	from, err := wal.Open(dir)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := wal.Open("", wal.WithSegmentFiler(segment.NewFiler("", d)), wal.WithMetaStore(metaStore{d}), wal.WithSegmentSize(64<<10))
	if err != nil {
		return nil, err
	}
	defer to.Close()
	first, err := from.FirstIndex()
	if err != nil {
		return nil, err
	}
	last, err := from.LastIndex()
	if err != nil {
		return nil, err
	}
	for i := first; i <= last; i++ {
		var l raft.Log
		if err := from.GetLog(i, &l); err != nil {
			return nil, err
		}
		if err := to.StoreLog(&l); err != nil {
			return nil, err
		}
	}
	for _, key := range []string{"CurrentTerm", "LastVoteTerm", "LastVoteCand"} {
		v, err := from.Get([]byte(key))
		if err != nil {
			return nil, err
		}
		if err := to.Set([]byte(key), v); err != nil {
			return nil, err
		}
	}
	return d, nil
}
