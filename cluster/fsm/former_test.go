package fsm_test

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/gob"
	"os"
	"path/filepath"
	"testing"

	"vigie/cluster/seal"
	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
	bolt "go.etcd.io/bbolt"
)

// former is what a node of an earlier commit left behind: of 7e76744, the last one
// before format 3 of the registry, entries, accounts, batches, keys of idempotency
// and a decision on the calibration; of 40af73c, the last one before format 4,
// reported documents as well. All are specimens. The keys were drawn for the files.
type former struct {
	// Registry is the file, Snapshot what raft keeps, Logs the sealed commands that
	// led there.
	Registry, Snapshot, NodeKey, ClusterKey []byte
	Logs                                    []struct {
		Index uint64
		Data  []byte
	}
	// Hash is the state hash that the node gave.
	Hash string
}

func readFormer(t *testing.T, name string) (f former, nodeKey, clusterKey *seal.Key) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(z).Decode(&f); err != nil {
		t.Fatal(err)
	}
	keys := make([]*seal.Key, 2)
	for i, b := range [][]byte{f.NodeKey, f.ClusterKey} {
		if keys[i], err = seal.Parse(b); err != nil {
			t.Fatal(err)
		}
	}
	return f, keys[0], keys[1]
}

// takeOver brings three nodes to the state of a former one: from its registry, from
// its snapshot, and from its log.
func (f former) takeOver(t *testing.T, nodeKey, clusterKey *seal.Key) map[string]*node {
	t.Helper()
	opened := &node{t: t, path: filepath.Join(t.TempDir(), "registry.db"), nodeKey: nodeKey, cluster: clusterKey}
	if err := os.WriteFile(opened.path, f.Registry, 0o600); err != nil {
		t.Fatal(err)
	}
	opened.open()
	restored := newNode(t, t.TempDir(), clusterKey)
	if err := restored.fsm.Restore(reader(f.Snapshot)); err != nil {
		t.Fatal(err)
	}
	replayed := newNode(t, t.TempDir(), clusterKey)
	for _, l := range f.Logs {
		replayed.apply(&raft.Log{Index: l.Index, Term: 1, Type: raft.LogCommand, Data: l.Data})
	}
	return map[string]*node{"registry": opened, "snapshot": restored, "log": replayed}
}

// checkFormer checks that all nodes have a state and keep it over a restart in a
// file of a format.
func checkFormer(t *testing.T, nodes map[string]*node, want string, format uint16) {
	t.Helper()
	for name, n := range nodes {
		if got := n.fsm.StateHash(); got != want {
			t.Errorf("%s: state hash %s, want %s", name, got, want)
		}
		if err := n.reg.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n.close()
		if got := formatOf(t, n.path); got != format {
			t.Errorf("%s: format %d, want %d", name, got, format)
		}
		n.open()
	}
}

// TestFormerFormat: registry, snapshot and log of the release before reported
// documents are taken over with the same state hash, as they are; the first report
// raises the format, and leaves all three with the same state again.
func TestFormerFormat(t *testing.T) {
	was, nodeKey, clusterKey := readFormer(t, "format2.gob.gz")
	nodes := was.takeOver(t, nodeKey, clusterKey)
	checkFormer(t, nodes, was.Hash, 2)
	for name, n := range nodes {
		for _, err := range n.reg.EachReport() {
			t.Errorf("%s: a report in a list without: %v", name, err)
		}
	}
	j := newJournal(t, clusterKey)
	j.last, j.now = was.Logs[len(was.Logs)-1].Index, start+1000
	report := j.add(command.ReportPut{Batch: "b1", Items: []command.ReportItem{reportItem(1, command.OpCreate, 0)}})
	for name, n := range nodes {
		if r := n.apply(report)[0]; r.Code != command.OK || r.Items[0].Code != command.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	after := nodes["registry"].fsm.StateHash()
	if after == was.Hash {
		t.Error("the state hash does not cover a report")
	}
	checkFormer(t, nodes, after, 3)
	for _, n := range nodes {
		n.close()
	}
}

// TestFormatBeforeFamilies: the same of the release before changes to the table of
// spelling families; the first proposal raises the format.
func TestFormatBeforeFamilies(t *testing.T) {
	was, nodeKey, clusterKey := readFormer(t, "format3.gob.gz")
	nodes := was.takeOver(t, nodeKey, clusterKey)
	checkFormer(t, nodes, was.Hash, 3)
	j := newJournal(t, clusterKey)
	j.last, j.now = was.Logs[len(was.Logs)-1].Index, start+1000
	proposal := j.addAs("boss1", "", nil, command.FamilyPropose{Change: familyAdd("Sagna", "Sanha")})
	review := j.addAs("boss2", "", nil, command.FamilyReview{Number: 1, Accept: true, Reason: whyFamily})
	for name, n := range nodes {
		if list, err := n.reg.FamilyChanges(); err != nil || len(list) != 0 {
			t.Errorf("%s: changes in a list without: %v %v", name, list, err)
		}
		for _, r := range n.apply(proposal, review) {
			if r.Code != command.OK {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	after := nodes["registry"].fsm.StateHash()
	if after == was.Hash {
		t.Error("the state hash does not cover a change")
	}
	checkFormer(t, nodes, after, 4)
	for name, n := range nodes {
		if list, err := n.reg.FamilyChanges(); err != nil || len(list) != 1 || list[0].Version != 1 {
			t.Errorf("%s: %+v %v", name, list, err)
		}
		n.close()
	}
}

// formatOf reads the number in a registry file that nobody has open.
func formatOf(t *testing.T, path string) (format uint16) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bolt.Tx) error {
		format = binary.BigEndian.Uint16(tx.Bucket([]byte("meta")).Get([]byte("format")))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return format
}
