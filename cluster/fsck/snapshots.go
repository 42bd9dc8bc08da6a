package fsck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"vigie/cluster/registry"
	"vigie/cluster/snapshot"
)

// snapshotFile is one snapshot on the disk.
type snapshotFile struct {
	dir   string
	meta  snapshotMeta
	state registry.State
}

// snapshotMeta is meta.json of raft's FileSnapshotStore.
type snapshotMeta struct {
	raft.SnapshotMeta
	CRC []byte
}

// snapshots reads every snapshot to its end: its CRC, the seal of each part, the
// records, and what they add up to.
func (c *checker) snapshots(ctx context.Context) error {
	begin := time.Now()
	root := filepath.Join(c.paths.Raft, "snapshots")
	list, err := os.ReadDir(root)
	if err != nil && exists(root) {
		return fmt.Errorf("list snapshots: %w", err)
	}
	for i, e := range list {
		dir := filepath.Join(root, e.Name())
		c.step("snapshots", i, len(list))
		switch {
		case e.Name() == "permTest" || strings.HasSuffix(e.Name(), ".tmp"):
			c.rep.Add(Leftover, c.rel(dir), 0, "")
		case !e.IsDir():
			c.rep.Add(StrangeFile, c.rel(dir), 0, "")
		default:
			s, err := c.snapshot(ctx, dir)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, snapshot.ErrVersion):
				c.rep.Add(SnapshotNewer, c.rel(dir), 0, "%v", err)
			case err != nil:
				c.rep.Add(SnapshotDamaged, c.rel(dir), s.meta.Index, "%v", err)
			default:
				c.snaps = append(c.snaps, s)
			}
		}
	}
	slices.SortFunc(c.snaps, func(a, b snapshotFile) int {
		if a.meta.Index < b.meta.Index {
			return 1
		}
		return -1
	})
	c.rep.part("snapshots", len(list), "snapshots", begin)
	return nil
}

func (c *checker) snapshot(ctx context.Context, dir string) (s snapshotFile, err error) {
	s.dir = dir
	b, err := os.ReadFile(filepath.Join(dir, "meta.json"))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s.meta); err != nil {
		return s, errors.New("meta.json is no JSON")
	}
	f, err := os.Open(filepath.Join(dir, "state.bin"))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.Copy(sum, f); err != nil {
		return s, fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(sum.Sum(nil), s.meta.CRC) {
		return s, errors.New("the file does not have its CRC")
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return s, err
	}
	r, err := snapshot.NewReader(f, c.clusterKey)
	if err != nil {
		return s, err
	}
	s.state = r.State()
	if s.state.Index > s.meta.Index || s.state.Term > s.meta.Term || filepath.Base(dir) != s.meta.ID {
		return s, errors.New("meta.json and the snapshot differ")
	}
	for {
		switch _, err := r.Next(); {
		case errors.Is(err, io.EOF):
			return s, nil
		case err != nil:
			return s, err
		case ctx.Err() != nil:
			return s, ctx.Err()
		}
	}
}
