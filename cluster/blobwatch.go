package cluster

import (
	"iter"
	"sync"
	"sync/atomic"

	"vigie/cluster/blob"
	"vigie/watchlist"
)

// blobWatch follows the registry like an index and asks for the photos that
// entries refer to and for the files of all calibration decisions. It never
// blocks the state machine.
type blobWatch struct {
	applied atomic.Uint64

	mu    sync.Mutex
	store *blob.Store
	early []watchlist.BlobID // wanted before the store was open
}

// Apply implements fsm.Index.
func (b *blobWatch) Apply(changes []watchlist.Change, index uint64) error {
	var ids []watchlist.BlobID
	for _, c := range changes {
		ids = appendPhotos(ids, c.Entry)
	}
	b.want(ids)
	b.applied.Store(index)
	return nil
}

// Rebuild implements fsm.Index.
func (b *blobWatch) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	var ids []watchlist.BlobID
	for e, err := range entries {
		if err != nil {
			return err
		}
		ids = appendPhotos(ids, e)
	}
	b.want(ids)
	b.applied.Store(index)
	return nil
}

// Decided implements fsm.Calibrated: a node keeps every calibration that was ever
// in force.
func (b *blobWatch) Decided(history []watchlist.CalibrationDecision) {
	ids := make([]watchlist.BlobID, len(history))
	for i, d := range history {
		ids[i] = d.File
	}
	b.want(ids)
}

// Applied implements fsm.Index.
func (b *blobWatch) Applied() uint64 { return b.applied.Load() }

func appendPhotos(ids []watchlist.BlobID, e *watchlist.Entry) []watchlist.BlobID {
	if e == nil {
		return ids
	}
	for _, f := range e.Faces {
		if f.Photo != "" {
			ids = append(ids, f.Photo)
		}
	}
	return ids
}

func (b *blobWatch) want(ids []watchlist.BlobID) {
	if len(ids) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.store == nil {
		b.early = append(b.early, ids...)
		return
	}
	b.store.Want(ids...)
}

// attach gives the store, once it is open.
func (b *blobWatch) attach(s *blob.Store) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.store = s
	s.Want(b.early...)
	b.early = nil
}
