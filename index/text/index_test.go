package text

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// registry is a source in memory; onPage runs before a page is read.
type registry struct {
	mu      sync.Mutex
	entries map[watchlist.EntryID]*watchlist.Entry
	onPage  func()
	fails   int
}

var errRegistry = errors.New("the registry failed")

func (r *registry) put(e *watchlist.Entry) watchlist.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[e.ID] = e
	return watchlist.Change{ID: e.ID, Entry: e}
}

func (r *registry) remove(id watchlist.EntryID) watchlist.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, id)
	return watchlist.Change{ID: id}
}

func (r *registry) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[id]; e != nil {
		return e, nil
	}
	return nil, watchlist.ErrNotFound
}

func (r *registry) Entries(after watchlist.EntryID, limit int, _ func(*watchlist.Entry) bool) (list []*watchlist.Entry, next watchlist.EntryID, err error) {
	r.mu.Lock()
	onPage := r.onPage
	r.mu.Unlock()
	if onPage != nil {
		onPage()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails > 0 {
		r.fails--
		return nil, "", errRegistry
	}
	var ids []watchlist.EntryID
	for id := range r.entries {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids[:min(limit, len(ids))] {
		list = append(list, r.entries[id])
		next = id
	}
	if len(ids) <= limit {
		next = ""
	}
	return list, next, nil
}

func (r *registry) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

// testIndex makes an index over n entries that has not been started.
func testIndex(t *testing.T, n int) (*Index, *registry) {
	t.Helper()
	x, err := New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	x.retry = time.Millisecond
	t.Cleanup(func() {
		if err := errors.Join(x.Close(), x.Close()); err != nil {
			t.Error(err)
		}
	})
	r := &registry{entries: map[watchlist.EntryID]*watchlist.Entry{}}
	for i := range n {
		r.put(noted(i, 1, "first"))
	}
	if err := x.Rebuild(nil, 1); err != nil {
		t.Fatal(err)
	}
	return x, r
}

// noted is an entry with a remark.
func noted(n int, revision uint64, remark string) *watchlist.Entry {
	e := indextest.Entry(n, revision)
	e.Facts = remark
	return e
}

// reach waits until x answers as of index.
func reach(t *testing.T, x *Index, index uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := x.Wait(ctx, index)
		if err == nil {
			return
		}
		if ctx.Err() != nil || !errors.Is(err, watchlist.ErrTextBuilding) {
			t.Fatal(err)
		}
		x.mu.Lock()
		moved, ready := x.moved, x.ready
		x.mu.Unlock()
		if ready {
			continue
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}

func totalOf(t *testing.T, x *Index, text string) int {
	t.Helper()
	res, err := x.Search(t.Context(), watchlist.TextQuery{Text: text, K: 5})
	if err != nil {
		t.Fatal(err)
	}
	return res.Total
}

func TestFollows(t *testing.T) {
	x, r := testIndex(t, 3*page)
	if _, err := x.Search(t.Context(), watchlist.TextQuery{Text: "first"}); !errors.Is(err, watchlist.ErrTextBuilding) {
		t.Errorf("before the start: %v", err)
	}
	if err := x.Wait(t.Context(), 1); !errors.Is(err, watchlist.ErrTextBuilding) {
		t.Errorf("before the start: %v", err)
	}
	// Changes come while everything is read.
	begun := false
	r.onPage = func() {
		if begun {
			return
		}
		begun = true
		if st := x.Status(); st.Ready || !st.Building || st.Total != 3*page || st.Lag != 1 {
			t.Errorf("while it is built: %+v", st)
		}
		for i := range 2 * page {
			if err := x.Apply([]watchlist.Change{r.put(noted(i, 2, "second"))}, uint64(i+2)); err != nil {
				t.Error(err)
			}
		}
		if err := x.Apply([]watchlist.Change{r.remove(noted(0, 1, "").ID)}, 2*page+2); err != nil {
			t.Error(err)
		}
	}
	x.Start(r)
	reach(t, x, 2*page+2)
	if a, b := totalOf(t, x, "facts:first"), totalOf(t, x, "facts:second"); a != page || b != 2*page-1 {
		t.Errorf("%d and %d found", a, b)
	}
	if st := x.Status(); !st.Ready || st.Building || st.Lag != 0 || st.Waiting != 0 || st.Entries != 3*page-1 || st.Done < 3*page-1 || st.Failures != 0 || st.Applied != 2*page+2 {
		t.Errorf("status %+v", st)
	}
	if err := x.Apply([]watchlist.Change{r.put(noted(1, 3, "third"))}, 2*page+9); err != nil {
		t.Fatal(err)
	}
	reach(t, x, 2*page+9)
	if n := totalOf(t, x, "facts:third"); n != 1 || x.Applied() != 2*page+9 {
		t.Errorf("%d found, applied %d", n, x.Applied())
	}
	if err := x.Apply(nil, 1); err == nil {
		t.Error("a change of the past is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Wait(ctx, 1<<40); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestReplaced: a restored snapshot is another registry; nothing of the old one is
// answered from the moment on that the index is told.
func TestReplaced(t *testing.T) {
	x, r := testIndex(t, 10)
	x.Start(r)
	reach(t, x, 1)
	gate := make(chan struct{})
	r.mu.Lock()
	clear(r.entries)
	r.entries["SEN-1"] = &watchlist.Entry{ID: "SEN-1", Facts: "restored"}
	r.onPage = func() { <-gate }
	r.mu.Unlock()
	if err := x.Apply([]watchlist.Change{{ID: "SEN-1"}}, 50); err != nil {
		t.Fatal(err)
	}
	if err := x.Rebuild(nil, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search(t.Context(), watchlist.TextQuery{Text: "first"}); !errors.Is(err, watchlist.ErrTextBuilding) {
		t.Errorf("the old content is searched: %v", err)
	}
	close(gate)
	reach(t, x, 20)
	if a, b := totalOf(t, x, "first"), totalOf(t, x, "restored"); a != 0 || b != 1 {
		t.Errorf("%d and %d found", a, b)
	}
}

func TestFailingRegistry(t *testing.T) {
	x, r := testIndex(t, 5)
	r.fails = 2
	x.Start(r)
	reach(t, x, 1)
	if st := x.Status(); st.Failures != 2 || totalOf(t, x, "first") != 5 {
		t.Errorf("status %+v", st)
	}
}

// TestWornIsRebuilt: dead entries are not kept for ever, and searches go on while
// they are cleared away.
func TestWornIsRebuilt(t *testing.T) {
	const n, slack = 128, 64
	x, r := testIndex(t, n)
	x.core.limits = limits{flush: 32, batches: 8, slackBatches: 8, slackDead: slack}
	x.Start(r)
	reach(t, x, 1)
	index := uint64(1)
	for round := range 4 {
		var changes []watchlist.Change
		for i := range n {
			changes = append(changes, r.put(noted(i, uint64(round+2), fmt.Sprintf("round%d", round))))
		}
		index++
		if err := x.Apply(changes, index); err != nil {
			t.Fatal(err)
		}
		reach(t, x, index)
		if got := totalOf(t, x, fmt.Sprintf("round%d", round)); got != n {
			t.Fatalf("round %d: %d of %d found", round, got, n)
		}
	}
	// The next thing that the worker does may be a rebuild; after it nothing is worn.
	for i := range uint64(2) {
		index += i + 1
		if err := x.Apply(nil, index); err != nil {
			t.Fatal(err)
		}
		reach(t, x, index)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if x.core.w.written > 3*n+slack {
		t.Errorf("%d written for %d entries", x.core.w.written, n)
	}
}

// TestRests: between changes the worker rests, changes come together meanwhile, and
// nobody who waits for the index waits for the rest.
func TestRests(t *testing.T) {
	x, r := testIndex(t, 3)
	x.gather = time.Hour
	x.Start(r)
	reach(t, x, 1)
	change := func(index uint64) {
		t.Helper()
		if err := x.Apply([]watchlist.Change{r.put(noted(int(index), index, "second"))}, index); err != nil {
			t.Fatal(err)
		}
	}
	for index := uint64(2); index <= 4; index++ {
		change(index)
		reach(t, x, index)
	}
	// Now it rests for an hour, or does so after the next change; nobody waits.
	batches := x.core.w.batches
	for index := uint64(5); index <= 104; index++ {
		change(index)
		time.Sleep(time.Millisecond) // long enough for a worker that doesn't rest
	}
	reach(t, x, 104)
	if n := x.core.w.batches - batches; n > 2 {
		t.Errorf("100 changes were taken over in %d batches", n)
	}
	if n := totalOf(t, x, "second"); n != 103 {
		t.Errorf("%d of 103 found", n)
	}
}

// TestConcurrent: searches, changes and restores at once; what is never changed is
// found by every search that is answered.
func TestConcurrent(t *testing.T) {
	x, r := testIndex(t, 2*page)
	x.Start(r)
	reach(t, x, 1)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				res, err := x.Search(context.Background(), watchlist.TextQuery{Text: "facts:first", K: 1})
				if errors.Is(err, watchlist.ErrTextBuilding) {
					continue
				}
				if err != nil || res.Total < page {
					t.Errorf("%d found, error %v", res.Total, err)
					return
				}
				x.Status()
			}
		})
	}
	index := uint64(1)
	for i := range 60 {
		index++
		var err error
		if i%20 == 19 {
			err = x.Rebuild(nil, index)
		} else {
			err = x.Apply([]watchlist.Change{r.put(noted(page+i, index, "other"))}, index)
		}
		if err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			reach(t, x, index)
		}
	}
	reach(t, x, index)
	close(done)
	wg.Wait()
	if got := totalOf(t, x, "facts:other"); got != 57 {
		t.Errorf("%d found", got)
	}
}

// TestLogsHoldNoWords: neither a failing build nor a refused query is logged with
// what it is about.
func TestLogsHoldNoWords(t *testing.T) {
	var log strings.Builder
	x, err := New(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	x.retry = time.Millisecond
	r := &registry{entries: map[watchlist.EntryID]*watchlist.Entry{}, fails: 1}
	r.put(noted(1, 1, "plantedword"))
	x.Start(r)
	reach(t, x, 0)
	for _, q := range []string{"plantedword", `"plantedword`, "plantedfield:x"} {
		if _, err := x.Search(t.Context(), watchlist.TextQuery{Text: q}); err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("%v", err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "planted") || !strings.Contains(log.String(), "built") {
		t.Errorf("log:\n%s", log.String())
	}
}
