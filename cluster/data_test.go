package cluster

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/cluster/audit"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func photo(seed byte, n int) []byte {
	b := bytes.Repeat([]byte{seed, 0x5a, 0xc3, 0x11}, n/4)
	copy(b, "PLANTEDPHOTO")
	return b
}

func TestBlobsReachAllNodes(t *testing.T) {
	c := newCluster(t, 3, nil)
	want := photo(1, 700_000)
	id, err := c.followers()[0].node.Blobs().Put(ctxFor(t), want)
	if err != nil {
		t.Fatal(err)
	}
	e := testEntry(1)
	e.Faces[0].Photo = id
	if res, err := c.leader().node.Propose(ctxFor(t), command.New("t", command.EntryPut{Op: command.OpCreate, Entry: e})); err != nil || res.Code != command.OK {
		t.Fatalf("%+v, %v", res, err)
	}
	late := c.join(watchlist.NodeNonvoter)
	for _, n := range c.running() {
		c.eventually("the photo arrives by itself", func() bool { return n.node.Blobs().Has(id) })
		got, err := n.node.Blobs().Get(ctxFor(t), id)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("node %s: %v", n.addr, err)
		}
	}
	c.eventually("no photo is wanted", func() bool { return late.node.Status().BlobsWanted == 0 })
}

func TestBlobPutNeedsMajority(t *testing.T) {
	c := newCluster(t, 3, nil)
	f := c.followers()
	f[0].stop()
	if _, err := c.leader().node.Blobs().Put(ctxFor(t), photo(1, 1000)); err != nil {
		t.Errorf("two of three nodes: %v", err)
	}
	lone := c.leader()
	c.net.isolate(lone.addr)
	if _, err := lone.node.Blobs().Put(ctxFor(t), photo(2, 1000)); err == nil {
		t.Error("Put without a majority reported success")
	}
	c.net.heal(lone.addr)
}

// TestNothingInClearOnDisk plants a name, a document number, a template, a photo
// and an audit line, and looks for them in every file but the keys.
func TestNothingInClearOnDisk(t *testing.T) {
	c := newCluster(t, 2, func(cfg *Config) { cfg.SnapshotThreshold, cfg.TrailingLogs = 8, 4 })
	n := c.leader().node
	for i := range 12 {
		e := testEntry(i)
		id, err := n.Blobs().Put(ctxFor(t), photo(byte(i), 5000))
		if err != nil {
			t.Fatal(err)
		}
		e.Faces[0].Photo = id
		if _, err := n.Propose(ctxFor(t), command.New("PLANTEDACTOR", command.EntryPut{Op: command.OpCreate, Entry: e})); err != nil {
			t.Fatal(err)
		}
	}
	user := watchlist.User{ID: "u1", Login: "plantedlogin", Role: watchlist.RoleOfficer, PasswordHash: "PLANTEDHASH"}
	if _, err := n.Propose(ctxFor(t), command.New("t", command.UserPut{User: user, Create: true})); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Audit().Append(ctxFor(t), watchlist.AuditEvent{Kind: watchlist.AuditSearch, Reason: "PLANTEDREASON", Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	c.sameState()
	for _, m := range c.running() {
		if err := m.node.rep.raft.Snapshot().Error(); err != nil {
			t.Fatal(err)
		}
	}
	c.stopAll()
	needles := map[string][]byte{"text": []byte("PLANTED"), "lower-case text": []byte("planted")}
	tmpl := testEntry(3).Faces[0].Template
	needles["template"] = tmpl[:32]
	needles["template number"] = binary.LittleEndian.AppendUint64(nil, uint64(math.Float32bits(4))|uint64(math.Float32bits(4+1.0/128))<<32)
	needles["photo"] = photo(3, 64)[16:]
	files := 0
	for _, m := range c.nodes {
		keys := filepath.Join(m.dir, "keys")
		err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(path, keys) {
				return err
			}
			b, err := os.ReadFile(path)
			files++
			for what, needle := range needles {
				if bytes.Contains(b, needle) {
					t.Errorf("%s holds a planted %s", path, what)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 20 {
		t.Errorf("only %d files were searched", files)
	}
}

func TestAuditSurvivesRestart(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[0]
	for range 5 {
		if _, err := n.node.Audit().Append(ctxFor(t), watchlist.AuditEvent{Kind: watchlist.AuditSearch, Outcome: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	n.stop()
	n.start()
	if seq, err := n.node.Audit().Append(ctxFor(t), watchlist.AuditEvent{Kind: watchlist.AuditRead, Outcome: "ok"}); err != nil || seq != 6 {
		t.Errorf("event %d, %v; want 6", seq, err)
	}
	n.stop()
	key, err := seal.Load(filepath.Join(n.dir, "keys", "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	if rep, err := audit.Verify(filepath.Join(n.dir, "audit"), key); err != nil || rep.Events != 6 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c := newCluster(t, 1, func(cfg *Config) { cfg.Registerer = reg })
	c.leader().mustPut(1)
	values := samples(t, reg)
	if values["vigie_cluster_leader"] != 1 || values["vigie_cluster_entries"] != 1 || values["vigie_cluster_voters"] != 1 {
		t.Errorf("metrics: %v", values)
	}
	c.stopAll()
	if got, err := reg.Gather(); err != nil || len(got) != 0 {
		t.Errorf("after Shutdown: %d metrics, %v; want none", len(got), err)
	}
}
