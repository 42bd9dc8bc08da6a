package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// slowFuture is a request that raft answers when it likes.
type slowFuture chan error

func (f slowFuture) Error() error { return <-f }

func TestAwaitEndsBeforeRaftDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, asked := &Node{}, make(slowFuture)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := n.await(ctx, asked); !errors.Is(err, context.Canceled) {
			t.Fatalf("await after its context ended: %v", err)
		}
		begun := time.Now()
		go func() {
			time.Sleep(time.Second)
			asked <- nil
		}()
		if n.awaits.drain(time.Minute); time.Since(begun) != time.Second {
			t.Errorf("drained after %v, but raft answered after a second", time.Since(begun))
		}
		if err := n.await(t.Context(), asked); !errors.Is(err, errClosing) {
			t.Errorf("await of a closing node: %v", err)
		}
	})
}

func TestAwaitNotAnsweredHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, asked := &Node{}, make(slowFuture)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = n.await(ctx, asked)
		begun := time.Now()
		if n.awaits.drain(time.Second); time.Since(begun) != time.Second {
			t.Errorf("waited %v, not the second that was allowed", time.Since(begun))
		}
		asked <- nil
	})
}
