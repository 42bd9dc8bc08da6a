package cluster

import (
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
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
	p, err := raftTransport{leader}.AppendEntriesPipeline("f", follower.LocalAddr())
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
