package bareraft

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"

	"vigie/benchmarks"
)

// The product's settings of the link profile "lan" (cluster/config.go) and of its
// log (cluster/replica.go).
const (
	heartbeat  = 300 * time.Millisecond
	commit     = 20 * time.Millisecond
	batch      = 64
	rpcTimeout = 10 * time.Second
	segment    = 16 << 20
	cached     = 256
	poolSize   = 3
)

// request is a line that a node reads: one of the three.
type request struct {
	// Peers, by id, starts raft.
	Peers map[string]string `json:"peers,omitempty"`
	// State asks whether the node leads.
	State bool  `json:"state,omitempty"`
	Load  *Load `json:"load,omitempty"`
}

// Load asks for writes: Clients goroutines, each one entry of Bytes after the
// other, for Millis.
type Load struct {
	Clients int   `json:"clients"`
	Bytes   int   `json:"bytes"`
	Millis  int64 `json:"millis"`
}

// Result is what a Load found: entries applied and how long each took from Apply
// until it was applied on the leader.
type Result struct {
	Writes  int                `json:"writes"`
	Failed  int                `json:"failed"`
	Seconds float64            `json:"seconds"`
	Latency benchmarks.Latency `json:"latency"`
}

// reply is a line that a node writes, one per request, and one with its address
// before the first.
type reply struct {
	Addr   string  `json:"addr,omitempty"`
	Leads  bool    `json:"leads,omitempty"`
	Result *Result `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// Serve runs one node in dir until in ends. It binds a port of its own choice.
func Serve(dir, id string, in io.Reader, out io.Writer) (err error) {
	quiet := hclog.NewNullLogger()
	trans, err := raft.NewTCPTransportWithLogger("127.0.0.1:0", nil, poolSize, rpcTimeout, quiet)
	if err != nil {
		return fmt.Errorf("bind a port: %w", err)
	}
	defer func() { err = errors.Join(err, trans.Close()) }()
	n := &node{dir: dir, id: id, trans: trans}
	defer func() { err = errors.Join(err, n.close()) }()
	to := json.NewEncoder(out)
	if err := to.Encode(reply{Addr: string(trans.LocalAddr())}); err != nil {
		return fmt.Errorf("say the address: %w", err)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var req request
		if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		if err := to.Encode(n.answer(req)); err != nil {
			return fmt.Errorf("answer a request: %w", err)
		}
	}
	return lines.Err() //nolint:wrapcheck // nothing to add
}

type node struct {
	dir, id string
	trans   *raft.NetworkTransport
	log     *wal.WAL
	raft    *raft.Raft
}

func (n *node) answer(req request) reply {
	switch {
	case req.Peers != nil:
		if err := n.start(req.Peers); err != nil {
			return reply{Error: err.Error()}
		}
		return reply{}
	case n.raft == nil:
		return reply{Error: "not started"}
	case req.Load != nil:
		r := n.load(*req.Load)
		return reply{Result: &r}
	}
	return reply{Leads: n.raft.State() == raft.Leader && n.raft.VerifyLeader().Error() == nil}
}

func (n *node) start(peers map[string]string) error {
	var err error
	if n.log, err = wal.Open(filepath.Clean(n.dir), wal.WithSegmentSize(segment)); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	cache, err := raft.NewLogCache(cached, n.log)
	if err != nil {
		return fmt.Errorf("cache the log: %w", err)
	}
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(n.id)
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = heartbeat, heartbeat, heartbeat
	c.CommitTimeout, c.MaxAppendEntries, c.BatchApplyCh = commit, batch, true
	c.Logger, c.NoLegacyTelemetry = hclog.NewNullLogger(), true
	var members raft.Configuration
	for id, addr := range peers {
		members.Servers = append(members.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(addr)})
	}
	snaps := raft.NewInmemSnapshotStore()
	if err := raft.BootstrapCluster(c, cache, n.log, snaps, n.trans, members); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	if n.raft, err = raft.NewRaft(c, &nothing{}, cache, n.log, snaps, n.trans); err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	return nil
}

// load writes and waits, as the product's clients do.
func (n *node) load(l Load) Result {
	payload := make([]byte, l.Bytes)
	for i := range payload {
		payload[i] = byte(i * 131)
	}
	begin := time.Now()
	end := begin.Add(time.Duration(l.Millis) * time.Millisecond)
	var failed atomic.Int64
	times := make([][]time.Duration, l.Clients)
	var wg sync.WaitGroup
	for c := range l.Clients {
		wg.Go(func() {
			for t := time.Now(); t.Before(end); t = time.Now() {
				if err := n.raft.Apply(payload, rpcTimeout).Error(); err != nil {
					failed.Add(1)
					continue
				}
				times[c] = append(times[c], time.Since(t))
			}
		})
	}
	wg.Wait()
	took := time.Since(begin).Seconds()
	var all []time.Duration
	for _, t := range times {
		all = append(all, t...)
	}
	return Result{Writes: len(all), Failed: int(failed.Load()), Seconds: took, Latency: benchmarks.Summarise(all)}
}

func (n *node) close() error {
	var errs []error
	if n.raft != nil {
		errs = append(errs, n.raft.Shutdown().Error())
	}
	if n.log != nil {
		errs = append(errs, n.log.Close())
	}
	return errors.Join(errs...)
}

// nothing is a state machine without a state.
type nothing struct{}

// Apply implements raft.FSM.
func (*nothing) Apply(*raft.Log) any { return nil }

// Snapshot implements raft.FSM.
func (n *nothing) Snapshot() (raft.FSMSnapshot, error) { return n, nil }

// Restore implements raft.FSM.
func (*nothing) Restore(r io.ReadCloser) error { return r.Close() } //nolint:wrapcheck // nothing to add

// Persist implements raft.FSMSnapshot.
func (*nothing) Persist(s raft.SnapshotSink) error { return s.Close() } //nolint:wrapcheck // nothing to add

// Release implements raft.FSMSnapshot.
func (*nothing) Release() {}
