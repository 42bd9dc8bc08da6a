package cluster

import (
	"cmp"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
)

// compactedLog no longer shows what was compacted, which raft-wal does for as long
// as the last file holds it.
type compactedLog struct{ seam.Log }

func (l compactedLog) GetLog(index uint64, out *raft.Log) error {
	if first, err := l.FirstIndex(); err != nil || index < first {
		return cmp.Or(err, raft.ErrLogNotFound)
	}
	return l.Log.GetLog(index, out)
}

// TestSnapshotOverALongerLog: a leader that was cut off has more entries that were
// never committed than the others have committed since, and the others have
// compacted their logs. It gets a snapshot from before the end of its log, and must
// take entries behind it. raft v1.8.0 keeps the old end and refuses them; the
// simulation found it.
func TestSnapshotOverALongerLog(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, func(cfg *Config) {
		cfg.SnapshotThreshold, cfg.TrailingLogs = 1<<20, 2
		cfg.Seams.Log = func(l seam.Log) seam.Log { return compactedLog{l} }
	})
	old := c.leader()
	old.mustPut(1)
	c.net.isolate(old.addr)
	r := old.node.rep.raft
	for range 60 { // entries of no content, stored before it learns that it leads no more
		r.Barrier(time.Second)
	}
	c.eventually("the cut leader stores entries", func() bool { return r.LastIndex() > 60 && r.State() != raft.Leader })
	end := r.LastIndex()
	now := c.leader()
	for i := 10; i < 20; i++ {
		now.mustPut(i)
	}
	if err := now.node.rep.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	if at := now.node.rep.raft.LastIndex(); at >= end {
		t.Fatalf("the committed log ends at %d, the cut one at %d: nothing is tested", at, end)
	}
	c.net.heal(old.addr)
	old.waitEntry(19)
	now.mustPut(30)
	old.waitEntry(30)
	if at := old.node.rep.raft.LastIndex(); at >= end {
		t.Errorf("the log still ends at %d", at)
	}
	// It votes and leads with what it has now, also after a restart.
	old.stop()
	old.start()
	old.waitEntry(30)
	c.sameState()
}

// dialOnly dials as another layer does and accepts for itself.
type dialOnly struct {
	net.Listener
	as raft.StreamLayer
}

func (d dialOnly) Dial(a raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return d.as.Dial(a, timeout)
}

// TestNothingIsInstalledTwice: a snapshot whose content a node has takes nothing
// from its log. A leader may have sent it long ago, before entries that the node
// has acknowledged since.
func TestNothingIsInstalledTwice(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, func(cfg *Config) { cfg.SnapshotThreshold, cfg.TrailingLogs = 1<<20, 4 })
	leader, f := c.leader(), c.followers()[0]
	leader.mustPut(1)
	if err := leader.node.rep.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	list, err := leader.node.rep.snaps.List()
	if err != nil || len(list) == 0 {
		t.Fatalf("no snapshot: %v", err)
	}
	leader.mustPut(2)
	f.waitEntry(2)
	first, err := f.node.rep.log.FirstIndex()
	if err != nil {
		t.Fatal(err)
	}
	meta, content, err := leader.node.rep.snaps.Open(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	args := raft.InstallSnapshotRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(leader.node.ID()), Addr: []byte(leader.node.ID())}, SnapshotVersion: meta.Version,
		Term: leader.node.rep.raft.CurrentTerm(), LastLogIndex: meta.Index, LastLogTerm: meta.Term,
		Configuration: raft.EncodeConfiguration(meta.Configuration), ConfigurationIndex: meta.ConfigurationIndex, Size: meta.Size,
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	trans := raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: dialOnly{ln, leader.node.net.Raft()}, Timeout: 5 * time.Second, Logger: newRaftLogger(testLogger()),
	})
	defer trans.Close()
	var resp raft.InstallSnapshotResponse
	if err := trans.InstallSnapshot("", raft.ServerAddress(f.node.ID()), &args, &resp, content); err != nil || !resp.Success {
		t.Fatalf("the follower answers %+v, %v", resp, err)
	}
	if now, err := f.node.rep.log.FirstIndex(); err != nil || now != first {
		t.Errorf("the log began at %d, now at %d (%v)", first, now, err)
	}
	c.sameState()
}

// memoryLog is a log of entries from its first one on.
type memoryLog struct{ *raft.InmemStore }

func (memoryLog) IsMonotonic() bool { return true }
func (memoryLog) Close() error      { return nil }

// TestReplacedLogIsDropped: a node that stopped between receiving a snapshot and
// emptying its log must not keep what the snapshot contradicts.
func TestReplacedLogIsDropped(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		index, term uint64
		kept        bool
	}{
		"fits":        {5, 1, true},
		"contradicts": {5, 2, false},
		"lies ahead":  {20, 2, true},
		"lies behind": {2, 1, true},
	} {
		log := memoryLog{raft.NewInmemStore()}
		for i := uint64(3); i <= 9; i++ {
			if err := log.StoreLog(&raft.Log{Index: i, Term: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := dropReplaced(log, &raft.SnapshotMeta{Index: tc.index, Term: tc.term}); err != nil {
			t.Fatal(err)
		}
		var e raft.Log
		err := log.GetLog(4, &e)
		if kept := err == nil; kept != tc.kept || err != nil && !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("%s: kept %v (%v), want %v", name, kept, err, tc.kept)
		}
	}
}
