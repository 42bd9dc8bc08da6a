package cluster

import (
	"testing"
	"time"

	"vigie/cluster/fsm"
	"vigie/index/name"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// TestFamiliesBySnapshot: a node that gets the list as a snapshot finds a name under
// a spelling that administrators have added, and so after a restart; it has never
// seen the commands that added it.
func TestFamiliesBySnapshot(t *testing.T) {
	found := map[*testNode]*name.Index{}
	c := newClusterWith(t, 1, func(cfg *Config) {
		cfg.SnapshotThreshold, cfg.TrailingLogs, cfg.SnapshotInterval = 20, 5, 20*time.Millisecond
	}, func(n *testNode) []fsm.Index {
		x, err := name.New()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		})
		found[n] = x
		return []fsm.Index{x}
	})
	n := c.nodes[0]
	do := func(actor string, body command.Body) {
		t.Helper()
		if r, err := n.node.Propose(ctxFor(t), command.New(actor, body)); err != nil || r.Code != command.OK {
			t.Fatalf("%+v %v", r, err)
		}
	}
	e := testEntry(1)
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Hadjaratou Quozzi"}}
	do("t", command.EntryPut{Op: command.OpCreate, Entry: e})
	for _, id := range []watchlist.UserID{"b1", "b2"} {
		do("t", command.UserPut{Create: true, User: watchlist.User{ID: id, Login: string(id), Role: watchlist.RoleAdministrator, PasswordHash: "x"}})
	}
	why := "attested in two civil registers"
	do("b1", command.FamilyPropose{Change: watchlist.FamilyChange{
		Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Wxotta", "Quozzi"}, Source: why, Justification: why,
	}})
	finds := func(n *testNode) bool {
		t.Helper()
		m, err := found[n].Search(ctxFor(t), watchlist.NameQuery{Names: []watchlist.Name{{Full: "Hadjaratou Wxotta"}}, K: 5})
		if err != nil {
			t.Fatal(err)
		}
		return len(m) > 0 && m[0].Entry == e.ID && m[0].Score > 0.9
	}
	if finds(n) {
		t.Fatal("found before the review")
	}
	do("b2", command.FamilyReview{Number: 1, Accept: true, Reason: why})
	if !finds(n) {
		t.Fatal("not found after the review")
	}
	for i := range 100 {
		n.mustPut(10 + i)
	}
	c.eventually("the log is compacted", func() bool {
		first, err := n.node.rep.log.FirstIndex()
		return err == nil && first > 50
	})
	late := c.join(watchlist.NodeVoter)
	late.waitEntry(109)
	c.waitVoters(2)
	if !finds(late) || found[late].Table().Version() != found[n].Table().Version() {
		t.Errorf("a node from a snapshot goes by table %s", found[late].Table().Version())
	}
	late.stop()
	late.start()
	if !finds(late) {
		t.Error("not found after a restart")
	}
	c.sameState()
}
