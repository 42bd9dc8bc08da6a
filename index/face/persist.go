package face

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"vigie/index/face/file"
	"vigie/watchlist"
)

const (
	// defaultEvery and defaultAfter say when changes are written: so long after
	// the first one, or once there are so many of them or a quarter of the rows.
	defaultEvery = 10 * time.Second
	defaultAfter = 50_000
	leastAfter   = 512
	// pauseSaves lies between two writes, retrySaves after one that failed.
	pauseSaves = time.Second
	retrySaves = time.Minute
	// pacePart is how long a write rests after each MiB.
	pacePart = 4 * time.Millisecond
	// closeTime bounds the last write.
	closeTime = 5 * time.Second
)

// KeepOptions tune a Keeper.
type KeepOptions struct {
	// Calibration is the version of the gallery's space.
	Calibration string
	// Every is how long changes may stay unwritten; 0 takes a default.
	Every time.Duration
	// Logger is told what the files are used for, never anything of an entry; nil
	// drops it.
	Logger *slog.Logger
}

// Keeper is a Gallery that keeps its rows in files, so that a start need not
// project every template again. The files are a cache: what does not fit is
// built anew from the registry, and a disk that takes nothing costs a slower
// start and nothing else.
//
// Recall, CatchUp, Apply, Rebuild and Close belong to the goroutine that writes
// the gallery; all else is safe for concurrent use. Files are written by a
// goroutine of the Keeper's own.
type Keeper struct {
	*Gallery
	dir   *file.Dir
	tag   file.Tag // without Dim
	every time.Duration
	log   *slog.Logger

	pending atomic.Int64 // changes that no manifest covers
	wake    chan struct{}
	done    chan struct{}
	begin   sync.Once
	end     sync.Once
	work    sync.WaitGroup
	counts  keptCounts

	// flight guards the two fields below: who needs mu soon, and how to end the
	// write that holds it.
	flight  sync.Mutex
	waiting int
	cancel  context.CancelFunc

	mu       sync.Mutex // held by who reads or writes the files
	registry string
	ready    bool // the gallery is that registry's, as of Applied
	failing  bool
	store    *store          // whose segments files lists
	files    map[uint32]kept // by segment id
}

// kept is the file of a segment.
type kept struct {
	ref file.Ref
	// n is how many rows the file has, stamp that of the newest change it shows.
	n     int
	stamp uint64
}

type keptCounts struct {
	saves, failures, bytes, applied atomic.Uint64
}

// KeptStats tells what a Keeper has done since it was made.
type KeptStats struct {
	// Saves and Failures count writes of the whole gallery.
	Saves, Failures uint64
	// Bytes is how much was written, Applied the raft index of the newest
	// manifest, 0 when there is none.
	Bytes, Applied uint64
}

// Keep makes an empty gallery keep its rows in a folder. Nothing is read or
// written before Recall. Close the Keeper instead of the gallery.
func Keep(g *Gallery, d *file.Dir, o KeepOptions) *Keeper {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Keeper{
		Gallery: g, dir: d, every: o.Every, log: o.Logger,
		tag:  file.Tag{Model: g.space.Model(), Calibration: o.Calibration, Projection: projectionDigest(g.space)},
		wake: make(chan struct{}, 1), done: make(chan struct{}), files: map[uint32]kept{},
	}
}

// KeptStats returns the counters; the gallery's own are Gallery.Stats.
func (k *Keeper) KeptStats() KeptStats {
	c := &k.counts
	return KeptStats{Saves: c.saves.Load(), Failures: c.failures.Load(), Bytes: c.bytes.Load(), Applied: c.applied.Load()}
}

// Apply is Gallery.Apply; the changes are written soon.
func (k *Keeper) Apply(changes []watchlist.Change, index uint64) error {
	if err := k.Gallery.Apply(changes, index); err != nil {
		return err
	}
	k.note(len(changes))
	return nil
}

// CatchUp is Apply for changes of which only the newest version of each entry is
// known, so that no earlier state than that of index can be answered any more.
// While index is Applied, more of them are to come.
func (k *Keeper) CatchUp(changes []watchlist.Change, index uint64) error {
	if len(changes) > 0 {
		g := k.Gallery
		g.mu.Lock()
		oldest := index
		if index == g.w.applied {
			oldest++ // what has been taken over so far is no state at all
		}
		g.w.base = max(g.w.base, oldest)
		g.mu.Unlock()
	}
	return k.Apply(changes, index)
}

// Rebuild is Gallery.Rebuild; the old files are given up first, and new ones are
// written soon.
func (k *Keeper) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	k.take()
	defer k.mu.Unlock()
	if k.registry != "" {
		k.giveUp()
	}
	if err := k.Gallery.Rebuild(entries, index); err != nil {
		return err
	}
	k.ready = k.registry != ""
	k.note(1)
	return nil
}

// Close writes what is not written yet, for a few seconds at most, and closes
// the gallery. It never fails: what could not be written is caught up at the
// next start.
func (k *Keeper) Close() error {
	k.end.Do(func() {
		close(k.done)
		k.take()
		k.dir.Pace(0)
		k.mu.Unlock()
		k.work.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		_ = k.Save(ctx) // it logs
	})
	return k.Gallery.Close()
}
