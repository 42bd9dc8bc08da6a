package cluster

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"vigie/watchlist"
)

// claim is a point of the log at which states can be compared.
type claim struct {
	index uint64
	// check: the state after all entries up to index, a checkpoint that every node
	// passes. Otherwise: the state of a node that stands at index.
	check bool
}

// keptClaims bounds how many points are remembered with what members said of them: a
// node that is behind compares them when it gets there.
const keptClaims = 256

// divergence compares state hashes between the members. A node judges itself alone,
// and by a majority of the voters that agree with one another: so one node, however
// wrong, stops no other.
type divergence struct {
	mu    sync.Mutex
	said  map[claim]map[watchlist.NodeID]string
	order []claim
	// registry names the file that the verdict is about.
	registry string
	verdict  verdict
	// told is the verdict's text that the log has.
	told string
	// proved: the node's own registry does not add up.
	proved bool
}

// verdict is what is known.
type verdict struct {
	// self: this node's state is not that of the majority, at index; or its registry
	// does not add up.
	self  bool
	index uint64
	// others lists the members whose state differs from this node's.
	others []watchlist.NodeID
	// open: some differ, and no majority tells who is right.
	open bool
}

func newDivergence() *divergence {
	return &divergence{said: make(map[claim]map[watchlist.NodeID]string)}
}

// hear notes what a member says of its state.
func (d *divergence) hear(id watchlist.NodeID, p progressReply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(id, claim{index: p.Applied}, p.StateHash)
	d.note(id, claim{index: p.CheckIndex, check: true}, p.CheckHash)
}

func (d *divergence) note(id watchlist.NodeID, c claim, hash string) {
	if c.index == 0 || hash == "" {
		return
	}
	if d.said[c] == nil {
		if len(d.order) >= keptClaims {
			delete(d.said, d.order[0])
			d.order = d.order[1:]
		}
		d.said[c] = make(map[watchlist.NodeID]string)
		d.order = append(d.order, c)
	}
	d.said[c][id] = hash
}

// judge compares what was said with this node's own hashes. voters are those of raft's
// configuration, peers the other members; registry names the file that own speaks of: after a restored state
// took its place, all begins anew.
func (d *divergence) judge(self watchlist.NodeID, voters, peers []watchlist.NodeID, registry string, own func(claim) (string, bool)) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	if registry != d.registry {
		d.registry, d.verdict, d.proved = registry, verdict{}, false
		d.said, d.order = make(map[claim]map[watchlist.NodeID]string), nil
	}
	points := slices.Clone(d.order)
	slices.SortFunc(points, func(a, b claim) int {
		if a.index < b.index || a.index == b.index && a.check && !b.check {
			return -1
		}
		return 1
	})
	v := verdict{self: d.verdict.self || d.proved, index: d.verdict.index}
	differs := make(map[watchlist.NodeID]bool)
	backed := make(map[watchlist.NodeID]bool) // a majority agrees with this node there
	for _, c := range points {
		mine, known := own(c)
		if !known {
			continue
		}
		votes := count(self, mine, voters, d.said[c])
		for hash, n := range votes {
			if hash != mine && n > len(voters)/2 && !v.self {
				v.self, v.index = true, c.index
			}
		}
		for id, hash := range d.said[c] {
			differs[id], backed[id] = hash != mine, votes[mine] > len(voters)/2
		}
	}
	for id, bad := range differs {
		if bad && slices.Contains(peers, id) {
			v.others = append(v.others, id)
			v.open = v.open || !v.self && !backed[id]
		}
	}
	slices.Sort(v.others)
	d.verdict = v
	return v
}

// count counts the voters by the hash that they have at one point.
func count(self watchlist.NodeID, mine string, voters []watchlist.NodeID, said map[watchlist.NodeID]string) map[string]int {
	votes := make(map[string]int)
	for _, id := range voters {
		if id == self {
			votes[mine]++
		} else if hash, ok := said[id]; ok {
			votes[hash]++
		}
	}
	return votes
}

// prove notes that this node's own registry is damaged, whatever others say.
func (d *divergence) prove() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proved, d.verdict.self = true, true
}

// now is the last verdict.
func (d *divergence) now() verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verdict
}

// news gives the verdict's text when the log does not have it yet.
func (d *divergence) news(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.told
	d.told = text
	return was != text
}

// text says what is known and what to do, "" when all agree.
func (v verdict) text() string {
	list := make([]string, len(v.others))
	for i, id := range v.others {
		list[i] = string(id)
	}
	others := strings.Join(list, ", ")
	switch {
	case v.self && v.index == 0:
		return "this node's registry does not add up to its state hash: it takes no writes and gives leadership away, and its answers may be wrong. Stop it, run 'vigie fsck', keep a copy, remove it from the cluster and join it again"
	case v.self:
		return fmt.Sprintf("at raft index %d this node's state is not the majority's: it takes no writes and gives leadership away, and its answers may be wrong. Stop it, run 'vigie fsck', keep a copy, remove it from the cluster and join it again", v.index)
	case v.open:
		return fmt.Sprintf("this node's state differs from that of %s, and no majority of the voters tells who is right: run 'vigie fsck' on each, one stopped at a time, and remove the one with damage", others)
	case len(v.others) > 0:
		return fmt.Sprintf("%s has another state than this node and the majority: it must be stopped, checked with 'vigie fsck', removed and joined again", others)
	}
	return ""
}
