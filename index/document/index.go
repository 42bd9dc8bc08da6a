package document

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"vigie/watchlist"
	"vigie/watchlist/docnum"
)

// Index finds entries by document number. Apply and Rebuild belong to one
// goroutine; all other methods are safe for concurrent use and never wait for
// it.
type Index struct {
	seed maphash.Seed
	view atomic.Pointer[view]
	w    store // the writer's
	// reports is the index of the reported documents; nil within it.
	reports atomic.Pointer[reported]
}

// view is one consistent state. Nothing in it changes, save that records die.
type view struct {
	table   records
	runs    []run
	seq     uint64
	live    int
	applied uint64
}

// New makes an empty index.
func New() *Index {
	x := newIndex()
	x.reports.Store(newReported())
	return x
}

// newIndex makes an index of entries alone.
func newIndex() *Index {
	x := &Index{seed: maphash.MakeSeed()}
	x.w = newStore(x.seed)
	x.view.Store(&view{})
	return x
}

// Applied is the raft index that searches include.
func (x *Index) Applied() uint64 { return x.view.Load().applied }

// Size is the number of documents that can be found.
func (x *Index) Size() int { return x.view.Load().live }

// Search returns every indexed document whose number equals that of one of docs
// (Exact, whatever its issuer), or is near it and has the same issuer or none.
// A document that several of docs find is listed for the first with the best
// result. Exact matches come first; within them the order is by entry id and
// position. Numbers without letters and digits find nothing. It fails only when
// ctx ends.
func (x *Index) Search(ctx context.Context, docs []watchlist.Document) ([]watchlist.DocumentMatch, error) {
	v := x.view.Load()
	best := map[*record]watchlist.DocumentMatch{}
	for q, d := range docs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("document search: %w", err)
		}
		number := docnum.Normalise(d.Number)
		if number == "" {
			continue
		}
		folded := docnum.Fold(number)
		neighbourhood(folded, func(s []byte) {
			h := hashOf(x.seed, s)
			for _, r := range v.runs {
				for i := range r.with(h) {
					rec := v.table.at(i)
					exact := rec.number == number
					if !exact && !near(rec, folded, d.Issuer) || !rec.visible(v.seq) {
						continue
					}
					if old, ok := best[rec]; !ok || exact && !old.Exact {
						best[rec] = watchlist.DocumentMatch{Entry: rec.entry, Document: rec.pos, Query: q, Exact: exact}
					}
				}
			}
		})
	}
	out := make([]watchlist.DocumentMatch, 0, len(best))
	for _, m := range best {
		out = append(out, m)
	}
	slices.SortFunc(out, compare)
	return out, nil
}

// near reports whether a record's number is the probe's but for a reading or
// typing error.
func near(rec *record, folded string, issuer watchlist.Country) bool {
	if issuer != "" && rec.issuer != "" && issuer != rec.issuer {
		return false
	}
	if rec.folded == folded {
		return true
	}
	return len(folded) >= minEdit && len(rec.folded) >= minEdit && docnum.OneEdit(rec.folded, folded)
}

func compare(a, b watchlist.DocumentMatch) int {
	if a.Exact != b.Exact {
		if a.Exact {
			return -1
		}
		return 1
	}
	if c := strings.Compare(string(a.Entry), string(b.Entry)); c != 0 {
		return c
	}
	return a.Document - b.Document
}

// Apply takes over changed entries, in order, and publishes them all at once. It
// fails when index lies before Applied.
func (x *Index) Apply(changes []watchlist.Change, index uint64) error {
	if now := x.Applied(); index < now {
		return fmt.Errorf("document index: change at index %d, but %d is applied", index, now)
	}
	x.w.seq++
	var fresh run
	for _, c := range changes {
		fresh = x.w.put(c.ID, c.Entry, fresh)
	}
	slices.Sort(fresh)
	x.w.push(fresh)
	x.w.compact()
	x.view.Store(x.w.view(index))
	return nil
}

// Rebuild replaces the index by the active entries of a registry, as of index.
// Searches go on with the old state until the new one is whole. When entries
// yields an error, nothing changes and the error is returned, wrapped.
func (x *Index) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	w := newStore(x.seed)
	w.seq = x.w.seq + 1
	var all run
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("rebuild the document index: %w", err)
		}
		all = w.put(e.ID, e, all)
	}
	slices.Sort(all)
	w.push(all)
	x.w = w
	x.view.Store(w.view(index))
	return nil
}
