package cluster

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
)

// raftTransport is raft's network transport with two of raft's faults mended:
// pipelines can't lock up, and a follower whose disk fails says so.
type raftTransport struct {
	*raft.NetworkTransport
	// failures counts the writes to this node's raft log that failed.
	failures *atomic.Uint64

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

// one passes a request on. Raft answers entries that it could not store as if
// they did not fit its log. The leader then offers ever older ones, down to a
// snapshot from before what the follower has acknowledged; the follower would
// take it, drop the newer entries, and go on with an older list. As an error, the
// leader tries the same entries again.
func (t *raftTransport) one(rpc raft.RPC) {
	req, ok := rpc.Command.(*raft.AppendEntriesRequest)
	if !ok || len(req.Entries) == 0 {
		t.send(rpc)
		return
	}
	answer := make(chan raft.RPCResponse, 1)
	asker := rpc.RespChan
	rpc.RespChan = answer
	before := t.failures.Load()
	if !t.send(rpc) {
		return
	}
	select {
	case a := <-answer:
		if resp, ok := a.Response.(*raft.AppendEntriesResponse); ok && !resp.Success && a.Error == nil && t.failures.Load() != before {
			a.Error = errStore
		}
		asker <- a // it has room for one
	case <-t.done:
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
