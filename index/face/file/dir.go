package file

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	manifestName  = "manifest"
	segmentSuffix = ".segment"
	tmpSuffix     = ".tmp"
)

// Dir is the folder of one gallery's files. It is for one goroutine at a time,
// save that ReadSegment may run beside itself. One process at a time may use a
// folder.
type Dir struct {
	folder string
	sealer Sealer
	disk   disk
	rest   func(context.Context) error
}

// NewDir gives the folder at path, whose parent must exist when something is
// written; the folder is made then. Nothing is touched yet.
func NewDir(path string, s Sealer) *Dir {
	return &Dir{folder: path, sealer: s, disk: realDisk{}}
}

// Pace makes every write rest for d after each 1 MiB part, so that it leaves
// disk and cores to others; 0 writes at full speed.
func (d *Dir) Pace(rest time.Duration) {
	d.rest = nil
	if rest <= 0 {
		return
	}
	d.rest = func(ctx context.Context) error {
		t := time.NewTimer(rest)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause ends a write whose context ended, and rests.
func (d *Dir) pause(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.rest == nil {
		return nil
	}
	return d.rest(ctx)
}

func (d *Dir) path(name string) string { return filepath.Join(d.folder, name) }

func (r Ref) name() string { return hex.EncodeToString(r.ID[:]) + segmentSuffix }

// WriteSegment writes s to a file of its own, durable when it returns, and gives
// what a manifest needs to name it. On an error, ctx's end among them, nothing is left
// behind.
func (d *Dir) WriteSegment(ctx context.Context, tag Tag, s *Segment) (Ref, error) {
	if err := s.check(); err != nil {
		return Ref{}, err
	}
	h := s.head()
	f, err := newFrame(d.sealer, kindSegment, h.length())
	if err != nil {
		return Ref{}, err
	}
	f.tag = tag.digest()
	return d.write(ctx, f, Ref{ID: f.id}.name(), s.encode)
}

// Drop removes the manifest, durably: what follows can't be mistaken for the
// state that it described.
func (d *Dir) Drop() error {
	if _, err := os.Lstat(d.path(manifestName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.disk.remove(d.path(manifestName)); err != nil {
		return err
	}
	return d.disk.syncDir(d.folder)
}

// Sweep removes the segments that keep does not name, and what interrupted
// writes left. Files that this package did not make stay.
func (d *Dir) Sweep(keep []Ref) error {
	list, err := os.ReadDir(d.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("gallery file: list folder: %w", err)
	}
	named := make(map[string]bool, len(keep))
	for _, r := range keep {
		named[r.name()] = true
	}
	var errs []error
	for _, e := range list {
		n := e.Name()
		if !named[n] && (strings.HasSuffix(n, segmentSuffix) || strings.HasSuffix(n, tmpSuffix)) {
			errs = append(errs, d.disk.remove(d.path(n)))
		}
	}
	return errors.Join(errs...)
}
