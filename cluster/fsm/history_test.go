package fsm_test

import (
	"math/rand/v2"
	"testing"
)

// TestCheckpoints: however the log is cut into batches, every node knows the same
// state hash at each checkpoint that it passes, also when the checkpoint's own entry
// never reaches the state machine, and after a restart or a restored state none that
// it did not pass.
func TestCheckpoints(t *testing.T) {
	key := newKey(t)
	j := newJournal(t, key)
	j.add(setupBody())
	j.write(500, 11)
	// Index 512 is a leader's first entry, which raft keeps to itself.
	for _, l := range j.logs {
		if l.Index >= 512 {
			l.Index++
		}
	}
	j.last++
	j.write(600, 12)
	single := newNode(t, t.TempDir(), key)
	defer single.close()
	for _, l := range j.logs {
		single.apply(l)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		n := newNode(t, t.TempDir(), key)
		for i := 0; i < len(j.logs); {
			k := min(1+r.IntN(100), len(j.logs)-i)
			n.apply(j.logs[i : i+k]...)
			i += k
		}
		for _, check := range []uint64{256, 512, 768, 1024} {
			a, okA := single.fsm.CheckAt(check)
			b, okB := n.fsm.CheckAt(check)
			if !okA || !okB || a != b {
				t.Errorf("checkpoint %d: %.8s %v and %.8s %v", check, a, okA, b, okB)
			}
		}
		if at, hash := n.fsm.LastCheck(); at != 1024 || hash == "" {
			t.Errorf("the last checkpoint is %d", at)
		}
		n.close()
	}
	// Entry by entry, the state before entry 513 is that at 511.
	before, _ := single.fsm.HashAt(511)
	if at, _ := single.fsm.CheckAt(512); at != before {
		t.Error("a checkpoint without an entry has another hash than the entry before it")
	}
	if _, ok := single.fsm.HashAt(512); ok {
		t.Error("the node never stood at 512")
	}
	if hash, ok := single.fsm.HashAt(j.last); !ok || hash != single.fsm.StateHash() {
		t.Errorf("the present position: %v", ok)
	}
	data := single.persist()
	late := newNode(t, t.TempDir(), key)
	defer late.close()
	if err := late.fsm.Restore(reader(data)); err != nil {
		t.Fatal(err)
	}
	if _, ok := late.fsm.CheckAt(1024); ok {
		t.Error("a node with a restored state claims what it never saw")
	}
	if hash, ok := late.fsm.HashAt(j.last); !ok || hash != single.fsm.StateHash() {
		t.Errorf("the restored position: %v", ok)
	}
}
