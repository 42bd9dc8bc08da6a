package cluster

import (
	"context"

	"github.com/hashicorp/raft"

	"vigie/watchlist"
)

// observed is how many of raft's observations may wait. More are dropped, so that
// raft never waits.
const observed = 256

// watchRaft has raft tell of elections and leaders. It begins before raft runs
// anything else of this node.
func (n *Node) watchRaft() {
	n.seen = make(chan raft.Observation, observed)
	n.rep.raft.RegisterObserver(raft.NewObserver(n.seen, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.RaftState, raft.LeaderObservation, raft.FailedHeartbeatObservation, raft.ResumedHeartbeatObservation:
			return true
		}
		return false
	}))
	n.tellLeader(n.leader())
}

// observeLoop counts what raft tells and writes it down as events.
func (n *Node) observeLoop(ctx context.Context) {
	for {
		select {
		case o := <-n.seen:
			n.observe(o.Data)
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) observe(data any) {
	switch d := data.(type) {
	case raft.LeaderObservation:
		n.tellLeader(watchlist.NodeID(d.LeaderID))
	case raft.RaftState:
		switch d {
		case raft.Candidate:
			n.tel.candidacies.Add(1)
			n.log.Info("this node stands for election", "event", "election", "term", n.rep.raft.CurrentTerm())
		case raft.Leader:
			n.tel.wins.Add(1)
			n.log.Info("this node leads", "event", "election_won", "term", n.rep.raft.CurrentTerm())
		case raft.Follower, raft.Shutdown:
		}
	case raft.FailedHeartbeatObservation:
		n.tel.heartbeats.Add(1)
		n.log.Warn("a member does not answer the leader's heartbeats", "event", "heartbeat_failed", "member", string(d.PeerID))
	case raft.ResumedHeartbeatObservation:
		n.log.Info("a member answers the leader's heartbeats again", "event", "heartbeat_resumed", "member", string(d.PeerID))
	}
}
