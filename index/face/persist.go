package face

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
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

// projectionDigest is a digest of what a space makes of fixed templates: it
// differs between two spaces that don't give the same bits.
func projectionDigest(space Space) (sum [sha256.Size]byte) {
	h := sha256.New()
	x := uint32(1)
	for _, dim := range []int{128, 512} {
		for range 8 {
			t := make([]float32, dim)
			for i := range t {
				x = x*1664525 + 1013904223
				t[i] = (float32(x>>8)/(1<<24) - 0.5) / 4
			}
			p, err := projectTemplate(space, t)
			if err != nil {
				p = nil // a length that the space refuses
			}
			b := binary.LittleEndian.AppendUint32(nil, uint32(len(p)))
			for _, v := range p {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
			h.Write(b)
		}
	}
	h.Sum(sum[:0])
	return sum
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

// note counts changes and wakes the writer.
func (k *Keeper) note(n int) {
	if n == 0 {
		return
	}
	k.pending.Add(int64(n))
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// take locks mu, before long: it ends a write under way.
func (k *Keeper) take() {
	k.flight.Lock()
	k.waiting++
	if k.cancel != nil {
		k.cancel()
	}
	k.flight.Unlock()
	k.mu.Lock()
	k.flight.Lock()
	k.waiting--
	k.flight.Unlock()
}

// run writes the files in the background until Close.
func (k *Keeper) run() {
	defer k.work.Done()
	var due <-chan time.Time // nil while nothing is unwritten
	for {
		select {
		case <-k.done:
			return
		case <-k.wake:
			if due == nil {
				due = time.After(k.every)
			}
			if k.pending.Load() < k.enough() {
				continue
			}
		case <-due:
		}
		due = nil
		pause := pauseSaves
		if err := k.Save(context.Background()); err != nil {
			pause = retrySaves
		}
		select {
		case <-k.done:
			return
		case <-time.After(pause):
		}
		if k.pending.Load() > 0 {
			k.note(1)
		}
	}
}

// enough is how many changes are written without further wait.
func (k *Keeper) enough() int64 {
	return int64(min(defaultAfter, max(leastAfter, k.Size()/4)))
}

// Save writes what is not written yet, now; nothing when there is nothing, or
// before the gallery holds a registry's state. An error means that the files are
// those of an earlier state; it is logged and counted.
func (k *Keeper) Save(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.pending.Load()
	if n == 0 || !k.ready {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k.flight.Lock()
	k.cancel = cancel
	if k.waiting > 0 {
		cancel()
	}
	k.flight.Unlock()
	begin := time.Now()
	written, err := k.save(ctx)
	k.flight.Lock()
	k.cancel = nil
	k.flight.Unlock()
	k.counts.bytes.Add(uint64(written))
	switch {
	case err == nil:
		k.pending.Add(-n)
		k.counts.saves.Add(1)
		if k.failing {
			k.log.Info("the gallery is written to its files again")
		}
		k.failing = false
		k.log.Debug("the gallery is written to its files", "index", k.counts.applied.Load(), "bytes", written, "took", time.Since(begin).Round(time.Millisecond).String())
		return nil
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("face gallery: write the files: %w", err)
	}
	k.counts.failures.Add(1)
	if !k.failing {
		k.log.Error("the gallery can't be written to its files; matching goes on, the next start takes longer", "error", err)
	}
	k.failing = true
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		k.freeSpace()
	}
	return fmt.Errorf("face gallery: write the files: %w", err)
}
