package bareraft

import (
	"testing"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// entries counts the commands in a node's log.
func entries(t *testing.T, dir string) uint64 {
	t.Helper()
	w, err := wal.Open(dir, wal.WithSegmentSize(segment))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	first, err := w.FirstIndex()
	if err != nil {
		t.Fatal(err)
	}
	last, err := w.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for i := first; i <= last; i++ {
		var l raft.Log
		if err := w.GetLog(i, &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == raft.LogCommand {
			n++
		}
	}
	return n
}
