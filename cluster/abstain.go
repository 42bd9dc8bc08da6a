package cluster

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/disk"
	"vigie/watchlist"
)

// softVeto is how many election timeouts a node with a slow or full disk leaves to
// the others before it stands for election itself: it may be the only one with
// everything that was committed.
const softVeto = 10

// vetoed is raft's transport under the veto of the node's disk. Raft writes on the
// one goroutine that does everything else, and its heartbeats come from others: a
// leader whose disk hangs goes on heartbeating, and nobody elects another one. So
// such a node says nothing as a leader, and asks for no votes. Dropping messages
// is always safe in raft.
type vetoed struct {
	*raftTransport
	veto *veto
}

// veto decides what the disk's state forbids.
type veto struct {
	disk *disk.Monitor
	// healthier reports whether another voter that answers has a healthy disk.
	healthier func() bool
	// patience is how long a soft veto lasts, after which the node may stand.
	patience time.Duration

	mu    sync.Mutex
	since time.Time // the first soft veto of this episode
	last  time.Time
}

// lead is nil unless the node must not act as a leader. A damaged log or registry
// is none of the reasons: its leader hands over in good order.
func (v *veto) lead() error {
	if v.disk.State() == disk.Hung {
		return disk.ErrHung
	}
	return nil
}

// vote is nil when the node may ask for votes.
func (v *veto) vote() error {
	switch s := v.disk.State(); s {
	case disk.Hung, disk.Failing, disk.Corrupt:
		return fmt.Errorf("no candidate with a %s disk", s)
	default:
		return nil
	}
}

// stand is vote for an election that nobody asked this node to stand in.
func (v *veto) stand() error {
	if err := v.vote(); err != nil {
		return err
	}
	s := v.disk.State()
	if s == disk.Healthy || !v.healthier() {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	if now.Sub(v.last) > v.patience { // a new episode
		v.since = now
	}
	v.last = now
	if now.Sub(v.since) > v.patience {
		return nil
	}
	return fmt.Errorf("a voter with a better disk than this %s one may stand first", s)
}

// RequestPreVote implements raft.WithPreVote.
func (t vetoed) RequestPreVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	if err := t.veto.stand(); err != nil {
		return err
	}
	return t.raftTransport.RequestPreVote(id, target, args, resp)
}

// RequestVote implements raft.Transport.
func (t vetoed) RequestVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	if err := t.veto.vote(); err != nil {
		return err
	}
	return t.raftTransport.RequestVote(id, target, args, resp)
}

// AppendEntries implements raft.Transport; heartbeats come this way.
func (t vetoed) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if err := t.veto.lead(); err != nil {
		return err
	}
	return t.raftTransport.AppendEntries(id, target, args, resp)
}

// AppendEntriesPipeline implements raft.Transport.
func (t vetoed) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	if err := t.veto.lead(); err != nil {
		return nil, err
	}
	p, err := t.raftTransport.AppendEntriesPipeline(id, target)
	if err != nil {
		return nil, err //nolint:wrapcheck // raft compares it
	}
	return vetoedPipeline{p, t.veto}, nil
}

// InstallSnapshot implements raft.Transport.
func (t vetoed) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	if err := t.veto.lead(); err != nil {
		return err
	}
	return t.raftTransport.InstallSnapshot(id, target, args, resp, data)
}

type vetoedPipeline struct {
	raft.AppendPipeline
	veto *veto
}

// AppendEntries implements raft.AppendPipeline.
func (p vetoedPipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	if err := p.veto.lead(); err != nil {
		return nil, err
	}
	return p.AppendPipeline.AppendEntries(args, resp)
}

// healthier reports whether another voter answers and says that its disk is
// healthy, by its last answer.
func (n *Node) healthier() bool {
	for _, s := range n.servers() {
		if s.Suffrage != raft.Voter || s.ID == raft.ServerID(n.id.Node) {
			continue
		}
		if p := n.progress.get(watchlist.NodeID(s.ID)); p.ok && p.healthy() {
			return true
		}
	}
	return false
}
