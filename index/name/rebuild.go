package name

import (
	"fmt"
	"iter"
	"runtime"
	"sync"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// batch is a run of entries whose names are being folded.
type batch struct {
	entries []*watchlist.Entry
	raws    [][][]names.Raw
	done    chan struct{}
}

// batchSize is how many entries are folded together.
const batchSize = 1024

// Rebuild replaces the contents by entries. It builds aside: searches answer
// from the old contents until the new ones are whole, and go on with the old ones
// when entries ends in an error. Entries are read by the caller, their names
// folded on all cores, and taken over in the order read.
func (x *Index) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	was := x.state.Load()
	st, w := &state{token: was.token, table: was.table}, newWriter(was.token)
	var docs []doc
	var on []uint32
	queue := make(chan *batch, 2*runtime.GOMAXPROCS(0))
	var added sync.WaitGroup
	added.Go(func() {
		for b := range queue {
			<-b.done
			for i, e := range b.entries {
				docs = w.add(st, e, b.raws[i], docs)
				on = append(on, w.current[e.ID].seq)
			}
		}
	})
	err := inBatches(entries, queue)
	close(queue)
	added.Wait()
	if err != nil {
		return fmt.Errorf("name index: rebuild: %w", err)
	}
	w.complete(st, docs)
	st.live = st.live.with(on, nil)
	if len(docs) > 0 {
		var both sync.WaitGroup
		both.Go(func() { st.segments = []*segment{buildSegment(docs)} })
		st.blocks = []*block{buildBlock(st.lexicon, 0, uint32(len(st.lexicon)))}
		both.Wait()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation++
	x.w = w
	x.state.Store(st)
	x.applied.Store(index)
	return nil
}

// inBatches reads the active entries and queues them while their names are
// folded.
func inBatches(entries iter.Seq2[*watchlist.Entry, error], queue chan<- *batch) error {
	var list []*watchlist.Entry
	send := func() {
		b := &batch{entries: list, raws: make([][][]names.Raw, len(list)), done: make(chan struct{})}
		go func() {
			defer close(b.done)
			for i, e := range b.entries {
				b.raws[i] = split(e)
			}
		}()
		queue <- b
		list = nil
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		if e.Status != watchlist.StatusActive {
			continue
		}
		if list = append(list, e); len(list) == batchSize {
			send()
		}
	}
	if len(list) > 0 {
		send()
	}
	return nil
}
