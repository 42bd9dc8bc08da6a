package cluster

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/planted"
	"vigie/watchlist"
)

// maxTermAsks is how many questions for its term may wait at one peer; a hung
// one must not fill the connections.
const maxTermAsks = 4

// termReply answers a question for a node's term.
type termReply struct {
	Term uint64 `cbor:"1,keyasint"`
}

func (n *Node) serveTerm(w http.ResponseWriter, _ *http.Request) {
	reply(w, termReply{Term: n.rep.raft.CurrentTerm()}, nil)
}

// confirmer shares rounds between those who ask for one.
type confirmer struct {
	asks chan chan<- confirmed

	mu     sync.Mutex
	last   confirmation // of this node as a leader
	asking map[raft.ServerID]int
}

type confirmed struct {
	confirmation
	err error
}

func newConfirmer() *confirmer {
	return &confirmer{asks: make(chan chan<- confirmed), asking: make(map[raft.ServerID]int)}
}

// confirmation waits for a round that starts after the call; only the leader's
// succeeds.
func (n *Node) confirmation(ctx context.Context) (confirmation, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*n.electionWait())
	defer cancel()
	done := make(chan confirmed, 1)
	select {
	case n.confirms.asks <- done:
	case <-ctx.Done():
		return confirmation{}, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, ctx.Err())
	case <-n.stopping:
		return confirmation{}, errClosing
	}
	select {
	case c := <-done:
		return c.confirmation, c.err
	case <-ctx.Done():
		return confirmation{}, fmt.Errorf("%w: %w", watchlist.ErrNoLeader, ctx.Err())
	case <-n.stopping:
		return confirmation{}, errClosing
	}
}

// confirmLoop runs the rounds: when asked, for all who asked meanwhile at once,
// and on a leader now and then, so that it knows how old its list is.
func (n *Node) confirmLoop(ctx context.Context) {
	tick := time.NewTicker(n.timing.confirm)
	defer tick.Stop()
	for {
		var waiting []chan<- confirmed
		select {
		case w := <-n.confirms.asks:
			waiting = append(waiting, w)
		case <-tick.C:
			if !n.leads() {
				continue
			}
		case <-ctx.Done():
			return
		}
		for more := true; more; {
			select {
			case w := <-n.confirms.asks:
				waiting = append(waiting, w)
			default:
				more = false
			}
		}
		c, err := n.confirmRound(ctx)
		for _, w := range waiting {
			w <- confirmed{c, err}
		}
	}
}

// confirmRound finds the index of the last command committed by now, with proof
// that no other node can have committed anything else by now.
func (n *Node) confirmRound(ctx context.Context) (confirmation, error) {
	if !n.leads() {
		return confirmation{}, errNotLeader
	}
	term := n.rep.raft.CurrentTerm()
	sctx, cancel := context.WithTimeout(ctx, n.electionWait())
	defer cancel()
	if err := n.settleTerm(sctx, term); err != nil {
		return confirmation{}, err
	}
	c := confirmation{term: term, at: n.cfg.uptime()}
	commit := n.rep.raft.CommitIndex()
	if err := n.proveTerm(ctx, term); err != nil {
		return confirmation{}, err
	}
	if !n.leads() || n.rep.raft.CurrentTerm() != term {
		return confirmation{}, watchlist.ErrNoLeader
	}
	var err error
	if c.index, err = n.rep.lastCommand(commit); err != nil {
		return confirmation{}, err
	}
	n.confirms.mu.Lock()
	n.confirms.last = c
	n.confirms.mu.Unlock()
	n.fresh.confirmed(c)
	return c, nil
}

// proveTerm asks the other voters for their term and returns nil once a majority,
// this node included, is in no later one. A later leader needs votes of a
// majority, and a voter is in the new term before it votes: so at the start of
// the call there was none. It must run on a background loop.
func (n *Node) proveTerm(ctx context.Context, term uint64) error {
	if planted.Alive(planted.NoTermCheck) {
		return nil
	}
	voters, votes := 0, 0
	var peers []raft.ServerID
	for _, s := range n.servers() {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if s.ID == raft.ServerID(n.id.Node) {
			votes++
		} else {
			peers = append(peers, s.ID)
		}
	}
	need := voters/2 + 1
	answers := make(chan bool, len(peers))
	asked := 0
	for _, id := range peers {
		if n.askTerm(ctx, id, term, answers) {
			asked++
		}
	}
	for ; votes < need; asked-- {
		if votes+asked < need {
			return fmt.Errorf("%w: only %d of %d voters confirm the term", watchlist.ErrNoLeader, votes, voters)
		}
		select {
		case ok := <-answers:
			if ok {
				votes++
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", watchlist.ErrNoLeader, ctx.Err())
		}
	}
	return nil
}

// askTerm asks one voter; the answer tells whether its term is no later. It
// reports false, and sends none, when too many questions wait at it. A question
// that is not needed any more goes on, which keeps its connection open.
func (n *Node) askTerm(ctx context.Context, id raft.ServerID, term uint64, answers chan<- bool) bool {
	n.confirms.mu.Lock()
	defer n.confirms.mu.Unlock()
	if n.confirms.asking[id] >= maxTermAsks {
		return false
	}
	n.confirms.asking[id]++
	n.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 2*n.timing.election+n.timing.heartbeat)
		defer cancel()
		var out termReply
		err := n.post(ctx, watchlist.NodeID(id), pathTerm, struct{}{}, &out)
		n.confirms.mu.Lock()
		n.confirms.asking[id]--
		n.confirms.mu.Unlock()
		answers <- err == nil && out.Term != 0 && out.Term <= term
	})
	return true
}

// followLoop learns from the leader when everything that is applied here was
// current.
func (n *Node) followLoop(ctx context.Context) {
	tick := time.NewTicker(n.timing.confirm)
	defer tick.Stop()
	for {
		if leader := n.leader(); leader != "" && leader != n.id.Node {
			if _, err := n.askIndex(ctx, leader, indexRequest{Recent: true}); err != nil {
				n.log.Debug("the leader did not confirm the list", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// recent is the leader's last confirmation if it is fairly new, else a new one.
func (n *Node) recent(ctx context.Context) (confirmation, error) {
	n.confirms.mu.Lock()
	c := n.confirms.last
	n.confirms.mu.Unlock()
	// It stays true whoever leads now.
	if c.term != 0 && c.term == n.rep.raft.CurrentTerm() && n.cfg.uptime()-c.at < 2*n.timing.confirm {
		return c, nil
	}
	return n.confirmation(ctx)
}
