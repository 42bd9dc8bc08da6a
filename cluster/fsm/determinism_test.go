package fsm_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
	"pgregory.net/rapid"
)

// write adds n commands of every kind to the journal, chosen by seed.
func (j *journal) write(n int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	revision := map[int]uint64{}
	put := func(id int) command.EntryPut {
		p := create(id)
		if r.IntN(4) > 0 {
			p.Op, p.IfRevision = command.OpReplace, revision[id]
			p.Entry.Offence = fmt.Sprint("offence ", r.IntN(100))
		}
		switch r.IntN(12) {
		case 0:
			p.Entry.Offence = ""
		case 1:
			p.Entry.Origin.Country = "MLI"
		case 2, 3:
			p.Entry.Status, p.Entry.WithdrawnReason = watchlist.StatusWithdrawn, "gone"
			fallthrough
		default:
			revision[id]++
		}
		return p
	}
	for range n {
		id := r.IntN(12)
		u := user(fmt.Sprint("u", id%4), fmt.Sprint("login", r.IntN(5)))
		u.Disabled = r.IntN(5) == 0
		hash := sha256.Sum256([]byte{byte(id)})
		member := watchlist.Member{ID: watchlist.NodeID(fmt.Sprint("n", id)), Role: watchlist.NodeVoter, SPKI: "aa"}
		batch := watchlist.BatchID(fmt.Sprint("b", id%3))
		bodies := []command.Body{
			put(r.IntN(40)), put(r.IntN(40)),
			command.EntryBatch{Batch: batch, Items: []command.EntryPut{put(id), put(r.IntN(40)), put(r.IntN(40))}},
			command.BatchUndo{Batch: batch, Reason: "wrong"},
			command.UserPut{User: u, Create: r.IntN(2) == 0},
			command.SessionPut{Session: watchlist.Session{TokenHash: fmt.Sprint("s", id), User: u.ID, ExpiresAt: j.now + int64(r.IntN(50))}},
			command.SessionDrop{User: u.ID},
			command.APIKeyPut{Key: watchlist.APIKey{ID: watchlist.KeyID(fmt.Sprint("k", id)), SecretHash: "h", Role: watchlist.RoleOfficer}},
			command.APIKeyPut{},
			command.MemberPut{Member: member},
			command.MemberDrop{ID: member.ID},
			command.TokenPut{Hash: hash[:], Role: watchlist.NodeVoter, ExpiresAt: j.now + int64(r.IntN(50))},
			command.TokenBurn{Hash: hash[:], Member: member},
		}
		key := ""
		if r.IntN(2) == 0 {
			key = fmt.Sprint("key", r.IntN(10))
		}
		switch r.IntN(60) {
		case 0:
			j.now += fsm.IdemWindow
		case 1:
			j.now += fsm.UndoWindow
		}
		j.addAs(fmt.Sprint("actor", id%2), key, []byte{byte(id)}, bodies[r.IntN(len(bodies))])
		if r.IntN(20) == 0 {
			j.last++
			j.logs = append(j.logs, &raft.Log{Index: j.last, Term: 1, Type: raft.LogConfiguration})
		}
	}
}

// TestReplicasAgree: two nodes with keys of their own, given the same log cut
// into different transactions, one of them restarted and restored on the way,
// have the same results and the same state hash (invariant 2).
func TestReplicasAgree(t *testing.T) {
	key := newKey(t)
	j := newJournal(t, key)
	j.add(setupBody())
	j.write(600, 42)
	a, b := newNode(t, t.TempDir(), key), newNode(t, t.TempDir(), key)
	defer a.close()
	defer func() { b.close() }()
	var ra, rb []command.Result
	for _, l := range j.logs {
		ra = append(ra, a.apply(l)...)
	}
	r := rand.New(rand.NewPCG(7, 7))
	for i := 0; i < len(j.logs); {
		n := min(1+r.IntN(40), len(j.logs)-i)
		rb = append(rb, b.apply(j.logs[i:i+n]...)...)
		i += n
		switch r.IntN(10) {
		case 0:
			b.close()
			b.open()
		case 1:
			data := b.persist()
			b.close()
			b = newNode(t, t.TempDir(), key)
			if err := b.fsm.Restore(reader(data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d := cmp.Diff(ra, rb); d != "" {
		t.Errorf("results differ: %s", d)
	}
	codes := map[command.Code]int{}
	for _, r := range ra {
		codes[r.Code]++
		for _, it := range r.Items {
			codes[it.Code]++
		}
	}
	if len(codes) < 9 {
		t.Errorf("the log is too tame: %v", codes)
	}
	if a.fsm.StateHash() != b.fsm.StateHash() || a.fsm.Applied() != b.fsm.Applied() {
		t.Errorf("state %s at %d and %s at %d", a.fsm.StateHash(), a.fsm.Applied(), b.fsm.StateHash(), b.fsm.Applied())
	}
	if d := cmp.Diff(a.index.revisions, b.index.revisions); d != "" {
		t.Errorf("indexes differ: %s", d)
	}
	for _, n := range []*node{a, b} {
		if err := n.reg.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	golden(t, a.fsm.StateHash())
}

// golden pins the state hash of the log above: when it changes, nodes of two
// releases in one cluster drift apart.
func golden(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", "state.golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("state hash of the pinned log is %s, was %s", got, want)
	}
}

// model is what a reader of the documentation expects of entries.
type model struct {
	entries map[watchlist.EntryID]watchlist.Entry
	idem    map[string]command.Result
}

func (m *model) put(p command.EntryPut) (command.Code, uint64) {
	old, found := m.entries[p.Entry.ID]
	switch {
	case found && p.Op == command.OpCreate && p.IfRevision == 0:
		return command.Exists, old.Revision
	case found && p.IfRevision != old.Revision:
		return command.Conflict, old.Revision
	case !found && p.IfRevision != 0:
		return command.NotFound, 0
	case found && old.Status == watchlist.StatusWithdrawn, !found && p.Entry.Status == watchlist.StatusWithdrawn,
		found && old.Status != watchlist.StatusDraft && p.Entry.Status == watchlist.StatusDraft:
		return command.BadTransition, old.Revision
	case p.Entry.Offence == "":
		return command.Invalid, 0
	}
	e := p.Entry
	e.Revision = old.Revision + 1
	m.entries[e.ID] = e
	return command.OK, e.Revision
}

// TestModel drives random entry commands, restarts and restores against the
// model.
func TestModel(t *testing.T) {
	key := newKey(t)
	dirs := 0
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dirs++
		dir := filepath.Join(base, fmt.Sprint(dirs))
		if err := os.Mkdir(dir, 0o700); err != nil {
			rt.Fatal(err)
		}
		n, j := newNode(rt, dir, key), newJournal(rt, key)
		defer func() { n.close() }()
		n.apply(j.add(setupBody()))
		m := &model{entries: map[watchlist.EntryID]watchlist.Entry{}, idem: map[string]command.Result{}}
		var pending []*raft.Log
		var want []command.Result
		flush := func() {
			if len(pending) == 0 {
				return
			}
			if d := cmp.Diff(want, n.apply(pending...)); d != "" {
				rt.Fatalf("results (-model +fsm): %s", d)
			}
			pending, want = nil, nil
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				p := command.EntryPut{
					Op:         rapid.SampledFrom([]command.Op{command.OpCreate, command.OpReplace}).Draw(rt, "op"),
					Entry:      entry(rapid.IntRange(0, 3).Draw(rt, "id")),
					IfRevision: rapid.Uint64Range(0, 3).Draw(rt, "rev"),
				}
				p.Entry.Status = rapid.SampledFrom([]watchlist.Status{"draft", "active", "suspended", "withdrawn"}).Draw(rt, "status")
				if p.Entry.Status == watchlist.StatusWithdrawn {
					p.Entry.WithdrawnReason = "r"
				}
				if rapid.IntRange(0, 9).Draw(rt, "bad") == 0 {
					p.Entry.Offence = ""
				}
				key := rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(rt, "key")
				pending = append(pending, j.addAs("awa", key, nil, p))
				if r, again := m.idem[key]; again {
					r.Replayed = true
					want = append(want, r)
					return
				}
				code, rev := m.put(p)
				r := command.Result{Index: j.last, Code: code, Entry: p.Entry.ID, Revision: rev}
				if code == command.Invalid {
					r.Fields = watchlist.ValidationError{{Pointer: "/offence", Code: "required", Detail: "this field is required"}}
				}
				want = append(want, r)
				if key != "" {
					m.idem[key] = r
				}
			},
			"commit":  func(*rapid.T) { flush() },
			"restart": func(*rapid.T) { flush(); n.close(); n.open() },
			"restore": func(rt *rapid.T) {
				flush()
				if err := n.fsm.Restore(reader(n.persist())); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				if len(pending) > 0 {
					return
				}
				if n.reg.Count() != len(m.entries) {
					rt.Fatalf("%d entries, model has %d", n.reg.Count(), len(m.entries))
				}
				for id, e := range m.entries {
					got, err := n.reg.Entry(id)
					if err != nil || got.Revision != e.Revision || got.Status != e.Status {
						rt.Fatalf("entry differs from the model: %v", err)
					}
					if n.index.revisions[id] != e.Revision {
						rt.Fatalf("index has revision %d, model %d", n.index.revisions[id], e.Revision)
					}
				}
			},
		})
		if err := n.reg.Verify(t.Context()); err != nil {
			rt.Fatal(err)
		}
	})
}
