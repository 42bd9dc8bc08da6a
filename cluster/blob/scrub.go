package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"vigie/watchlist"
)

// scrubPause is how long Scrub waits between two blobs, so that whoever needs the
// disk gets it.
const scrubPause = time.Millisecond

// Scrub reads every blob on this node's disk back. A damaged one is fetched again
// from another node; it returns how many were mended, and an error for those that
// no other node had.
func (s *Store) Scrub(ctx context.Context) (mended int, err error) {
	var bad []error
	for _, id := range s.local() {
		select {
		case <-time.After(scrubPause):
		case <-ctx.Done():
			return mended, fmt.Errorf("reading the blobs: %w", ctx.Err())
		}
		if _, err := s.readLocal(id); !errors.Is(err, ErrCorrupt) {
			continue
		}
		s.opt.Logger.Error("blob store: a blob on disk is damaged, fetching it again", "blob", string(id))
		if s.opt.Peers == nil {
			bad = append(bad, fmt.Errorf("blob %s: %w", id, ErrCorrupt))
			continue
		}
		if _, err := s.fetchShared(ctx, id); err != nil {
			s.Want(id)
			bad = append(bad, fmt.Errorf("blob %s is damaged: %w", id, err))
			continue
		}
		mended++
	}
	return mended, errors.Join(bad...)
}

// local lists the blobs on disk.
func (s *Store) local() []watchlist.BlobID {
	var out []watchlist.BlobID
	folders, err := os.ReadDir(s.dir)
	if err != nil {
		return nil
	}
	for _, f := range folders {
		list, err := os.ReadDir(s.dir + string(os.PathSeparator) + f.Name())
		if err != nil {
			continue
		}
		for _, e := range list {
			if id := watchlist.BlobID(e.Name()); id.Valid() {
				out = append(out, id)
			}
		}
	}
	return out
}
