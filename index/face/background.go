package face

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"vigie/index/face/codes"
)

// collectBytes of retired memory outside the Go heap call for a collection: the
// collector doesn't see it.
const collectBytes = 256 << 20

// kick starts the background when there is something to do. The caller holds mu.
func (g *Gallery) kick() {
	w := g.w
	if !g.closed && w.wantsSpare() {
		w.sparing = true
		g.work.Add(1)
		go g.prepare(w, w.newest(), stride(w.dim), len(w.tail.who))
	}
	if w.applied >= w.nextCheck {
		w.changed = true
	}
	if g.closed || g.busy || !w.changed {
		return
	}
	w.changed = false
	t := w.plan()
	if t == nil {
		return
	}
	g.busy = true
	g.work.Add(1)
	go g.background(t)
}

// prepare makes a tail ahead, so that Apply need not wait for its memory: see
// mem.Region.Populate. It is a goroutine of its own, since a merge takes longer than
// a tail may take to fill.
func (g *Gallery) prepare(w *store, b *codes.Basis, stride, capacity int) {
	defer g.work.Done()
	s := newSegment(0, stride, capacity)
	s.encode(b, w.kernel)
	s.populate(func() bool {
		g.giveWay()
		return g.stop.Load()
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	w.spare, w.sparing = s, false
}

// background works until nothing is left to do.
func (g *Gallery) background(t *task) {
	defer g.work.Done()
	defer runtime.KeepAlive(g)
	retired := 0
	for t != nil {
		n, err := g.do(t)
		if retired += n; retired > collectBytes {
			retired = 0
			runtime.GC()
		}
		g.mu.Lock()
		t, g.w.changed = nil, false
		if err != nil {
			// The segments stay as they are: searches go on, slower.
			g.log.Error("face gallery: background work failed", slog.Any("error", err))
		} else if !g.closed {
			t = g.w.plan()
		}
		g.busy = t != nil
		g.mu.Unlock()
	}
}

// do runs a task and sweeps slots. It returns how many bytes outside the Go
// heap it retired. An error says that nothing was done.
func (g *Gallery) do(t *task) (retired int, err error) {
	if t.forget {
		index := t.medianDeath()
		g.mu.Lock()
		defer g.mu.Unlock()
		t.store.forgetBefore(index)
		if !t.store.replaced.Load() {
			g.publish()
		}
		return 0, nil
	}
	var done *merged
	if !t.compact || t.enough() {
		done, err = g.build(t)
	}
	g.mu.Lock()
	if done == nil || t.store.replaced.Load() {
		t.store.abandon(t)
		g.mu.Unlock()
		return 0, err
	}
	t.store.swap(t, done)
	g.publish()
	sweep := t.store.movedRows > max(slotChunk, int(t.store.slots.used)/4)
	g.mu.Unlock()
	g.counts.merges.Add(1)
	if sweep {
		g.sweep(t.store)
	}
	for _, s := range t.from {
		retired += 4 * len(s.vectors)
	}
	return retired, nil
}

// build makes a task's segment, nil when the gallery is closed or rebuilt
// meanwhile. A panic becomes an error that says nothing of the data.
func (g *Gallery) build(t *task) (done *merged, err error) {
	defer func() {
		if r := recover(); r != nil {
			done, err = nil, fmt.Errorf("panic of type %T", r)
		}
	}()
	done, fault := t.build(func() bool {
		g.giveWay()
		return g.stop.Load() || t.store.replaced.Load()
	})
	if fault != nil {
		g.log.Warn("face gallery: no basis fitted, the old one stays", slog.Any("error", fault))
	}
	return done, nil
}

// pause is how long the background rests between two pieces of work while searches
// run: several times what a piece takes.
const pause = 300 * time.Microsecond

// giveWay lets others have the processor. To yield is not enough while a search
// runs: its second goroutine waits where the first was started, and a processor
// looks there only when it finds nothing else to do, such as this goroutine again. So
// it rests; but not until all searches have ended, which may never be.
func (g *Gallery) giveWay() {
	if g.queue.scanning() {
		time.Sleep(pause)
		return
	}
	runtime.Gosched()
}

// sweep brings all slots up to date, a few at a time, and forgets where merged
// segments went. Only the background merges, so nothing is added meanwhile.
func (g *Gallery) sweep(w *store) {
	for at := uint32(1); at != 0 && !g.stop.Load(); {
		g.mu.Lock()
		if at = w.sweepSome(at); at == 0 {
			clear(w.moved)
			w.movedRows = 0
		}
		g.mu.Unlock()
		g.giveWay()
	}
}
