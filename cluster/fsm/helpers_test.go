package fsm_test

import (
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
)

// start is the stamped time of the first command, in milliseconds.
const start int64 = 1_800_000_000_000

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// testing.TB and *rapid.T have this in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newKey(t tester) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// node is a state machine over a registry of its own.
type node struct {
	t       tester
	path    string
	nodeKey registry.Sealer
	cluster fsm.Sealer
	reg     *registry.Store
	fsm     *fsm.FSM
	index   *shadow
}

func newNode(t tester, dir string, clusterKey fsm.Sealer) *node {
	t.Helper()
	n := &node{t: t, path: filepath.Join(dir, "registry.db"), nodeKey: newKey(t), cluster: clusterKey}
	n.open()
	return n
}

func (n *node) open() {
	n.t.Helper()
	reg, err := registry.Open(n.path, n.nodeKey)
	if err != nil {
		n.t.Fatal(err)
	}
	n.reg, n.index = reg, newShadow()
	if n.fsm, err = fsm.New(reg, n.cluster, []fsm.Index{n.index}, quiet); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) close() {
	n.t.Helper()
	n.fsm.Close()
	if err := n.reg.Close(); err != nil {
		n.t.Fatal(err)
	}
}

// apply applies logs in one batch and gives the results of the commands.
func (n *node) apply(logs ...*raft.Log) []command.Result {
	n.t.Helper()
	var out []command.Result
	for _, a := range n.fsm.ApplyBatch(logs) {
		if r, ok := a.(command.Result); ok {
			out = append(out, r)
		}
	}
	return out
}

// journal builds log entries one after the other.
type journal struct {
	t    tester
	key  fsm.Sealer
	last uint64
	now  int64
	logs []*raft.Log
}

func newJournal(t tester, key fsm.Sealer) *journal {
	return &journal{t: t, key: key, now: start}
}

func (j *journal) add(body command.Body) *raft.Log { return j.addAs("admin", "", nil, body) }

func (j *journal) addAs(actor, idem string, hash []byte, body command.Body) *raft.Log {
	j.t.Helper()
	env := command.New(actor, body)
	env.Time, env.IdemKey, env.IdemHash = j.now, idem, hash
	data, err := fsm.SealCommand(j.key, &env)
	if err != nil {
		j.t.Fatal(err)
	}
	j.last++
	j.now++
	l := &raft.Log{Index: j.last, Term: 1, Type: raft.LogCommand, Data: data}
	j.logs = append(j.logs, l)
	return l
}

// one is a node with its journal, set up and ready.
type one struct {
	*node
	*journal
}

func newOne(t testing.TB) one {
	t.Helper()
	key := newKey(t)
	o := one{newNode(t, t.TempDir(), key), newJournal(t, key)}
	t.Cleanup(o.close)
	o.do(setupBody())
	return o
}

func (o one) do(body command.Body) command.Result {
	o.node.t.Helper()
	return o.node.apply(o.add(body))[0]
}

func (o one) want(code command.Code, body command.Body) command.Result {
	o.node.t.Helper()
	r := o.do(body)
	if r.Code != code {
		o.node.t.Fatalf("%T: %s %v, want %s", body, r.Code, r.Fields, code)
	}
	return r
}

func setupBody() command.ClusterSetup {
	return command.ClusterSetup{ClusterID: "c1", Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, CACert: []byte("cert"), CAKey: []byte("key")}
}

func entryID(n int) watchlist.EntryID {
	return watchlist.NewEntryID("SEN", fmt.Sprintf("0192f0c1-%04x-7000-8000-%012x", n>>16, n))
}

func template(seed int) []byte {
	v := make([]float32, 128)
	x := uint32(seed)*2654435761 + 1
	for i := range v {
		x = x*1664525 + 1013904223
		v[i] = float32(x>>8)/(1<<24) - 0.5
	}
	return watchlist.EncodeTemplate(v)
}

// entry gives a valid entry that differs with n.
func entry(n int) watchlist.Entry {
	return watchlist.Entry{
		ID: entryID(n), Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"},
		Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive,
		Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: fmt.Sprintf("Specimen Personne%d", n)}},
		Documents:  []watchlist.Document{{Type: "passport", Number: fmt.Sprintf("PLANTEDNUMBER%d", n), Issuer: "SEN"}},
		Faces:      []watchlist.Face{{ID: "f1", Template: template(n), Model: "m1", Quality: watchlist.FaceQuality{InterEye: 61.5, Sharpness: 120}}},
		LegalBasis: "law", Offence: "offence", CaseReference: "case",
		Issued: start, ReviewBy: start + 1, ExpiresAt: start + 1000, Specimen: true,
	}
}

func create(n int) command.EntryPut {
	return command.EntryPut{Op: command.OpCreate, Entry: entry(n)}
}

// shadow is a derived index that checks the order of its calls and mirrors the
// entries' revisions.
type shadow struct {
	mu        sync.Mutex
	applied   uint64
	revisions map[watchlist.EntryID]uint64
	rebuilds  int
	fail      error
	onApply   func()
}

func newShadow() *shadow { return &shadow{revisions: map[watchlist.EntryID]uint64{}} }

func (s *shadow) Apply(changes []watchlist.Change, index uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if s.onApply != nil {
		s.onApply()
	}
	at := s.applied
	for _, c := range changes {
		if c.Index < at || c.Index <= s.applied || c.Index > index {
			return fmt.Errorf("change at %d after %d up to %d", c.Index, at, index)
		}
		at = c.Index
		s.revisions[c.ID] = c.Entry.Revision
	}
	if index <= s.applied {
		return fmt.Errorf("index %d after %d", index, s.applied)
	}
	s.applied = index
	return nil
}

func (s *shadow) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	m := map[watchlist.EntryID]uint64{}
	for e, err := range entries {
		if err != nil {
			return err
		}
		m[e.ID] = e.Revision
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions, s.applied = m, index
	s.rebuilds++
	return s.fail
}

func (s *shadow) Applied() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// memSink is a raft.SnapshotSink in memory.
type memSink struct {
	data      []byte
	closed    bool
	cancelled bool
	failAt    int
}

func (s *memSink) Write(b []byte) (int, error) {
	if s.failAt > 0 && len(s.data)+len(b) > s.failAt {
		return 0, io.ErrShortWrite
	}
	s.data = append(s.data, b...)
	return len(b), nil
}
func (s *memSink) Close() error  { s.closed = true; return nil }
func (s *memSink) ID() string    { return "mem" }
func (s *memSink) Cancel() error { s.cancelled = true; return nil }

// persist takes and writes a snapshot.
func (n *node) persist() []byte {
	n.t.Helper()
	snap, err := n.fsm.Snapshot()
	if err != nil {
		n.t.Fatal(err)
	}
	defer snap.Release()
	sink := &memSink{}
	if err := snap.Persist(sink); err != nil || !sink.closed {
		n.t.Fatalf("persist: %v", err)
	}
	return sink.data
}
