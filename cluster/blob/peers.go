package blob

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"vigie/watchlist"
)

const (
	// pushTimeout bounds one push to one peer, also when Put has returned.
	pushTimeout = 2 * time.Minute
	// maxPushes is how many pushes are under way to one peer. Each holds a blob in
	// memory, also when Put has returned.
	maxPushes = 4
	// fetchTimeout bounds one fetch over all peers.
	fetchTimeout = 5 * time.Minute
)

// push sends a blob to every other voter at once and returns when enough of
// them hold it. What is under way then goes on in the background; a peer that was
// too busy to begin fetches the blob when it hears of its entry.
func (s *Store) push(ctx context.Context, id watchlist.BlobID, plain []byte) error {
	peers, need := s.opt.Peers.Replicas()
	if len(peers) < need {
		return fmt.Errorf("%w: only %d of the %d needed are known", ErrNotReplicated, len(peers), need)
	}
	results := make(chan error, len(peers))
	waiting, done := context.WithCancel(ctx)
	defer done()
	for _, p := range peers {
		started := s.spawn(func(life context.Context) {
			ctx, cancel := context.WithTimeout(life, pushTimeout)
			defer cancel()
			results <- s.guard(func() error { return s.pushTo(ctx, waiting, p, id, plain) })
		})
		if !started {
			return ErrClosed
		}
	}
	var failures []error
	for open := len(peers); need > 0; open-- {
		if open < need {
			return fmt.Errorf("%w: %w", ErrNotReplicated, errors.Join(failures...))
		}
		select {
		case err := <-results:
			if err == nil {
				need--
			} else {
				failures = append(failures, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNotReplicated, ctx.Err())
		}
	}
	return nil
}

// pushTo pushes to one peer once it has a free slot, or gives up at the end of
// waiting.
func (s *Store) pushTo(ctx, waiting context.Context, peer watchlist.NodeID, id watchlist.BlobID, plain []byte) error {
	slot := s.slot(peer)
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-waiting.Done():
		return fmt.Errorf("node %s is busy: %w", peer, waiting.Err())
	case <-ctx.Done():
		return fmt.Errorf("node %s is busy: %w", peer, ctx.Err())
	}
	return s.opt.Peers.Push(ctx, peer, id, plain)
}

func (s *Store) slot(peer watchlist.NodeID) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots[peer] == nil {
		s.slots[peer] = make(chan struct{}, maxPushes)
	}
	return s.slots[peer]
}

// guard turns a panic of f into an error.
func (s *Store) guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.opt.Logger.Error("blob store: background work panicked", "stack", string(debug.Stack()))
			err = errors.New("blob transfer panicked")
		}
	}()
	return f()
}

// fetchShared joins concurrent fetches of one blob.
func (s *Store) fetchShared(ctx context.Context, id watchlist.BlobID) ([]byte, error) {
	ch := s.flight.DoChan(string(id), func() (any, error) {
		done := make(chan struct{})
		var plain []byte
		var err error
		started := s.spawn(func(life context.Context) {
			defer close(done)
			ctx, cancel := context.WithTimeout(life, fetchTimeout)
			defer cancel()
			err = s.guard(func() error {
				plain, err = s.fetch(ctx, id)
				return err
			})
		})
		if !started {
			return nil, ErrClosed
		}
		<-done
		return plain, err
	})
	select {
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]byte), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("fetching blob %s: %w", id, ctx.Err())
	}
}

// fetch gets a blob from the peers, the next peer going on where the last one
// stopped, and stores it.
func (s *Store) fetch(ctx context.Context, id watchlist.BlobID) ([]byte, error) {
	failures := []error{watchlist.ErrNotFound}
	for _, peer := range s.opt.Peers.Sources() {
		plain, err := s.fetchFrom(ctx, peer, id)
		if err == nil && Name(plain) != id {
			// A piece of this peer or of one before it is wrong: start afresh.
			s.dropPartials(id)
			plain, err = s.fetchFrom(ctx, peer, id)
			if err == nil && Name(plain) != id {
				s.dropPartials(id)
				err = fmt.Errorf("%w: node %s sent other bytes", ErrCorrupt, peer)
			}
		}
		if err == nil {
			if err := s.Accept(id, plain); err != nil {
				return nil, err
			}
			s.dropPartials(id)
			s.count.fetched.Add(1)
			return plain, nil
		}
		if !errors.Is(err, watchlist.ErrNotFound) {
			failures = append(failures, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	s.count.failures.Add(1)
	return nil, fmt.Errorf("blob %s on no node that answers: %w", id, errors.Join(failures...))
}

// fetchFrom collects the pieces of a blob, from disk where a try before left
// them and from one peer otherwise.
func (s *Store) fetchFrom(ctx context.Context, peer watchlist.NodeID, id watchlist.BlobID) ([]byte, error) {
	var plain []byte
	total := -1
	for total < 0 || len(plain) < total {
		n := len(plain) / PieceSize
		if kept, t := s.loadPartial(id, n); kept != nil && fits(kept, t, total, len(plain)) {
			plain, total = append(plain, kept...), t
			continue
		}
		piece, t, err := s.opt.Peers.Piece(ctx, peer, id, len(plain))
		if err != nil {
			return nil, fmt.Errorf("piece %d from node %s: %w", n, peer, err)
		}
		if !fits(piece, t, total, len(plain)) {
			s.dropPartials(id)
			return nil, fmt.Errorf("%w: node %s announced a wrong size", ErrCorrupt, peer)
		}
		total = t
		s.count.bytes.Add(uint64(len(piece)))
		if err := s.savePartial(id, n, total, piece); err != nil {
			return nil, err
		}
		plain = append(plain, piece...)
	}
	return plain, nil
}

// fits checks a piece that came with the size t against what is known: total is
// the size so far, -1 for none, and have is where the piece starts.
func fits(piece []byte, t, total, have int) bool {
	return t > 0 && t <= MaxSize && (total < 0 || t == total) && len(piece) == min(PieceSize, t-have)
}

// Want asks for blobs to be fetched in the background. It returns at once and
// never blocks; blobs that are here already are skipped later.
func (s *Store) Want(ids ...watchlist.BlobID) {
	if s.opt.Peers == nil {
		return
	}
	s.mu.Lock()
	for _, id := range ids {
		if id.Valid() && !s.closed {
			s.wanted[id] = struct{}{}
		}
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Wanted is how many blobs wait to be fetched.
func (s *Store) Wanted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.wanted)
}

// fetchWanted works through the wanted blobs, one at a time so that a slow link
// stays usable, and pauses longer after each round without success.
func (s *Store) fetchWanted(life context.Context) {
	pause := s.opt.Retry / 60
	timer := time.NewTimer(pause)
	defer timer.Stop()
	was := 0
	for {
		select {
		case <-life.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		missing, fetched := s.fetchRound(life)
		s.noteRound(was, missing, fetched)
		was = missing
		switch {
		case fetched > 0 || missing == 0:
			pause = s.opt.Retry / 60
		default:
			pause = min(2*pause, s.opt.Retry)
		}
		if missing > 0 {
			timer.Reset(pause)
		}
	}
}

// fetchRound tries every wanted blob once. It returns how many are still
// missing and how many it got.
func (s *Store) fetchRound(life context.Context) (missing, fetched int) {
	s.mu.Lock()
	ids := make([]watchlist.BlobID, 0, len(s.wanted))
	for id := range s.wanted {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		if life.Err() != nil {
			return missing, fetched
		}
		if !s.Has(id) {
			if _, err := s.fetchShared(life, id); err != nil {
				missing++
				s.opt.Logger.Debug("blob store: fetch failed", "blob", string(id), "error", err)
				continue
			}
			fetched++
		}
		s.mu.Lock()
		delete(s.wanted, id)
		s.mu.Unlock()
	}
	return missing, fetched
}
