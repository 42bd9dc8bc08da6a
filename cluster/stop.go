package cluster

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Shutdown stops the node: leadership is handed over first, proposals under way
// are waited for as long as ctx allows, then everything is closed in the
// opposite order of Open. It may be called more than once.
func (n *Node) Shutdown(ctx context.Context) error {
	n.stopOnce.Do(func() {
		if n.rep.raft.State() == raft.Leader && n.hasOtherVoter() {
			// One try: without a successor the others elect one anyway.
			if err := n.handOver(ctx, nil); err != nil {
				n.log.Warn("leadership could not be handed over", "error", err)
			} else {
				n.linger(ctx)
			}
		}
		n.proposals.drain(ctx)
		n.fresh.save(n.cfg.Now())
		n.stopErr = n.close()
	})
	return n.stopErr
}

// linger keeps a former leader up until the others have heard of its successor,
// so that what they still forward is refused in words and not by a dead
// connection, which would leave the outcome in doubt.
func (n *Node) linger(ctx context.Context) {
	select {
	case <-time.After(n.timing.heartbeat / 2):
	case <-ctx.Done():
	}
}

// close stops what was started, in the opposite order. Fields that were not
// reached are nil.
func (n *Node) close() error {
	n.cancel()
	n.wg.Wait()
	var errs []error
	if n.metrics != nil {
		n.cfg.Registerer.Unregister(n.metrics)
	}
	if n.blobs != nil {
		n.blobs.Close() // its transfers end; local reads go on
	}
	if n.rep != nil && n.rep.raft != nil {
		n.rep.fsm.Close()
		n.awaits.drain(n.timing.heartbeat)
		n.rep.log.Release()
		errs = append(errs, n.rep.raft.Shutdown().Error()) // raft answers its callers
	}
	if n.net != nil {
		errs = append(errs, n.net.Close()) // waits for handlers
	}
	if n.audit != nil {
		errs = append(errs, n.audit.Close())
	}
	if n.rep != nil {
		errs = append(errs, n.rep.stop())
	}
	if n.disk != nil {
		n.disk.Close()
	}
	if n.unlock != nil {
		errs = append(errs, n.unlock())
	}
	return errors.Join(errs...)
}

// await waits for raft's answer to a request, which knows no context.
func (n *Node) await(ctx context.Context, f raft.Future) error {
	if !n.awaits.enter() {
		return errClosing
	}
	done := make(chan error, 1)
	go func() {
		defer n.awaits.wg.Done()
		done <- f.Error()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaits counts requests to raft that are not answered yet. Raft queues them and, once
// it is told to shut down, never answers what is still in the queue: a goroutine that
// waits for it would stay for ever.
type awaits struct {
	mu   sync.Mutex
	shut bool
	wg   sync.WaitGroup
}

// enter counts a request in, or refuses it since the node closes.
func (a *awaits) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.shut {
		a.wg.Add(1)
	}
	return !a.shut
}

// drain refuses new requests and waits until those under way are answered, at most as
// long as given: what a leader without a quorum has taken off the queue is answered
// when raft shuts down.
func (a *awaits) drain(limit time.Duration) {
	a.mu.Lock()
	a.shut = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() {
		a.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

// background runs f until life ends, which Shutdown does. If it panics it is
// started again after a pause: one loop must not take the node down, nor stop
// for good.
func (n *Node) background(life context.Context, name string, f func(context.Context)) {
	n.wg.Go(func() {
		for life.Err() == nil {
			if n.survive(life, name, f) {
				return
			}
			select {
			case <-time.After(time.Second):
			case <-life.Done():
			}
		}
	})
}

// survive reports whether f ended by itself.
func (n *Node) survive(life context.Context, name string, f func(context.Context)) (ended bool) {
	defer func() {
		if v := recover(); v != nil {
			n.log.Error("background work panicked", "part", name, "stack", string(debug.Stack()))
		}
	}()
	f(life)
	return true
}
