package cluster

import (
	"io"
	"log/slog"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/fsm"
)

// watchedFSM times what raft asks of the state machine.
type watchedFSM struct {
	*fsm.FSM
	tel *telemetry
	log *slog.Logger
}

var _ raft.BatchingFSM = watchedFSM{}

// watched is the state machine as raft gets it.
func (rc replicaConfig) watched(f *fsm.FSM) raft.BatchingFSM {
	if rc.tel == nil {
		return f
	}
	return watchedFSM{f, rc.tel, rc.logger}
}

// Apply implements raft.FSM.
func (w watchedFSM) Apply(l *raft.Log) any { return w.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch implements raft.BatchingFSM.
func (w watchedFSM) ApplyBatch(logs []*raft.Log) []any {
	begin := time.Now()
	answers := w.FSM.ApplyBatch(logs)
	w.tel.apply.took(time.Since(begin))
	w.tel.entries.Add(uint64(len(logs)))
	return answers
}

// Snapshot implements raft.FSM.
func (w watchedFSM) Snapshot() (raft.FSMSnapshot, error) {
	begin := time.Now()
	s, err := w.FSM.Snapshot()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what
	}
	w.tel.freeze.took(time.Since(begin))
	return watchedSnapshot{s, w, w.Applied()}, nil
}

// Restore implements raft.FSM.
func (w watchedFSM) Restore(rc io.ReadCloser) error {
	begin := time.Now()
	if err := w.FSM.Restore(rc); err != nil {
		w.log.Error("a snapshot could not be restored", "event", "restore_failed", "error", err)
		return err //nolint:wrapcheck // it says what
	}
	w.tel.restores.Add(1)
	w.log.Info("a snapshot was restored", "event", "restore", "index", w.Applied(), "took", time.Since(begin).Round(time.Millisecond).String())
	return nil
}

// watchedSnapshot times how it is written.
type watchedSnapshot struct {
	raft.FSMSnapshot
	of    watchedFSM
	index uint64
}

// Persist implements raft.FSMSnapshot.
func (s watchedSnapshot) Persist(sink raft.SnapshotSink) error {
	begin := time.Now()
	counted := &countedSink{SnapshotSink: sink}
	err := s.FSMSnapshot.Persist(counted)
	st := SnapshotStatus{Index: s.index, At: time.Now(), Took: time.Since(begin), Bytes: counted.bytes}
	s.of.tel.snapshotted(st, err)
	if err != nil {
		s.of.log.Error("a snapshot could not be written", "event", "snapshot_failed", "index", s.index, "error", err)
		return err //nolint:wrapcheck // it says what
	}
	s.of.log.Info("a snapshot was written", "event", "snapshot", "index", s.index, "bytes", st.Bytes, "took", st.Took.Round(time.Millisecond).String())
	return nil
}

// countedSink counts what is written to it.
type countedSink struct {
	raft.SnapshotSink
	bytes int64
}

// Write implements io.Writer.
func (c *countedSink) Write(b []byte) (int, error) {
	n, err := c.SnapshotSink.Write(b)
	c.bytes += int64(n)
	return n, err //nolint:wrapcheck // io.Writer's own
}
