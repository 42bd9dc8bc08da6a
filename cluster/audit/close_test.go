package audit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vigie/watchlist"
)

// TestAppendRacingClose: an event that meets Close is either written or refused;
// nobody waits for ever.
func TestAppendRacingClose(t *testing.T) {
	key := newKey(t)
	for range 20 {
		dir := t.TempDir()
		l := open(t, dir, key, 0)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var mu sync.Mutex
		var last uint64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for {
					seq, err := l.Append(ctx, watchlist.AuditEvent{Kind: watchlist.AuditSearch, Outcome: "ok"})
					if err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Errorf("an event that met Close: %v, want ErrClosed", err)
						}
						return
					}
					mu.Lock()
					last = max(last, seq)
					mu.Unlock()
				}
			})
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		cancel()
		if rep, err := Verify(dir, key); err != nil || rep.Events < last {
			t.Fatalf("event %d was acknowledged, %+v, %v", last, rep, err)
		}
	}
}

// TestCloseWaitsForQueueing: an event that is being queued when Close begins
// still reaches the writer.
func TestCloseWaitsForQueueing(t *testing.T) {
	l := open(t, t.TempDir(), newKey(t), 0)
	l.gate.RLock()
	closed := make(chan error, 1)
	go func() { closed <- l.Close() }()
	select {
	case <-l.stop:
		t.Error("Close stops the writer while an event is being queued")
	case <-time.After(30 * time.Millisecond): // it can only pass too easily
	}
	r := request{ev: event(1), done: make(chan response, 1)}
	l.reqs <- r
	l.gate.RUnlock()
	if resp := <-r.done; resp.err != nil || resp.seq != 1 {
		t.Errorf("event %d, %v", resp.seq, resp.err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := l.Append(context.Background(), event(2)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}
