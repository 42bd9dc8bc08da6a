package cluster

import (
	"errors"
	"sync"

	"github.com/hashicorp/raft"
)

// watchedTransport shows each AppendEntries request to a function before raft
// gets it: the only place where a follower learns the leader's commit index.
type watchedTransport struct {
	*raft.NetworkTransport
	out  chan raft.RPC
	done chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

var (
	_ raft.Transport   = (*watchedTransport)(nil)
	_ raft.WithPreVote = (*watchedTransport)(nil)
	_ raft.WithClose   = (*watchedTransport)(nil)
)

func newWatchedTransport(inner *raft.NetworkTransport, see func(term, commit uint64)) *watchedTransport {
	t := &watchedTransport{NetworkTransport: inner, out: make(chan raft.RPC), done: make(chan struct{})}
	t.wg.Go(func() {
		for {
			select {
			case rpc := <-inner.Consumer():
				if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok {
					see(a.Term, a.LeaderCommitIndex)
				}
				select {
				case t.out <- rpc:
				case <-t.done:
					rpc.Respond(nil, errors.New("raft has stopped"))
					return
				}
			case <-t.done:
				return
			}
		}
	})
	return t
}

// Consumer implements raft.Transport.
func (t *watchedTransport) Consumer() <-chan raft.RPC { return t.out }

// Close implements raft.WithClose.
func (t *watchedTransport) Close() error {
	t.once.Do(func() { close(t.done) })
	t.wg.Wait()
	return t.NetworkTransport.Close()
}
