package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"vigie/watchlist"
)

// Inspection is what Inspect found in a folder of blobs.
type Inspection struct {
	// Sound lists the blobs whose seal opens and whose bytes give their name,
	// Damaged those that don't. Bytes is the size on disk of both.
	Sound, Damaged map[watchlist.BlobID]struct{}
	Bytes          int64
	// Strange counts files that are no blob or lie in the wrong folder, Left those
	// of an interrupted write or fetch.
	Strange, Left int
}

// Inspect reads every blob in dir, which no Store needs to have open, and changes
// nothing. visit is called after each. A missing folder holds no blobs. The error
// is the disk's, or the context's.
func Inspect(ctx context.Context, dir string, sealer Sealer, visit func()) (Inspection, error) {
	in := Inspection{Sound: map[watchlist.BlobID]struct{}{}, Damaged: map[watchlist.BlobID]struct{}{}}
	s := &Store{dir: dir, opt: Options{Sealer: sealer}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case path == dir && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir():
			return nil
		}
		switch filepath.Dir(path) {
		case s.tmpDir(), s.partialDir():
			in.Left++
			return nil
		}
		id := watchlist.BlobID(d.Name())
		if !id.Valid() || s.path(id) != path {
			in.Strange++
			return nil
		}
		if info, err := d.Info(); err == nil {
			in.Bytes += info.Size()
		}
		switch _, err := s.readLocal(id); {
		case err == nil:
			in.Sound[id] = struct{}{}
		case errors.Is(err, ErrCorrupt):
			in.Damaged[id] = struct{}{}
		default:
			return err
		}
		visit()
		return nil
	})
	if err != nil {
		return in, fmt.Errorf("inspect blobs: %w", err)
	}
	return in, nil
}

// Count is how many blob files dir holds, at a glance: nothing is opened.
func Count(dir string) int {
	list, err := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return 0
	}
	return len(list)
}

// Read gives one blob of a folder that no Store needs to have open. The error wraps
// watchlist.ErrNotFound or ErrCorrupt when that is the reason.
func Read(dir string, sealer Sealer, id watchlist.BlobID) ([]byte, error) {
	if !id.Valid() {
		return nil, fmt.Errorf("blob: %w", watchlist.ErrNotFound)
	}
	s := &Store{dir: dir, opt: Options{Sealer: sealer}}
	b, err := s.readLocal(id)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", id, err)
	}
	return b, nil
}
