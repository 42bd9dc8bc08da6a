package cluster

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
)

// tcpLayer is a raft.StreamLayer on loopback.
type tcpLayer struct{ net.Listener }

func (tcpLayer) Dial(a raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout("tcp", string(a), timeout)
}

func tcpTransport(t *testing.T) *raft.NetworkTransport {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out := raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: tcpLayer{ln}, MaxPool: 1, Timeout: 5 * time.Second, Logger: hclog.NewNullLogger(),
	})
	t.Cleanup(func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

// TestPipelineDoesNotLockUp: raft may send on after it has stopped to take
// answers. The simulation found it (a follower that refuses entries, and a leader
// that is then stopped).
func TestPipelineDoesNotLockUp(t *testing.T) {
	follower, leader := tcpTransport(t), tcpTransport(t)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case rpc := <-follower.Consumer():
				rpc.Respond(&raft.AppendEntriesResponse{Term: 2, Success: false}, nil)
			case <-stop:
				return
			}
		}
	}()
	wrapped := newRaftTransport(leader, new(atomic.Uint64))
	defer func() {
		if err := wrapped.Close(); err != nil {
			t.Error(err)
		}
	}()
	p, err := wrapped.AppendEntriesPipeline("f", follower.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for range 8 {
			if _, err := p.AppendEntries(&raft.AppendEntriesRequest{Term: 1}, new(raft.AppendEntriesResponse)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	select {
	case err := <-sent:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a send waits for an answer that nobody takes")
	}
	if f := <-p.Consumer(); f.Response().Term != 2 {
		t.Errorf("the first answer is %+v", f.Response())
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestFollowerTellsOfItsDisk: entries that a follower could not store are no
// entries that do not fit. The simulation found that raft confuses the two, and
// that a follower then goes back to an older snapshot.
func TestFollowerTellsOfItsDisk(t *testing.T) {
	inner, leader := tcpTransport(t), tcpTransport(t)
	var failures atomic.Uint64
	follower := newRaftTransport(inner, &failures)
	stop := make(chan struct{})
	defer close(stop)
	broken := errors.New("broken")
	go func() { // as raft does
		for {
			select {
			case rpc := <-follower.Consumer():
				if err := (countedLog{Log: brokenLog{err: broken}, failures: &failures}).StoreLogs(nil); err == nil {
					panic("stored")
				}
				rpc.Respond(&raft.AppendEntriesResponse{Term: 1, LastLog: 7}, nil)
			case <-stop:
				return
			}
		}
	}()
	var resp raft.AppendEntriesResponse
	req := raft.AppendEntriesRequest{Term: 1, Entries: []*raft.Log{{Index: 8, Term: 1}}}
	if err := leader.AppendEntries("f", inner.LocalAddr(), &req, &resp); err == nil || err.Error() != errStore.Error() {
		t.Errorf("the leader hears %v", err)
	}
	if err := follower.Close(); err != nil {
		t.Error(err)
	}
}

// brokenLog stores nothing.
type brokenLog struct {
	seam.Log
	err error
}

func (l brokenLog) StoreLogs([]*raft.Log) error { return l.err }
