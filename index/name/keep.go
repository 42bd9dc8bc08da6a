package name

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"vigie/index/face/file"
	"vigie/watchlist"
)

const (
	// fileName is the file in the Keeper's folder.
	fileName = "names"
	// defaultEvery says how long changes may stay unwritten; leastAfter, or an eighth
	// of the names, are written without further wait.
	defaultEvery = 5 * time.Minute
	leastAfter   = 20_000
	// pauseSaves lies between two writes, retrySaves after one that failed.
	pauseSaves = 10 * time.Second
	retrySaves = time.Minute
	// closeTime bounds the last write.
	closeTime = 20 * time.Second
)

// KeepOptions tune a Keeper.
type KeepOptions struct {
	// Every is how long changes may stay unwritten; 0 takes a default.
	Every time.Duration
	// Logger is told what the file is used for, never anything of an entry; nil drops
	// it.
	Logger *slog.Logger
}

// Keeper is an Index that keeps its words and entries in one sealed file, so that a
// start need not read and fold every name of the registry again. The file is a
// cache: what does not fit is built anew, and a disk that takes nothing costs a
// slower start and nothing else. It holds no keys of words; a start computes them by
// the table of spelling families in force.
//
// Recall, CatchUp, Apply, Rebuild and Close belong to the goroutine that writes the
// index; all else is safe for concurrent use. The file is written by a goroutine of
// the Keeper's own.
type Keeper struct {
	*Index
	dir   *file.Dir
	every time.Duration
	log   *slog.Logger

	pending atomic.Int64 // changes that the file does not have
	wake    chan struct{}
	done    chan struct{}
	begin   sync.Once
	end     sync.Once
	work    sync.WaitGroup
	counts  struct{ saves, failures, bytes, applied atomic.Uint64 }

	mu       sync.Mutex // held by who reads or writes the file
	registry string
	ready    bool // the index is that registry's, as of Applied
	failing  bool
}

// KeptStats tells what a Keeper has done since it was made.
type KeptStats struct {
	// Saves and Failures count writes of the file.
	Saves, Failures uint64
	// Bytes is how much was written, Applied the raft index of the file, 0 when there
	// is none.
	Bytes, Applied uint64
}

// Keep makes an empty index keep its content in a folder. Nothing is read or written
// before Recall. Close the Keeper instead of the index.
func Keep(x *Index, d *file.Dir, o KeepOptions) *Keeper {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Keeper{Index: x, dir: d, every: o.Every, log: o.Logger, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// KeptStats returns the counters.
func (k *Keeper) KeptStats() KeptStats {
	c := &k.counts
	return KeptStats{Saves: c.saves.Load(), Failures: c.failures.Load(), Bytes: c.bytes.Load(), Applied: c.applied.Load()}
}

// Recall names the registry file that all later calls speak of. The first time, an
// empty index takes over the file that was written for that registry under these
// rules; Applied then tells how far it reaches. A file that does not fit is removed,
// with one line in the log that says why.
func (k *Keeper) Recall(registry string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begin.Do(func() { k.work.Go(k.run) })
	if registry == k.registry {
		return
	}
	first := k.registry == "" && k.Applied() == 0
	k.registry, k.ready = registry, false
	begin, err := time.Now(), errUnfit
	if first {
		err = k.safeLoad(registry)
	}
	switch {
	case err == nil:
		k.ready = true
		k.log.Info("the name index is loaded from its file", "names", k.Size(), "index", k.Applied(), "took", time.Since(begin).Round(time.Millisecond).String())
		return
	case errors.Is(err, fs.ErrNotExist):
		k.log.Info("the name index has no file and is built from the registry")
	case first:
		k.log.Warn("the name index's file does not fit, it is built from the registry", "reason", err)
	}
	k.counts.applied.Store(0)
	if err := k.dir.DropWhole(fileName); err != nil {
		k.log.Error("the name index's old file can't be removed", "error", err)
	}
}

// errUnfit: a sound file that is of no use here.
var errUnfit = errors.New("the file belongs to another registry")

// safeLoad is load; a panic becomes an error that says nothing of the data, so that
// no file can keep a node from starting.
func (k *Keeper) safeLoad(registry string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic of type %T", r)
		}
	}()
	plain, err := k.dir.ReadWhole(fileName, fileTag(registry))
	if err != nil {
		return err
	}
	d, applied, err := decodeDraft(plain)
	if err != nil {
		return err
	}
	x := k.Index
	was := x.state.Load()
	st, w := d.build(was.token, was.table)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation++
	x.w = w
	x.state.Store(st)
	x.applied.Store(applied)
	k.counts.applied.Store(applied)
	return nil
}

// Apply is Index.Apply; the changes are written some time.
func (k *Keeper) Apply(changes []watchlist.Change, index uint64) error {
	if err := k.Index.Apply(changes, index); err != nil {
		return err
	}
	k.note(len(changes))
	return nil
}

// CatchUp is Apply for changes of which only the newest version of each entry is
// known. While index is Applied, more of them are to come.
func (k *Keeper) CatchUp(changes []watchlist.Change, index uint64) error {
	return k.Apply(changes, index)
}

// Rebuild is Index.Rebuild; the file is written soon.
func (k *Keeper) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.Index.Rebuild(entries, index); err != nil {
		return err
	}
	k.ready = k.registry != ""
	k.note(k.enough())
	return nil
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

// enough is how many changes are written without further wait.
func (k *Keeper) enough() int { return max(leastAfter, k.Size()/8) }

// run writes the file in the background until Close.
func (k *Keeper) run() {
	var due <-chan time.Time // nil while nothing is unwritten
	for {
		select {
		case <-k.done:
			return
		case <-k.wake:
			if due == nil {
				due = time.After(k.every)
			}
			if k.pending.Load() < int64(k.enough()) {
				continue
			}
		case <-due:
		}
		due = nil
		pause := min(pauseSaves, k.every)
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

// Save writes what is not written yet, now; nothing when there is nothing, or before
// the index holds a registry's state. An error means that the file is that of an
// earlier state; it is logged and counted.
func (k *Keeper) Save(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.pending.Load()
	if n == 0 || !k.ready {
		return nil
	}
	begin := time.Now()
	k.Index.mu.Lock() // so that the state is that of Applied
	st, applied := k.state.Load(), k.Applied()
	k.Index.mu.Unlock()
	plain := draftOf(st).encode(applied)
	if err := k.dir.WriteWhole(ctx, fileName, fileTag(k.registry), plain); err != nil {
		k.counts.failures.Add(1)
		if !k.failing {
			k.log.Error("the name index can't be written to its file; searches go on, the next start takes longer", "error", err)
		}
		k.failing = true
		return fmt.Errorf("name index: write the file: %w", err)
	}
	k.pending.Add(-n)
	k.failing = false
	k.counts.saves.Add(1)
	k.counts.bytes.Add(uint64(len(plain)))
	k.counts.applied.Store(applied)
	k.log.Debug("the name index is written to its file", "index", applied, "bytes", len(plain), "took", time.Since(begin).Round(time.Millisecond).String())
	return nil
}

// Close writes what is not written yet, for some seconds at most, and closes the
// index. It never fails: what could not be written is caught up at the next start.
func (k *Keeper) Close() error {
	k.end.Do(func() {
		close(k.done)
		k.work.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		_ = k.Save(ctx) // it logs
	})
	return k.Index.Close()
}
