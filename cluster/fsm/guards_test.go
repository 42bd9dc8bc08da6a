package fsm_test

import (
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
)

// TestAnotherHistoryStops: a registry that holds a command which the log has
// replaced (the log lost entries, another leader went on) must not go on
// silently beside the others.
func TestAnotherHistoryStops(t *testing.T) {
	o := newOne(t)
	before, kept := o.add(create(0)), o.add(create(1))
	o.node.apply(before, kept)
	other := *o.add(create(2))
	other.Index, other.Term = kept.Index, kept.Term+1
	next := *o.add(create(3))
	next.Term = other.Term
	// A new leader's first entry, which no state machine sees, may be in its place.
	for name, logs := range map[string][]*raft.Log{
		"alone": {&other}, "before new ones": {&other, &next}, "unseen": {before, &next},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the state machine went on")
				}
			}()
			o.fsm.ApplyBatch(logs)
		})
	}
	next.Term = kept.Term
	r := o.fsm.ApplyBatch([]*raft.Log{before, kept, &next})
	if r[0] != nil || r[1] != nil || r[2] == nil {
		t.Errorf("the same commands again and a new one: %v", r)
	}
}

// TestRemovedMemberStaysOut: a record of a member can be renewed, but not made
// anew nor given another key, once there are members. Otherwise a renewal that
// meets a removal in the log would bring the removed node back.
func TestRemovedMemberStaysOut(t *testing.T) {
	o := newOne(t)
	first := watchlist.Member{ID: "n1", Name: "one", Role: watchlist.NodeVoter, SPKI: "aa"}
	o.want(command.OK, command.MemberPut{Member: first})
	joinMember(t, o, watchlist.Member{ID: "n2", Role: watchlist.NodeVoter, SPKI: "bb"})

	renewed := watchlist.Member{ID: "n2", Name: "two", Role: watchlist.NodeVoter, SPKI: "bb", ClusterAddr: "10.0.0.2:1"}
	o.want(command.OK, command.MemberPut{Member: renewed})
	stolen := renewed
	stolen.SPKI = "cc"
	o.want(command.Exists, command.MemberPut{Member: stolen})

	long := renewed
	long.ClusterAddr = strings.Repeat("x", watchlist.MaxShort+1)
	o.want(command.Invalid, command.MemberPut{Member: long})

	o.want(command.OK, command.MemberDrop{ID: "n2"})
	o.want(command.NotFound, command.MemberPut{Member: renewed})
	if _, err := o.reg.Member("n2"); err == nil {
		t.Error("the removed node is a member again")
	}
}

func joinMember(t *testing.T, o one, m watchlist.Member) {
	t.Helper()
	hash := []byte(strings.Repeat("h", 32))
	o.want(command.OK, command.TokenPut{Hash: hash, Role: m.Role, ExpiresAt: o.now + 1000})
	o.want(command.OK, command.TokenBurn{Hash: hash, Member: m})
}

// TestResultsStaySmall: a command of 64 KiB must not give a result that no peer
// reads (1 MiB) nor a record that no snapshot takes.
func TestResultsStaySmall(t *testing.T) {
	o := newOne(t)
	bad := create(1)
	bad.Entry.Names = make([]watchlist.Name, command.MaxItems)
	bad.Entry.Documents = make([]watchlist.Document, command.MaxItems)
	bad.Entry.Births = make([]watchlist.Birth, 256)
	one := o.want(command.Invalid, bad)
	if len(one.Fields) == 0 {
		t.Error("no field is named")
	}
	body := command.EntryBatch{Batch: "b1"}
	for len(body.Items) < 4 {
		body.Items = append(body.Items, bad)
	}
	r := o.node.apply(o.addAs("admin", "key-1", []byte{1}, body))[0]
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 512<<10 {
		t.Errorf("a result of %d bytes", len(b))
	}
	for i, it := range r.Items {
		if it.Code != command.Invalid {
			t.Errorf("item %d: %s", i, it.Code)
		}
	}
	o.persist()
}
