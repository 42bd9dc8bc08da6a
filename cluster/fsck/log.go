package fsck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
	bolt "go.etcd.io/bbolt"

	"vigie/cluster/disk"
)

// maxSegment bounds the file of one segment that is read into memory: 16 MiB and one
// batch.
const maxSegment = 256 << 20

// raftLog is the raft log store as it lies on the disk.
type raftLog struct {
	dir  string
	list []types.SegmentInfo
	// first and last are the indexes of the entries that can be read, 0 for none.
	first, last uint64
	// term is the hard state; vote the term of the last vote.
	term, vote uint64
}

// openLog reads wal-meta.db without writing to it. Damage is a finding; ok is false
// when the list of segments can't be known.
func (c *checker) openLog() (l *raftLog, ok bool) {
	l = &raftLog{dir: c.paths.Raft}
	path := filepath.Join(l.dir, metadb.FileName)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		c.rep.Add(LogMeta, c.rel(path), 0, "the file is missing")
		return l, false
	}
	_, bad, err := walkBolt(path)
	if err != nil {
		c.rep.Add(LogMeta, c.rel(path), 0, "%v", err)
		return l, false
	}
	if bad > 0 {
		c.rep.Add(RegistryMeta, c.rel(path), 0, "")
	}
	db, err := bolt.Open(path, 0, &bolt.Options{ReadOnly: true, Timeout: openWait, NoStatistics: true})
	if err != nil {
		c.rep.Add(LogMeta, c.rel(path), 0, "%v", err)
		return l, false
	}
	err = db.View(func(tx *bolt.Tx) error {
		for range tx.Check() {
			c.rep.Add(LogMeta, c.rel(path), 0, "its keys are out of order")
		}
		return c.readMeta(l, tx)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		c.rep.Add(LogMeta, c.rel(path), 0, "%v", err)
		return l, false
	}
	return l, true
}

// readMeta reads the list of segments and the hard state.
func (c *checker) readMeta(l *raftLog, tx *bolt.Tx) error {
	meta, stable := tx.Bucket([]byte(metadb.MetaBucket)), tx.Bucket([]byte(metadb.StableBucket))
	if meta == nil || stable == nil {
		return errors.New("a bucket is missing")
	}
	var state types.PersistentState
	raw := meta.Get([]byte(metadb.MetaKey))
	if raw == nil {
		return errors.New("the list of segments is missing")
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return errors.New("the list of segments is no JSON")
	}
	l.list = state.Segments
	for i, s := range l.list {
		if s.ID >= state.NextSegmentID || s.BaseIndex == 0 || s.Codec != wal.CodecBinaryV1 || s.SealTime.IsZero() != (i == len(l.list)-1) {
			return errors.New("the list of segments makes no sense")
		}
	}
	if len(l.list) == 0 {
		return errors.New("the list of segments is empty")
	}
	where := c.rel(filepath.Join(l.dir, metadb.FileName))
	number := func(key string) uint64 {
		v := stable.Get([]byte(key))
		if len(v) != 0 && len(v) != 8 {
			c.rep.Add(VoteDamaged, where, 0, "%s is no number", key)
			return 0
		}
		var n uint64
		for i := range v {
			n |= uint64(v[i]) << (8 * i)
		}
		return n
	}
	l.term, l.vote = number("CurrentTerm"), number("LastVoteTerm")
	if l.vote > l.term {
		c.rep.Add(VoteDamaged, where, 0, "the vote is of term %d, the node is in term %d", l.vote, l.term)
	}
	return nil
}

func (l *raftLog) path(s types.SegmentInfo) string {
	return filepath.Join(l.dir, segment.FileName(s))
}

// read reads one segment's file.
func (l *raftLog) read(s types.SegmentInfo) (segScan, error) {
	st, err := os.Stat(l.path(s))
	if err != nil {
		return segScan{}, err
	}
	if st.Size() > maxSegment {
		return segScan{}, fmt.Errorf("the file has %d bytes", st.Size())
	}
	b, err := os.ReadFile(l.path(s))
	if err != nil {
		return segScan{}, err
	}
	return scanSegment(b, s), nil
}

// checkSegments reads all segments: files, checksums, tables, gaps between them.
func (c *checker) checkSegments(ctx context.Context, l *raftLog) error {
	next := uint64(0)
	for i, info := range l.list {
		c.step("raft log", i, len(l.list))
		where := c.rel(l.path(info))
		if next != 0 && info.BaseIndex != next {
			c.rep.Add(LogGap, where, next, "the file begins at index %d, the one before ends at %d", info.BaseIndex, next-1)
		}
		next = info.MaxIndex + 1
		s, err := l.read(info)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.rep.Add(LogSegment, where, info.BaseIndex, "the file is missing")
			continue
		case err != nil:
			return fmt.Errorf("read raft log: %w", err)
		}
		end := info.BaseIndex + uint64(len(s.entries)) // behind the last entry
		if !info.SealTime.IsZero() {
			c.sealedSegment(where, info, &s, end)
		} else {
			c.tailSegment(where, info, &s, end)
			next = end
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lo, hi := max(info.MinIndex, info.BaseIndex), next; lo < hi {
			if l.first == 0 {
				l.first = lo
			}
			l.last = hi - 1
		}
	}
	return c.strayFiles(l)
}

func (c *checker) sealedSegment(where string, info types.SegmentInfo, s *segScan, end uint64) {
	switch {
	case s.header != "":
		c.rep.Add(LogSegment, where, info.BaseIndex, "%s", s.header)
	case end <= info.MaxIndex:
		c.rep.Add(LogSegment, where, end, "the batch at byte %d does not have its checksum; entries up to %d lie behind", s.end, info.MaxIndex)
	default:
		if bad := s.badTable(info); bad != "" {
			c.rep.Add(LogSegment, where, info.BaseIndex, "%s", bad)
		}
	}
}

// tailSegment tells damage in the last file, which raft-wal takes for a torn write,
// from a torn write.
func (c *checker) tailSegment(where string, info types.SegmentInfo, s *segScan, end uint64) {
	switch {
	case s.header != "" && (s.end > 0 || s.after):
		c.rep.Add(LogSegment, where, info.BaseIndex, "%s", s.header)
	case s.after:
		c.rep.Add(LogSegment, where, end, "the batch at byte %d is damaged; whole ones lie behind it", s.end)
	case s.rest:
		c.rep.Add(LogTorn, where, end, "at byte %d", s.end)
	}
}

// strayFiles notes log files that the list does not name: raft-wal removes them.
func (c *checker) strayFiles(l *raftLog) error {
	known := append([]string{metadb.FileName, "snapshots"}, disk.Files()...)
	for _, s := range l.list {
		known = append(known, segment.FileName(s))
	}
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return fmt.Errorf("list raft folder: %w", err)
	}
	for _, f := range files {
		if slices.Contains(known, f.Name()) {
			continue
		}
		code := StrangeFile
		if filepath.Ext(f.Name()) == ".wal" || f.Name() == metadb.FileName+".tmp" {
			code = Leftover
		}
		c.rep.Add(code, c.rel(filepath.Join(l.dir, f.Name())), 0, "")
	}
	return nil
}

// entries iterates over the readable entries from index from on. It passes over what
// checkSegments has complained of; a gap ends it with an error.
func (l *raftLog) entries(from uint64) iter.Seq2[*raft.Log, error] {
	return func(yield func(*raft.Log, error) bool) {
		next := from
		for i, info := range l.list {
			if i+1 < len(l.list) && info.MaxIndex < next {
				continue
			}
			s, err := l.read(info)
			if err != nil {
				yield(nil, fmt.Errorf("read raft log: %w", err))
				return
			}
			for j, b := range s.entries {
				index := info.BaseIndex + uint64(j)
				if index < next || index < info.MinIndex || info.MaxIndex != 0 && index > info.MaxIndex {
					continue
				}
				if index != next && from != 0 {
					yield(nil, fmt.Errorf("the raft log has no entry %d", next))
					return
				}
				e, err := decodeEntry(b, index)
				if !yield(e, err) {
					return
				}
				next = index + 1
			}
		}
	}
}

// decodeEntry reads one entry; the codec does not expect damage and may panic.
func decodeEntry(b []byte, index uint64) (l *raft.Log, err error) {
	defer func() {
		if recover() != nil {
			l, err = &raft.Log{Index: index}, fmt.Errorf("entry %d is no raft entry", index)
		}
	}()
	l = &raft.Log{}
	if err := (&wal.BinaryCodec{}).Decode(b, l); err != nil || disk.Verify(l, index) != nil {
		return &raft.Log{Index: index}, fmt.Errorf("entry %d is no raft entry, another one, or has a wrong checksum", index)
	}
	return l, nil
}
