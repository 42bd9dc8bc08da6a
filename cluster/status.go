package cluster

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/disk"
	"vigie/watchlist"
)

// progressReply is how far a node is, as it tells the others.
type progressReply struct {
	Applied   uint64 `cbor:"1,keyasint"`
	StateHash string `cbor:"2,keyasint"`
	// Received is the last index in the node's log.
	Received uint64 `cbor:"3,keyasint"`
	AgeMs    int64  `cbor:"4,keyasint"`
	// AuditCount and AuditHead witness the node's audit log to the others.
	AuditCount uint64 `cbor:"5,keyasint"`
	AuditHead  []byte `cbor:"6,keyasint"`
	Connected  bool   `cbor:"7,keyasint,omitempty"`
	// Clock is the node's wall clock, Unix milliseconds.
	Clock int64 `cbor:"8,keyasint,omitempty"`
	// Calibration is the one that the node compares with, "" when it doesn't say.
	Calibration string `cbor:"9,keyasint,omitempty"`
	// CheckIndex is the newest checkpoint that the node has passed, CheckHash its
	// state hash there: all nodes can be compared at it.
	CheckIndex uint64 `cbor:"10,keyasint,omitempty"`
	CheckHash  string `cbor:"11,keyasint,omitempty"`
	// Disk is the state of the node's disk, "" when it doesn't say.
	Disk string `cbor:"12,keyasint,omitempty"`
}

func (n *Node) ownProgress() progressReply {
	st := n.Stamp()
	count, head := n.audit.Head()
	p := progressReply{
		Applied: st.AppliedIndex, StateHash: st.StateHash, Received: n.rep.raft.LastIndex(),
		AgeMs: st.AgeMillis, Connected: st.Connected, AuditCount: count, AuditHead: head,
		Clock: n.cfg.Now().UnixMilli(), Disk: n.disk.State().String(),
	}
	p.CheckIndex, p.CheckHash = n.rep.fsm.LastCheck()
	if n.cfg.Calibration != nil {
		p.Calibration = n.cfg.Calibration()
	}
	return p
}

func (n *Node) serveProgress(w http.ResponseWriter, _ *http.Request) { reply(w, n.ownProgress(), nil) }

// askProgress asks one member, briefly.
func (n *Node) askProgress(ctx context.Context, id watchlist.NodeID) (progressReply, error) {
	ctx, cancel := context.WithTimeout(ctx, n.askTimeout())
	defer cancel()
	var p progressReply
	err := n.post(ctx, id, pathProgress, struct{}{}, &p)
	return p, err
}

// askTimeout bounds a short question to another member.
func (n *Node) askTimeout() time.Duration { return max(2*n.timing.heartbeat, time.Second) }

// progressTable keeps the last answer of each member.
type progressTable struct {
	mu   sync.Mutex
	seen map[watchlist.NodeID]progressSeen
}

type progressSeen struct {
	progressReply
	at time.Time
	up time.Duration // as at, by uptime
	ok bool          // the last question was answered
}

func newProgressTable() *progressTable {
	return &progressTable{seen: make(map[watchlist.NodeID]progressSeen)}
}

func (t *progressTable) put(id watchlist.NodeID, p progressReply, up time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		old := t.seen[id]
		old.ok = false
		t.seen[id] = old
		return
	}
	t.seen[id] = progressSeen{progressReply: p, at: time.Now(), up: up, ok: true}
}

func (t *progressTable) get(id watchlist.NodeID) progressSeen {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[id]
}

// pollLoop asks every other member for its progress now and then.
func (n *Node) pollLoop(ctx context.Context) {
	tick := time.NewTicker(n.timing.poll)
	defer tick.Stop()
	for {
		var wg sync.WaitGroup
		for _, m := range n.book.others() {
			wg.Go(func() {
				p, err := n.askProgress(ctx, m.ID)
				n.progress.put(m.ID, p, n.cfg.uptime(), err)
				if err == nil {
					n.states.hear(m.ID, p)
				}
			})
		}
		wg.Wait()
		n.compareStates(ctx)
		select {
		case <-tick.C:
		case <-n.pollNow:
		case <-ctx.Done():
			return
		}
	}
}

// Status is what a node knows of itself and of the others.
type Status struct {
	ID      watchlist.NodeID   `json:"id"`
	Name    string             `json:"name"`
	Role    watchlist.NodeRole `json:"role"`
	Cluster string             `json:"cluster"`
	// State is "leader", "follower", "candidate" or "shutdown".
	State  string           `json:"state"`
	Leader watchlist.NodeID `json:"leader"`
	Term   uint64           `json:"term"`
	// CommitIndex is the last index known to be committed, LastIndex the last in
	// the log.
	CommitIndex uint64              `json:"commit_index"`
	LastIndex   uint64              `json:"last_index"`
	Stamp       watchlist.ListStamp `json:"stamp"`
	Members     []MemberStatus      `json:"members"`
	// AuditEvents counts the events in the node's audit log, BlobsWanted the
	// photos that it has not fetched yet.
	AuditEvents uint64 `json:"audit_events"`
	BlobsWanted int    `json:"blobs_wanted"`
	// CertificateEnds is when the node's certificate ends, Unix milliseconds; it
	// is renewed long before.
	CertificateEnds int64 `json:"certificate_ends"`
	// ClockOffsetMillis is how far the node's clock lies off the median of the
	// voters' clocks; 0 when no other one is known. ClockProblem says why the node
	// stamps no commands, "" when it may.
	ClockOffsetMillis int64  `json:"clock_offset_ms"`
	ClockProblem      string `json:"clock_problem,omitempty"`
	// Divergence says which states of members differ and what to do, "" when all
	// agree as far as is known.
	Divergence string `json:"divergence,omitempty"`
	// Disk is the disk under the data folder.
	Disk disk.Status `json:"disk"`
	// Replication is how replication does on this node.
	Replication Replication `json:"replication"`
}

// MemberStatus is one member as this node sees it.
type MemberStatus struct {
	watchlist.Member
	// Voting tells that the node counts for the quorum now; a new voter does not
	// yet.
	Voting bool `json:"voting"`
	// Reachable tells that the last question was answered, SeenMillis how long
	// ago that was (-1: never).
	Reachable  bool  `json:"reachable"`
	SeenMillis int64 `json:"seen_ms"`
	// AppliedIndex and StateHash are as of then; Lag is how many entries the
	// member was behind this node's commit index.
	AppliedIndex uint64 `json:"applied_index"`
	StateHash    string `json:"state_hash"`
	Lag          uint64 `json:"lag"`
	// ListAge is how old the member's list was then, and has become since if it was
	// not heard again; -1 for never heard.
	ListAge time.Duration `json:"list_age_ns"`
	// Calibration is what the member compared with as of then, "" when it did not
	// say.
	Calibration string `json:"calibration,omitempty"`
	// Diverged: the member's state hash differs from this node's at the same raft
	// index; for this node itself, from the majority's.
	Diverged bool `json:"diverged,omitempty"`
	// Disk is the state of its disk as of then, "" when it did not say.
	Disk string `json:"disk,omitempty"`
}

// Status reports from memory; it asks no other node. What it says of others is
// as old as SeenMillis.
func (n *Node) Status() Status {
	n.idMu.RLock()
	ends := n.id.cert.NotAfter.UnixMilli()
	n.idMu.RUnlock()
	s := Status{
		ID: n.id.Node, Name: n.id.Name, Role: n.id.Role, Cluster: n.id.Cluster,
		State: stateName(n.rep.raft.State()), Leader: n.leader(), Term: n.rep.raft.CurrentTerm(),
		CommitIndex: n.rep.raft.CommitIndex(), LastIndex: n.rep.raft.LastIndex(),
		Stamp: n.Stamp(), AuditEvents: n.audit.Count(), BlobsWanted: n.blobs.Wanted(),
		CertificateEnds: ends, Disk: n.disk.Status(),
	}
	s.Replication = n.replication(s.Stamp.AppliedIndex, s.CommitIndex)
	s.ClockOffsetMillis, s.ClockProblem = n.clockStatus()
	v := n.states.now()
	s.Divergence = v.text()
	voting := make(map[raft.ServerID]bool)
	for _, srv := range n.servers() {
		voting[srv.ID] = srv.Suffrage == raft.Voter
	}
	list, err := n.book.members()
	if err != nil {
		n.log.Warn("the member list could not be read", "error", err)
	}
	for _, m := range list.Members {
		ms := n.memberStatus(m, voting[raft.ServerID(m.ID)], s.CommitIndex)
		ms.Diverged = m.ID == n.id.Node && v.self || slices.Contains(v.others, m.ID)
		s.Members = append(s.Members, ms)
	}
	return s
}

// clockStatus is what Status says of this node's clock.
func (n *Node) clockStatus() (offset int64, problem string) {
	last, err := n.rep.reg.Clock()
	if err != nil {
		return 0, "the cluster's clock could not be read"
	}
	off, err := n.clock.judge(last)
	if err != nil {
		problem = err.Error()
	}
	return off.Milliseconds(), problem
}

func (n *Node) memberStatus(m watchlist.Member, voting bool, commit uint64) MemberStatus {
	if m.ID == n.id.Node {
		st := n.Stamp()
		out := MemberStatus{Member: m, Voting: voting, Reachable: true, AppliedIndex: st.AppliedIndex, StateHash: st.StateHash, Lag: n.lag(st.AppliedIndex, commit), ListAge: time.Duration(st.AgeMillis) * time.Millisecond, Disk: n.disk.State().String()}
		if n.cfg.Calibration != nil {
			out.Calibration = n.cfg.Calibration()
		}
		return out
	}
	p := n.progress.get(m.ID)
	out := MemberStatus{Member: m, Voting: voting, Reachable: p.ok, SeenMillis: -1, ListAge: -1, AppliedIndex: p.Applied, StateHash: p.StateHash, Calibration: p.Calibration, Disk: p.Disk}
	if !p.at.IsZero() {
		out.SeenMillis = time.Since(p.at).Milliseconds()
		out.Lag = n.lag(p.Applied, commit)
		out.ListAge = listAge(p, time.Since(p.at))
	}
	return out
}

// listAge is the age of a member's list: as it said, and since then only what it
// was silent for.
func listAge(p progressSeen, since time.Duration) time.Duration {
	age := time.Duration(p.AgeMs) * time.Millisecond
	if !p.ok {
		age += since
	}
	return age
}

// lag counts the entries between two indexes, not counting those at the end
// that reach no state machine.
func (n *Node) lag(applied, commit uint64) uint64 {
	if commit <= n.rep.raft.LastIndex() {
		if last, err := n.rep.lastCommand(commit); err == nil {
			commit = last
		}
	}
	if applied >= commit {
		return 0
	}
	return commit - applied
}

func stateName(s raft.RaftState) string {
	switch s {
	case raft.Leader:
		return "leader"
	case raft.Follower:
		return "follower"
	case raft.Candidate:
		return "candidate"
	default:
		return "shutdown"
	}
}

// housekeeping does what must be done now and then: the leader keeps the raft
// configuration right, every node closes connections of removed members, notes
// how current it is, and renews its certificate.
func (n *Node) housekeeping(ctx context.Context) {
	tick := time.NewTicker(n.timing.heartbeat)
	defer tick.Stop()
	var swept, saved, renewed time.Time
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if n.leads() {
			rctx, cancel := context.WithTimeout(ctx, n.electionWait())
			if err := n.reconcile(rctx); err != nil && !errors.Is(err, watchlist.ErrNoLeader) {
				n.log.Warn("the raft configuration could not be brought in line", "error", err)
			}
			cancel()
		}
		now := time.Now()
		if now.Sub(swept) >= time.Second {
			n.net.Sweep()
			n.watchClock(ctx)
			n.giveWay(ctx)
			swept = now
		}
		if now.Sub(saved) >= 30*time.Second {
			n.fresh.save(n.cfg.Now())
			saved = now
		}
		if now.Sub(renewed) >= time.Hour {
			n.renew()
			renewed = now
		}
	}
}
