package face

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// jam is a gallery whose one scanning goroutine is busy until let go.
type jam struct {
	g    *Gallery
	w    *world
	held chan struct{}
	wg   sync.WaitGroup
}

// newJam begins a search whose filter blocks.
func newJam(t *testing.T, waiting int) *jam {
	t.Helper()
	w := newWorld(2, 128)
	w.g.w.sizes = defaultSizes()
	w.g.queue.free, w.g.queue.most = 1, waiting
	for range 10 {
		w.step(t)
	}
	j := &jam{g: w.g, w: w, held: make(chan struct{})}
	inside := make(chan struct{})
	var once sync.Once
	j.wg.Go(func() {
		_, _, err := j.g.Search(context.Background(), query(w.pool[0], 10, -1), func(watchlist.EntryID) bool {
			once.Do(func() { close(inside) })
			<-j.held
			return true
		})
		if err != nil {
			t.Errorf("the search that held the others up: %v", err)
		}
	})
	<-inside
	return j
}

// queued waits until n queries wait.
func (j *jam) queued(n int) {
	for j.g.Stats().Waiting != n {
		runtime.Gosched()
	}
}

// letGo ends the jam and waits for all searches.
func (j *jam) letGo(t *testing.T) {
	close(j.held)
	j.wg.Wait()
	j.w.close(t)
}

func TestQueueOverflow(t *testing.T) {
	j := newJam(t, 3)
	for i := range 3 {
		q, filter := j.w.query()
		j.wg.Go(func() { j.w.compare(t, q, filter) })
		j.queued(i + 1)
	}
	_, _, err := j.g.Search(context.Background(), query(j.w.pool[0], 1, -1), nil)
	if !errors.Is(err, watchlist.ErrOverloaded) {
		t.Errorf("a query too many: error %v, want ErrOverloaded", err)
	}
	if s := j.g.Stats(); s.Rejected != 1 || s.Waiting != 3 {
		t.Errorf("rejected %d, waiting %d, want 1 and 3", s.Rejected, s.Waiting)
	}
	j.letGo(t)
	if s := j.g.Stats(); s.Waiting != 0 {
		t.Errorf("%d wait after the end", s.Waiting)
	}
}

// TestMergesGoOnBesideSearches has rows merged while a search never ends: the
// background gives way to it, but not for ever.
func TestMergesGoOnBesideSearches(t *testing.T) {
	j := newJam(t, 1)
	if !j.g.queue.scanning() {
		t.Error("a search runs, and the background would not know")
	}
	before := j.g.Stats().Merges
	j.g.mu.Lock()
	j.g.w.sizes = sizes{least: 32, tail: 32, fanIn: 2, fit: 1 << 20, history: 1}
	j.g.mu.Unlock()
	for range 40 {
		j.w.step(t)
	}
	j.g.work.Wait()
	if merges := j.g.Stats().Merges - before; merges == 0 {
		t.Error("nothing was merged while a search ran")
	}
	j.letGo(t)
	for j.g.queue.scanning() {
		runtime.Gosched() // the last pass gives its goroutine back after the answer
	}
}

// TestQueriesShareAPass lets twenty queries wait: three passes answer them, as
// each would have been answered alone.
func TestQueriesShareAPass(t *testing.T) {
	j := newJam(t, 100)
	before := j.g.Stats().Passes
	for i := range 20 {
		q, filter := j.w.query()
		j.wg.Go(func() { j.w.compare(t, q, filter) })
		j.queued(i + 1)
	}
	j.letGo(t)
	s := j.g.Stats()
	if s.Passes-before != 3 || s.Batched != 20 {
		t.Errorf("%d passes, %d queries that shared one, want 3 and 20", s.Passes-before, s.Batched)
	}
}

// TestLeavingTheQueue cancels queries that wait, and one whose pass has begun.
func TestLeavingTheQueue(t *testing.T) {
	j := newJam(t, 100)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error)
	for i := range 3 {
		go func() {
			_, _, err := j.g.Search(ctx, query(j.w.pool[0], 1, -1), nil)
			gone <- err
		}()
		j.queued(i + 1)
	}
	cancel()
	for range 3 { // though the pass before them has not ended
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want Canceled", err)
		}
	}
	j.queued(0)

	ctx, cancel = context.WithCancel(context.Background())
	stay, filter := j.w.query()
	go func() {
		_, _, err := j.g.Search(ctx, query(j.w.pool[0], 1, -1), func(watchlist.EntryID) bool {
			cancel() // in the middle of the pass, which it must leave
			return false
		})
		gone <- err
	}()
	j.queued(1)
	j.wg.Go(func() { j.w.compare(t, stay, filter) })
	j.queued(2)
	close(j.held)
	if err := <-gone; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want none or Canceled", err)
	}
	j.wg.Wait()
	j.w.close(t)
}

// TestPanickingFilterFailsAlone lets a filter panic and another end its
// goroutine, in a pass that others share.
func TestPanickingFilterFailsAlone(t *testing.T) {
	for name, bad := range map[string]func(){
		"panic": func() { panic("boom") }, "Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			j := newJam(t, 100)
			fails := make(chan error, 1)
			go func() {
				_, _, err := j.g.Search(context.Background(), query(j.w.pool[0], 5, -1), func(watchlist.EntryID) bool { bad(); return true })
				fails <- err
			}()
			j.queued(1)
			if name == "panic" {
				for i := range 4 {
					q, filter := j.w.query()
					j.wg.Go(func() { j.w.compare(t, q, filter) })
					j.queued(i + 2)
				}
			}
			close(j.held)
			if err := <-fails; err == nil {
				t.Error("no error")
			}
			j.wg.Wait()
			for j.g.queue.idle() != 1 {
				runtime.Gosched()
			}
			q, filter := j.w.query()
			j.w.compare(t, q, filter)
			j.w.close(t)
		})
	}
}

// TestNothingLeaks checks that Close ends all goroutines, in the middle of a
// merge too, and that the gallery still answers and takes changes then.
func TestNothingLeaks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	rng := rand.New(rand.NewPCG(15, 1))
	g := New(unitSpace{model: indextest.Model}, Options{Parallel: 1})
	tpl := indextest.Template(rng, 128)
	var batch []*watchlist.Entry
	for i := range 20_000 {
		batch = append(batch, numberedEntry(i, indextest.Template(rng, 128)))
	}
	mustApply(t, g, batch...)
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	mustApply(t, g, batch[:5000]...)
	mustApply(t, g, numberedEntry(99_999, tpl))
	if m, _, err := g.Search(context.Background(), query(tpl, 1, 0.99), nil); err != nil || len(m) != 1 {
		t.Errorf("after Close: %v, %v", m, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.w.killed) > 0 || g.busy {
		t.Errorf("a merge was left half done: busy %v", g.busy)
	}
}
