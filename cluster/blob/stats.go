package blob

import "sync/atomic"

// Stats counts, since Open, what was fetched from other nodes.
type Stats struct {
	// Wanted is how many blobs wait to be fetched now.
	Wanted int
	// Fetched counts whole blobs, Bytes what their pieces held, those of fetches
	// that failed later among them, Failures the tries that got no whole blob.
	Fetched, Bytes, Failures uint64
}

type counters struct{ fetched, bytes, failures atomic.Uint64 }

// Stats reports from memory.
func (s *Store) Stats() Stats {
	return Stats{Wanted: s.Wanted(), Fetched: s.count.fetched.Load(), Bytes: s.count.bytes.Load(), Failures: s.count.failures.Load()}
}

// noteRound tells the operator when photos can't be fetched, and when the last of
// them came; was and missing are how many were missing before and after a round.
func (s *Store) noteRound(was, missing, fetched int) {
	switch {
	case missing > 0 && was == 0:
		s.opt.Logger.Warn("photos are missing here and can't be fetched now", "event", "blob_fetch_failed", "missing", missing)
	case missing == 0 && was > 0:
		s.opt.Logger.Info("all missing photos were fetched", "event", "blob_fetch", "fetched", fetched)
	}
}
