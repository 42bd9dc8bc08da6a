package cluster

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
)

// raftTransport is raft's network transport with three of raft's faults mended:
// pipelines can't lock up, a follower whose disk fails says so, and one that got a
// snapshot goes on behind it.
type raftTransport struct {
	*raft.NetworkTransport
	// failures counts the writes to this node's raft log that failed.
	failures *atomic.Uint64
	// rep is the node's replica once raft runs.
	rep atomic.Pointer[replica]

	// stale tells that raft still counts entries behind an installed snapshot that
	// the log does not hold any more; of the goroutine in pass.
	stale bool

	rpcs chan raft.RPC
	done chan struct{}
	once sync.Once
}

func newRaftTransport(t *raft.NetworkTransport, failures *atomic.Uint64) *raftTransport {
	out := &raftTransport{NetworkTransport: t, failures: failures, rpcs: make(chan raft.RPC), done: make(chan struct{})}
	go out.pass()
	return out
}

// AppendEntriesPipeline implements raft.Transport.
func (t *raftTransport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, target)
	if err != nil {
		return nil, err // raft compares it
	}
	return newPipeline(p), nil
}

// Consumer implements raft.Transport.
func (t *raftTransport) Consumer() <-chan raft.RPC { return t.rpcs }

// Close implements raft.WithClose.
func (t *raftTransport) Close() error {
	t.once.Do(func() { close(t.done) })
	return t.NetworkTransport.Close()
}

// pass hands requests to raft, which takes them one at a time anyway.
func (t *raftTransport) pass() {
	for {
		select {
		case rpc := <-t.NetworkTransport.Consumer():
			t.one(rpc)
		case <-t.done:
			return
		}
	}
}

// errStore is what a leader hears from a follower that can't write its log.
var errStore = errors.New("the follower could not write to its raft log")

// one passes a request on.
func (t *raftTransport) one(rpc raft.RPC) {
	switch req := rpc.Command.(type) {
	case *raft.AppendEntriesRequest:
		t.append(rpc, req)
	case *raft.InstallSnapshotRequest:
		t.install(rpc, req)
	default:
		t.send(rpc)
	}
}

// append passes entries on. Raft answers those that it could not store as if they
// did not fit its log. The leader then offers ever older ones, down to a snapshot
// from before what the follower has acknowledged; the follower would take it, drop
// the newer entries, and go on with an older list. As an error, the leader tries
// the same entries again.
func (t *raftTransport) append(rpc raft.RPC, req *raft.AppendEntriesRequest) {
	t.forget(req)
	if len(req.Entries) == 0 {
		t.send(rpc)
		return
	}
	before := t.failures.Load()
	a, ok := t.ask(rpc)
	if !ok {
		return
	}
	if resp, ok := a.Response.(*raft.AppendEntriesResponse); ok && !resp.Success && a.Error == nil && t.failures.Load() != before {
		a.Error = errStore
	}
	rpc.RespChan <- a // it has room for one
}

// install passes a snapshot on, unless this node has all that it holds already:
// raft would empty the log, and with it drop entries that were acknowledged.
func (t *raftTransport) install(rpc raft.RPC, req *raft.InstallSnapshotRequest) {
	rep := t.rep.Load()
	if rep == nil {
		t.send(rpc)
		return
	}
	term := rep.raft.CurrentTerm()
	if req.Term >= term && rep.logs.holds(req.LastLogIndex, req.LastLogTerm) {
		_, err := io.Copy(io.Discard, rpc.Reader) // the connection can't be used otherwise
		rpc.Respond(&raft.InstallSnapshotResponse{Term: term, Success: err == nil}, err)
		return
	}
	a, ok := t.ask(rpc)
	if !ok {
		return
	}
	if resp, ok := a.Response.(*raft.InstallSnapshotResponse); ok && resp.Success && a.Error == nil {
		rep.logs.setBase(req.LastLogIndex, req.LastLogTerm)
		t.stale = rep.raft.LastIndex() > req.LastLogIndex
	}
	rpc.RespChan <- a
}

// forget makes raft forget the old end of its log before it takes entries again.
func (t *raftTransport) forget(req *raft.AppendEntriesRequest) {
	if !t.stale {
		return
	}
	rep := t.rep.Load()
	rep.logs.forgetting.Store(true)
	defer rep.logs.forgetting.Store(false)
	a, ok := t.ask(raft.RPC{Command: rep.logs.forgetEnd(req)})
	if resp, is := a.Response.(*raft.AppendEntriesResponse); ok && is && resp.Success && a.Error == nil {
		t.stale = false
	}
}

// ask passes a request on and waits for raft's answer.
func (t *raftTransport) ask(rpc raft.RPC) (raft.RPCResponse, bool) {
	answer := make(chan raft.RPCResponse, 1)
	rpc.RespChan = answer
	if !t.send(rpc) {
		return raft.RPCResponse{}, false
	}
	select {
	case a := <-answer:
		return a, true
	case <-t.done:
		return raft.RPCResponse{}, false
	}
}

func (t *raftTransport) send(rpc raft.RPC) bool {
	select {
	case t.rpcs <- rpc:
		return true
	case <-t.done:
		return false
	}
}

// countedLog counts the writes that failed.
type countedLog struct {
	seam.Log
	failures *atomic.Uint64
}

func (l countedLog) count(err error) error {
	if err != nil {
		l.failures.Add(1)
	}
	return err
}

// StoreLog implements raft.LogStore.
func (l countedLog) StoreLog(e *raft.Log) error { return l.count(l.Log.StoreLog(e)) }

// StoreLogs implements raft.LogStore.
func (l countedLog) StoreLogs(e []*raft.Log) error { return l.count(l.Log.StoreLogs(e)) }

// DeleteRange implements raft.LogStore.
func (l countedLog) DeleteRange(from, to uint64) error { return l.count(l.Log.DeleteRange(from, to)) }
