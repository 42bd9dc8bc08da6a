package cluster

import (
	"errors"
	"fmt"
	"sync"

	"vigie/cluster/pki"
	"vigie/cluster/transport"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// roster is the list of members at one raft index, as one node tells another.
type roster struct {
	Index   uint64             `cbor:"1,keyasint"`
	Members []watchlist.Member `cbor:"2,keyasint"`
}

// memberSource is the replicated member list.
type memberSource interface {
	Member(watchlist.NodeID) (watchlist.Member, error)
	Members() ([]watchlist.Member, error)
	Position() (index, term uint64, stateHash string)
}

// book says who is a member. It trusts whichever is newer: the node's own
// registry, or the roster that an authenticated member sent. Without the second,
// a node that has just joined or was away could not let in a leader that it has
// not heard of yet, and so would never hear of it.
type book struct {
	reg  memberSource
	self watchlist.NodeID
	// unknown is called, without blocking, when a stranger was refused: the
	// node's list may be old.
	unknown func()

	mu     sync.RWMutex
	newer  roster
	byID   map[watchlist.NodeID]watchlist.Member
	onSave func(roster)
}

// adopt takes over a roster if it is newer than what is known.
func (b *book) adopt(r roster) {
	applied, _, _ := b.reg.Position()
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Index <= applied || r.Index <= b.newer.Index {
		return
	}
	b.newer = r
	b.byID = make(map[watchlist.NodeID]watchlist.Member, len(r.Members))
	for _, m := range r.Members {
		b.byID[m.ID] = m
	}
	if b.onSave != nil {
		b.onSave(r)
	}
}

// fromRoster reports whether the roster counts, and looks id up in it.
func (b *book) fromRoster(id watchlist.NodeID) (m watchlist.Member, found, counts bool) {
	applied, _, _ := b.reg.Position()
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.newer.Index <= applied {
		return m, false, false
	}
	m, found = b.byID[id]
	return m, found, true
}

// member looks a node up; the error wraps transport.ErrNotMember if it is none.
func (b *book) member(id watchlist.NodeID) (watchlist.Member, error) {
	m, found, counts := b.fromRoster(id)
	if !counts {
		var err error
		m, err = b.reg.Member(id)
		if err != nil && !errors.Is(err, watchlist.ErrNotFound) {
			return m, fmt.Errorf("reading the member list: %w", err)
		}
		found = err == nil
	}
	if !found {
		return m, transport.ErrNotMember
	}
	return m, nil
}

// Authorise implements transport.Directory.
func (b *book) Authorise(id pki.Identity) error {
	m, err := b.member(id.Node)
	if err == nil && m.SPKI != id.SPKI {
		err = fmt.Errorf("another key than the pinned one: %w", transport.ErrNotMember)
	}
	if errors.Is(err, transport.ErrNotMember) {
		b.unknown()
	}
	return err
}

// known is Authorise for a peer that is known for certain to be id.
func (b *book) known(id watchlist.NodeID) error {
	_, err := b.member(id)
	if errors.Is(err, transport.ErrNotMember) {
		b.unknown()
	}
	return err
}

// Address implements transport.Directory.
func (b *book) Address(id watchlist.NodeID) (string, error) {
	m, err := b.member(id)
	return m.ClusterAddr, err
}

// members lists the members, this node included, and the index that the list
// is of.
func (b *book) members() (roster, error) {
	applied, _, _ := b.reg.Position()
	b.mu.RLock()
	newer := b.newer
	b.mu.RUnlock()
	if newer.Index > applied {
		return newer, nil
	}
	// Read after applied, so the list is at least as new as it claims.
	list, err := b.reg.Members()
	if err != nil {
		return roster{}, fmt.Errorf("reading the member list: %w", err)
	}
	return roster{Index: applied, Members: list}, nil
}

// others lists the other members.
func (b *book) others() []watchlist.Member {
	r, err := b.members()
	if err != nil {
		return nil
	}
	var out []watchlist.Member
	for _, m := range r.Members {
		if m.ID != b.self {
			out = append(out, m)
		}
	}
	return out
}

// encode and decodeRoster are for the file that survives a restart.
func (r roster) encode() ([]byte, error) { return command.Marshal(r) }

func decodeRoster(b []byte) (roster, error) {
	var r roster
	if err := command.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("the saved member list is damaged: %w", err)
	}
	return r, nil
}
