package matcher

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/watchlist"
)

// suspect is an entry on its way to the candidate list.
type suspect struct {
	entry *watchlist.Entry
	face  *faceHit // nil when there is nothing to compare
	// byDocument tells that the document index brought it up, exact that the
	// number was the same.
	byDocument, exact bool
}

// rank compares the probe with every entry that a search brought up, admits
// those that reach a threshold, fuses their evidence, and fills the lead.
func (q *query) rank(ctx context.Context) error {
	start := time.Now()
	if q.table == nil { // no name was searched
		q.table = q.m.c.NameTable()
	}
	q.names = q.m.compare.names(q.table, q.probe.Names)
	suspects, err := q.gather(ctx)
	if err != nil {
		return err
	}
	var out []watchlist.Candidate
	hits := map[watchlist.EntryID]*faceHit{}
	for _, s := range suspects {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("match: %w", err)
		}
		evidence, by := q.compare(s)
		if !by.any() {
			continue
		}
		c := watchlist.Candidate{Entry: s.entry, Evidence: evidence, Prior: q.prior()}
		fused := q.m.c.Fuser.Fuse(evidence, by, c.Prior)
		c.LogOdds, c.Adjustments, c.Band = fused.LogOdds, fused.Adjustments, fused.Band
		c.CarriedBy, c.ContradictedBy = sides(evidence)
		c.Settles = q.settles(s.entry, evidence)
		out, hits[s.entry.ID] = append(out, c), s.face
	}
	slices.SortFunc(out, func(a, b watchlist.Candidate) int {
		if a.LogOdds != b.LogOdds {
			if a.LogOdds > b.LogOdds {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Entry.ID), string(b.Entry.ID))
	})
	// The name index was cut too early when even the last that it gave is
	// similar enough.
	names := q.found.names
	namesCut := len(names) >= nameDepth && names[len(names)-1].Score >= NameThreshold
	q.lead.Truncated = q.found.more || namesCut || len(out) > q.probe.Limit
	q.lead.Candidates = out[:min(len(out), q.probe.Limit)]
	for i := range q.lead.Candidates {
		q.lead.Candidates[i].Rank = i + 1
	}
	if err := q.nameNearest(ctx, hits); err != nil {
		return err
	}
	q.stage("score", time.Since(start))
	return nil
}

// nameNearest names, in the face line of each candidate of the lead that was
// compared with several photos at once, the one that is nearest by itself.
func (q *query) nameNearest(ctx context.Context, hits map[watchlist.EntryID]*faceHit) error {
	var several []*watchlist.Entry
	lines := map[watchlist.EntryID]watchlist.Evidence{}
	for _, c := range q.lead.Candidates {
		if h := hits[c.Entry.ID]; h != nil && h.Others != "" {
			several = append(several, c.Entry)
			i := slices.IndexFunc(c.Evidence, func(ev watchlist.Evidence) bool { return ev.Kind == watchlist.EvidenceFace })
			lines[c.Entry.ID] = c.Evidence[i]
		}
	}
	if len(several) == 0 {
		return nil
	}
	return q.compareEntries(ctx, several, func(h faceHit) {
		// Another score would be that of photos added since the search.
		if was := hits[h.Entry]; was.probe == h.probe && was.space == h.space && was.Score == h.Score {
			lines[h.Entry].Params["face"] = h.Face
		}
	})
}

// prior is the log10 odds, before any evidence, that the traveller is one
// certain entry: the base rate spread over the list.
func (q *query) prior() float64 {
	return logOdds(q.m.c.BaseRate / float64(max(1, q.lead.Stamp.Entries)))
}

// gather loads the entries that the searches brought up, in order of id, and
// compares faces where the gallery has not: entries found by name or document,
// and entries whose photo has changed since.
func (q *query) gather(ctx context.Context) ([]*suspect, error) {
	byID := map[watchlist.EntryID]*suspect{}
	add := func(id watchlist.EntryID) *suspect {
		s := byID[id]
		if s == nil {
			if e := q.load.entry(id); e != nil {
				s = &suspect{entry: e}
				byID[id] = s
			}
		}
		return s
	}
	for id, match := range q.found.faces {
		if s := add(id); s != nil && hasAll(s.entry, match.FaceMatch) {
			s.face = &match
		}
	}
	for _, n := range q.found.names {
		if n.Score >= NameThreshold-nameMargin {
			add(n.Entry)
		}
	}
	for _, d := range q.found.documents {
		if s := add(d.Entry); s != nil {
			s.byDocument = true
			s.exact = s.exact || d.Exact
		}
	}
	if err := q.load.failure(); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	out := make([]*suspect, 0, len(byID))
	for _, s := range byID {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *suspect) int { return strings.Compare(string(a.entry.ID), string(b.entry.ID)) })
	return out, q.compareFaces(ctx, out)
}

// compareFaces fills in the face scores that the search did not give.
func (q *query) compareFaces(ctx context.Context, suspects []*suspect) error {
	var open []*watchlist.Entry
	at := map[watchlist.EntryID]*suspect{}
	for _, s := range suspects {
		if s.face == nil && len(s.entry.Faces) > 0 {
			open, at[s.entry.ID] = append(open, s.entry), s
		}
	}
	if len(open) == 0 {
		return nil
	}
	return q.compareEntries(ctx, open, func(h faceHit) {
		if s := at[h.Entry]; s.face == nil || q.preferred(h, *s.face) {
			s.face = &h
		}
	})
}

// preferred reports whether a match goes before another of its entry: one that
// meets its bound before one that does not, then as before says.
func (q *query) preferred(a, b faceHit) bool {
	x, y := q.meets(a), q.meets(b)
	return x && !y || x == y && q.before(a, b)
}

// hasAll reports whether an entry still has the photos of a match.
func hasAll(e *watchlist.Entry, m watchlist.FaceMatch) bool {
	for _, id := range append(m.Others.List(), m.Face) {
		if !slices.ContainsFunc(e.Faces, func(f watchlist.Face) bool { return f.ID == id }) {
			return false
		}
	}
	return true
}
