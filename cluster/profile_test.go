package cluster

import (
	"testing"

	"github.com/hashicorp/raft"
)

// TestProfilesFitTheirLinks: a full batch of the largest entries must pass in
// one RPC's time at the bandwidth that DESIGN.md promises, as must a snapshot's
// step; otherwise a follower that lags never catches up.
func TestProfilesFitTheirLinks(t *testing.T) {
	const entry, step = 64 << 10, 256 << 10
	for profile, bits := range map[Profile]int{ProfileLAN: 4_000_000, ProfileRegional: 500_000, ProfileSatellite: 64_000} {
		tm, err := profile.timing()
		if err != nil {
			t.Fatal(err)
		}
		carries := int(tm.rpc.Seconds() * float64(bits) / 8)
		if need := tm.batch * entry; need > carries {
			t.Errorf("%s: a batch has %d bytes, the link carries %d in %s", profile, need, carries, tm.rpc)
		}
		if step > carries {
			t.Errorf("%s: the link carries %d bytes of a snapshot in %s, less than %d", profile, carries, tm.rpc, step)
		}
		conf := replicaConfig{id: &identity{}, timing: tm, cfg: &Config{SnapshotThreshold: 1, TrailingLogs: 1, SnapshotInterval: tm.poll}, logger: testLogger()}.raftConfig()
		conf.LocalID = "n"
		if conf.MaxAppendEntries != tm.batch {
			t.Errorf("%s: raft sends %d entries at once, want %d", profile, conf.MaxAppendEntries, tm.batch)
		}
		if err := raft.ValidateConfig(conf); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
}
