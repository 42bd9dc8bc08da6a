package fsck

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	"github.com/hashicorp/raft-wal/metadb"

	"vigie/cluster/fsm"
	"vigie/cluster/seal"
	"vigie/watchlist/command"
)

// checkLog reads the raft log store and gives what later checks need of it; ok is
// false when there is no log to read.
func (c *checker) checkLog(ctx context.Context) (l *raftLog, ok bool, err error) {
	begin := time.Now()
	l, ok = c.openLog()
	if !ok {
		return l, false, nil
	}
	if err := c.checkSegments(ctx, l); err != nil {
		return l, false, err
	}
	n, err := c.checkEntries(ctx, l)
	c.rep.part("raft log", n, "entries", begin)
	return l, true, err
}

// checkEntries decodes every entry: indexes without gaps, terms that don't fall, a
// term that the node has reached, commands that open and decode.
func (c *checker) checkEntries(ctx context.Context, l *raftLog) (n int, err error) {
	where := c.rel(l.dir)
	term := uint64(0)
	total := int(l.last - l.first + 1)
	for e, err := range l.entries(0) {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if e == nil {
			// The file is missing or can't be read, which was told.
			break
		}
		c.step("raft log", n, total)
		n++
		switch {
		case err != nil:
			c.rep.Add(LogEntry, where, e.Index, "%v", err)
			continue
		case e.Term < term:
			c.rep.Add(LogEntry, where, e.Index, "term %d follows term %d", e.Term, term)
		}
		term = max(term, e.Term)
		c.terms(e)
		if bad := checkEntry(c.clusterKey, e); bad != "" {
			c.rep.Add(bad, where, e.Index, "")
		}
	}
	if term > l.term {
		c.rep.Add(VoteDamaged, c.rel(filepath.Join(l.dir, metadb.FileName)), 0, "the log holds term %d, the node is in term %d", term, l.term)
	}
	return n, nil
}

// terms keeps the term of the entry that the registry stands at.
func (c *checker) terms(e *raft.Log) {
	if c.reg != nil && e.Index == c.reg.State.Index {
		c.termAt = e.Term
	}
}

// checkEntry opens and decodes one entry; "" is sound.
func checkEntry(key *seal.Key, e *raft.Log) (bad Code) {
	switch e.Type {
	case raft.LogCommand:
		switch _, err := fsm.OpenCommand(key, e.Data); {
		case errors.Is(err, command.ErrUnknown):
			return LogNewer
		case err != nil:
			return LogCommand
		}
	case raft.LogConfiguration:
		if !configuration(e.Data) {
			return LogEntry
		}
	case raft.LogNoop, raft.LogBarrier:
	default:
		return LogEntry
	}
	return ""
}

// configuration reports whether b is a raft configuration; raft panics if not.
func configuration(b []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return len(raft.DecodeConfiguration(b).Servers) > 0
}
