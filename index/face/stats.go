package face

import "sync/atomic"

// counts are the gallery's counters since it was made.
type counts struct {
	searches, passes, batched, rejected atomic.Uint64
	level1, level2, measured, exact     atomic.Uint64
	merges                              atomic.Uint64
}

// Stats is what a gallery holds and has done, for metrics. Counters count from
// New on.
type Stats struct {
	// Rows counts the rows of all segments, Live those that can be found,
	// Outliers those that every search scores since no code fits them.
	Rows, Live, Outliers int
	// Templates counts the photos that living rows are made of.
	Templates int
	// Skipped counts templates that can't be found.
	Skipped  int
	Segments int
	// Bases is how many different bases the segments' codes have.
	Bases int
	// HotBytes is how many bytes per row the codes take, of the segment where they
	// take most: what a search may read besides the templates.
	HotBytes int
	// Waiting is how many queries wait for a pass now.
	Waiting int
	// Searches counts queries; Passes scans; Batched queries that shared a scan;
	// Rejected those refused because too many waited.
	Searches, Passes, Batched, Rejected uint64
	// Level1 and Level2 count rows that passed these tests, Measured those whose
	// float32 distance was taken, Exact those scored.
	Level1, Level2, Measured, Exact uint64
	// Merges counts segments made of others.
	Merges uint64
	// Applied and Oldest are the newest and the oldest raft index that can be
	// answered.
	Applied, Oldest uint64
}

// Stats returns the present state and the counters. Fields are read one after
// the other.
func (g *Gallery) Stats() Stats {
	v := g.view.Load()
	c := &g.counts
	s := Stats{
		Rows: v.rows, Live: v.live, Templates: v.photos, Skipped: v.skipped, Waiting: g.queue.length(),
		Searches: c.searches.Load(), Passes: c.passes.Load(), Batched: c.batched.Load(), Rejected: c.rejected.Load(),
		Level1: c.level1.Load(), Level2: c.level2.Load(), Measured: c.measured.Load(), Exact: c.exact.Load(), Merges: c.merges.Load(),
		Applied: v.applied, Oldest: v.oldest,
	}
	bases := map[[16]byte]bool{}
	for _, p := range v.parts() {
		s.Segments++
		s.HotBytes = max(s.HotBytes, p.seg.basis.RowBytes())
		s.Outliers += len(p.seg.codes.Outliers(p.mark))
		bases[p.seg.basis.ID()] = true
	}
	s.Bases = len(bases)
	return s
}
