package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// TestMain lets net/http finish its bounded half-second wait before it closes a
// refused connection; everything else that is left counts as a leak.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// testOrigin owns every test entry.
var testOrigin = watchlist.Origin{Country: "SEN", Authority: "DPAF"}

// fabric is the network between the nodes of a test, with cuts.
type fabric struct {
	mu    sync.Mutex
	cut   map[string]bool
	conns map[net.Conn][2]string
}

func newFabric() *fabric {
	return &fabric{cut: make(map[string]bool), conns: make(map[net.Conn][2]string)}
}

var errCut = errors.New("the test has cut this link")

// dialer is the network as the node at self sees it.
func (f *fabric) dialer(self string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		f.mu.Lock()
		cut := f.cut[self] || f.cut[addr]
		f.mu.Unlock()
		if cut {
			return nil, errCut
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		f.conns[c] = [2]string{self, addr}
		f.mu.Unlock()
		return c, nil
	}
}

// isolate cuts a node off from all others, and breaks its connections.
func (f *fabric) isolate(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut[addr] = true
	for c, ends := range f.conns {
		if ends[0] == addr || ends[1] == addr {
			c.Close()
			delete(f.conns, c)
		}
	}
}

func (f *fabric) heal(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.cut, addr)
}

// testNode is one member; node is nil while it is stopped.
type testNode struct {
	c    *testCluster
	dir  string
	addr string
	node *Node
}

// testCluster is some nodes in this process, over loopback.
type testCluster struct {
	t     testing.TB
	dir   string
	keys  atomic.Int64
	net   *fabric
	tune  func(*Config)
	nodes []*testNode
	// indexes makes the derived indexes of a node that starts, nil for none.
	indexes func(*testNode) []fsm.Index
}

// newCluster starts size voters. tune may change each node's configuration.
func newCluster(t testing.TB, size int, tune func(*Config)) *testCluster {
	t.Helper()
	return newClusterWith(t, size, tune, nil)
}

// newClusterWith is newCluster with derived indexes.
func newClusterWith(t testing.TB, size int, tune func(*Config), indexes func(*testNode) []fsm.Index) *testCluster {
	t.Helper()
	// The folder first: it is removed after the nodes have stopped.
	c := &testCluster{t: t, dir: t.TempDir(), net: newFabric(), tune: tune, indexes: indexes}
	t.Cleanup(c.stopAll)
	first := c.slot()
	if _, err := Init(ctxFor(t), InitConfig{DataDir: first.dir, Origin: testOrigin, Name: "n0"}); err != nil {
		t.Fatal(err)
	}
	first.start()
	c.leader()
	for range size - 1 {
		c.join(watchlist.NodeVoter)
	}
	c.waitVoters(size)
	return c
}

// ctxFor bounds a step of a test.
func ctxFor(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (c *testCluster) slot() *testNode {
	n := &testNode{c: c, dir: filepath.Join(c.dir, fmt.Sprint(len(c.nodes)))}
	c.nodes = append(c.nodes, n)
	return n
}

// join adds a node and starts it.
func (c *testCluster) join(role watchlist.NodeRole) *testNode {
	c.t.Helper()
	n := c.slot()
	n.obtain(c.token(role))
	n.start()
	return n
}

func (c *testCluster) token(role watchlist.NodeRole) string {
	c.t.Helper()
	tok, err := c.leader().node.NewToken(ctxFor(c.t), role, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return tok
}

func (n *testNode) obtain(token string) {
	n.c.t.Helper()
	if err := Join(ctxFor(n.c.t), JoinConfig{Token: token, DataDir: n.dir, Name: fmt.Sprintf("n%d", len(n.c.nodes)-1)}); err != nil {
		n.c.t.Fatal(err)
	}
}

// start opens the node, on its old address if it had one.
func (n *testNode) start() {
	n.c.t.Helper()
	if err := n.tryStart(); err != nil {
		n.c.t.Fatal(err)
	}
}

func (n *testNode) tryStart() error {
	listen := n.addr
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	n.addr = ln.Addr().String()
	cfg := Config{
		DataDir: n.dir, Listener: ln, ClusterAdvertise: n.addr, Dial: n.c.net.dialer(n.addr),
		Logger: testLogger(),
	}
	if n.c.tune != nil {
		n.c.tune(&cfg)
	}
	var indexes []fsm.Index
	if n.c.indexes != nil {
		indexes = n.c.indexes(n)
	}
	node, err := Open(context.Background(), cfg, indexes)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	n.node = node
	return nil
}

// testLogger is silent unless VIGIE_TEST_LOG is set.
func testLogger() *slog.Logger {
	if os.Getenv("VIGIE_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stop shuts the node down in good order.
func (n *testNode) stop() {
	n.c.t.Helper()
	if n.node == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.node.Shutdown(ctx); err != nil {
		n.c.t.Errorf("shutdown: %v", err)
	}
	n.node = nil
}

// stopAll stops the followers first, so that the leader loses its quorum last.
func (c *testCluster) stopAll() {
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		wg.Go(n.stop)
	}
	wg.Wait()
}

func (c *testCluster) running() []*testNode {
	var out []*testNode
	for _, n := range c.nodes {
		if n.node != nil {
			out = append(out, n)
		}
	}
	return out
}

// eventually waits for a condition that no signal tells of.
func (c *testCluster) eventually(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			c.t.Fatalf("timeout: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// leader waits for a node that leads with a quorum.
func (c *testCluster) leader() *testNode {
	c.t.Helper()
	var found *testNode
	c.eventually("no leader", func() bool {
		for _, n := range c.running() {
			c.net.mu.Lock()
			cut := c.net.cut[n.addr]
			c.net.mu.Unlock()
			if !cut && n.node.leads() && n.node.rep.raft.VerifyLeader().Error() == nil {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

func (c *testCluster) followers() []*testNode {
	c.t.Helper()
	leader := c.leader()
	var out []*testNode
	for _, n := range c.running() {
		if n != leader {
			out = append(out, n)
		}
	}
	return out
}

func (c *testCluster) waitVoters(want int) {
	c.t.Helper()
	c.eventually(fmt.Sprintf("%d voters", want), func() bool {
		voters := 0
		for _, m := range c.leader().node.Status().Members {
			if m.Voting {
				voters++
			}
		}
		return voters == want
	})
}

// put proposes a new entry on a node, as the API does: with an idempotency key,
// so that it is tried again by itself when a leader is lost on the way.
func (n *testNode) put(i int) (command.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	env := command.New("tester", command.EntryPut{Op: command.OpCreate, Entry: testEntry(i)})
	env.IdemKey, env.IdemHash = fmt.Sprint(n.c.keys.Add(1)), make([]byte, 32)
	return n.node.Propose(ctx, env)
}

func (n *testNode) mustPut(i int) command.Result {
	n.c.t.Helper()
	res, err := n.put(i)
	if err != nil {
		n.c.t.Fatalf("put %d: %v", i, err)
	}
	if res.Code != command.OK {
		n.c.t.Fatalf("put %d: %s %v", i, res.Code, res.Fields)
	}
	return res
}

// waitEntry waits until the node's registry holds an entry.
func (n *testNode) waitEntry(i int) {
	n.c.t.Helper()
	n.c.eventually(fmt.Sprintf("entry %d does not arrive", i), func() bool {
		_, err := n.node.Registry().Entry(testEntry(i).ID)
		return err == nil
	})
}

// sameState waits until all running nodes are at one index with one hash.
func (c *testCluster) sameState() {
	c.t.Helper()
	if err := c.leader().node.Linearizable(ctxFor(c.t)); err != nil {
		c.t.Fatal(err)
	}
	index, hash := c.leader().node.rep.fsm.Stamp()
	for _, n := range c.running() {
		if err := n.node.WaitIndex(ctxFor(c.t), index); err != nil {
			c.t.Fatal(err)
		}
		i, h := n.node.rep.fsm.Stamp()
		if i == index && h != hash {
			c.t.Errorf("node %s: hash %s at index %d, the leader has %s", n.addr, h, i, hash)
		}
		if i != index {
			c.t.Errorf("node %s: at index %d, the leader at %d", n.addr, i, index)
		}
	}
}

// testEntry is a valid entry with planted personal data.
func testEntry(i int) watchlist.Entry {
	v := make([]float32, 128)
	for k := range v {
		v[k] = float32(i+1) + float32(k)/128
	}
	return watchlist.Entry{
		ID:     watchlist.NewEntryID("SEN", fmt.Sprintf("0192f0c1-0000-7000-8000-%012x", i)),
		Origin: testOrigin, Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive,
		Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: fmt.Sprintf("PLANTEDNAME Personne%d", i)}},
		Documents:  []watchlist.Document{{Type: "passport", Number: fmt.Sprintf("PLANTEDNUMBER%d", i), Issuer: "SEN"}},
		Faces:      []watchlist.Face{{ID: "f1", Template: watchlist.EncodeTemplate(v), Model: "m1"}},
		LegalBasis: "law", Offence: "offence", CaseReference: "case",
		Issued: 1, ReviewBy: 2, ExpiresAt: 4_000_000_000_000, Specimen: true,
	}
}
