package fsm

import (
	"errors"
	"fmt"
	"iter"
	"sync"

	"vigie/watchlist"
)

const (
	// rebuildChunk entries go to every index at once; rebuildAhead chunks may
	// wait for the slowest.
	rebuildChunk = 256
	rebuildAhead = 4
)

// rebuildAll reads the entries once and feeds them to all indexes side by side.
func rebuildAll(entries iter.Seq2[*watchlist.Entry, error], index uint64, indexes []Index) error {
	if len(indexes) == 0 {
		return nil
	}
	feeds := make([]*feed, len(indexes))
	errs := make([]error, len(indexes))
	var wg sync.WaitGroup
	for i, ix := range indexes {
		fd := &feed{chunks: make(chan []*watchlist.Entry, rebuildAhead), done: make(chan struct{})}
		feeds[i] = fd
		wg.Go(func() {
			defer close(fd.done)
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("index panicked: %v", p)
				}
			}()
			errs[i] = ix.Rebuild(fd.all, index)
		})
	}
	err := distribute(entries, feeds)
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// distribute sends the entries to the feeds in chunks and ends them.
func distribute(entries iter.Seq2[*watchlist.Entry, error], feeds []*feed) error {
	send := func(chunk []*watchlist.Entry) {
		for _, fd := range feeds {
			select {
			case fd.chunks <- chunk:
			case <-fd.done:
			}
		}
	}
	end := func(err error) error {
		for _, fd := range feeds {
			fd.err = err
			close(fd.chunks)
		}
		return err
	}
	chunk := make([]*watchlist.Entry, 0, rebuildChunk)
	for e, err := range entries {
		if err != nil {
			return end(err)
		}
		if chunk = append(chunk, e); len(chunk) == rebuildChunk {
			send(chunk)
			chunk = make([]*watchlist.Entry, 0, rebuildChunk)
		}
	}
	send(chunk)
	return end(nil)
}

// feed is the iterator of one index.
type feed struct {
	chunks chan []*watchlist.Entry
	// done is closed when the index takes no more.
	done chan struct{}
	// err is set before chunks is closed.
	err error
}

func (fd *feed) all(yield func(*watchlist.Entry, error) bool) {
	for chunk := range fd.chunks {
		for _, e := range chunk {
			if !yield(e, nil) {
				return
			}
		}
	}
	if fd.err != nil {
		yield(nil, fd.err)
	}
}
