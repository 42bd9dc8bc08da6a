package cluster

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"vigie/cluster/internal/seam"
)

// raftLog is the log as raft sees it, with what raft lacks around a snapshot that
// came from another node. Raft empties the log after such an install and keeps the
// old end in memory: had the log reached past the snapshot, it then refuses every
// entry, until a later snapshot or a restart.
type raftLog struct {
	*raft.LogCache
	// base is the snapshot that was installed last, or the newest at the start, as
	// the entry that it ends with. Its term is that of a committed entry; what the
	// file may say at that index may have been replaced.
	base atomic.Pointer[raft.Log]
	// forgetting is set while forgetEnd runs.
	forgetting atomic.Bool
}

// newRaftLog puts the cache and the rest over a log.
func newRaftLog(store raft.LogStore) (*raftLog, error) {
	cached, err := raft.NewLogCache(logCache, store)
	if err != nil {
		return nil, fmt.Errorf("caching the raft log: %w", err)
	}
	return &raftLog{LogCache: cached}, nil
}

// setBase notes a snapshot whose content this node has made its own.
func (l *raftLog) setBase(index, term uint64) {
	l.base.Store(&raft.Log{Index: index, Term: term, Type: raft.LogNoop})
}

// GetLog implements raft.LogStore. At the base it gives the index and the term
// that raft compares with a leader's, and no content; nobody asks for that, since
// it is applied and a leader offers the snapshot instead.
func (l *raftLog) GetLog(index uint64, out *raft.Log) error {
	b := l.base.Load()
	if b == nil || b.Index != index || index < 2 {
		return l.LogCache.GetLog(index, out) //nolint:wrapcheck // raft compares it
	}
	if l.forgetting.Load() {
		*out = raft.Log{Index: index, Type: raft.LogNoop} // of no term: it conflicts with any
		return nil
	}
	if err := l.LogCache.GetLog(index, out); err == nil && out.Term == b.Term {
		return nil
	}
	*out = *b
	return nil
}

// DeleteRange implements raft.LogStore.
func (l *raftLog) DeleteRange(from, to uint64) error {
	if b := l.base.Load(); l.forgetting.Load() && b.Index == from {
		return nil // it is empty already
	}
	return l.LogCache.DeleteRange(from, to) //nolint:wrapcheck // raft's own
}

// StoreLog implements raft.LogStore.
func (l *raftLog) StoreLog(e *raft.Log) error { return l.StoreLogs([]*raft.Log{e}) }

// StoreLogs implements raft.LogStore.
func (l *raftLog) StoreLogs(e []*raft.Log) error {
	if b := l.base.Load(); l.forgetting.Load() && len(e) == 1 && e[0].Index == b.Index {
		return nil // the snapshot stands for it
	}
	return l.LogCache.StoreLogs(e) //nolint:wrapcheck // raft's own
}

// holds reports whether this node has everything up to an entry that is known to
// be committed: two logs that agree on an entry agree on all before it.
func (l *raftLog) holds(index, term uint64) bool {
	var e raft.Log
	return l.GetLog(index, &e) == nil && e.Term == term
}

// forgetEnd is the request that makes raft forget the end that its log had before
// the base was installed. Raft lowers its last index only when entries of a leader
// take the place of others, so it is offered the entry that the base ends with, in
// the name of the leader whose request is at hand. Nothing is written meanwhile.
func (l *raftLog) forgetEnd(from *raft.AppendEntriesRequest) *raft.AppendEntriesRequest {
	e := *l.base.Load()
	return &raft.AppendEntriesRequest{RPCHeader: from.RPCHeader, Term: from.Term, Entries: []*raft.Log{&e}}
}

// dropReplaced empties a log that contradicts the newest snapshot on disk: the
// node stopped after it had received the snapshot and before raft emptied the log.
// A leader would offer those entries to others, who may take them for committed.
func dropReplaced(log seam.Log, newest *raft.SnapshotMeta) error {
	var e raft.Log
	err := log.GetLog(newest.Index, &e)
	if errors.Is(err, raft.ErrLogNotFound) || err == nil && e.Term == newest.Term {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the raft log: %w", err)
	}
	first, err := log.FirstIndex()
	if err != nil {
		return fmt.Errorf("reading the raft log: %w", err)
	}
	last, err := log.LastIndex()
	if err != nil {
		return fmt.Errorf("reading the raft log: %w", err)
	}
	if err := log.DeleteRange(first, last); err != nil {
		return fmt.Errorf("dropping entries that a snapshot has replaced: %w", err)
	}
	return nil
}
