package face

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

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
