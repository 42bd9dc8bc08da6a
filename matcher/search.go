package matcher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"vigie/watchlist"
)

// How many entries each index is asked for. All are more than the largest
// limit, since other evidence may change the order; what lies beyond a cut sets
// Lead.Truncated.
const (
	faceDepth     = 200
	nameDepth     = 200
	documentDepth = 200
)

// nameMargin is how far below NameThreshold the name index may score an entry
// that is looked at all the same. Index and comparator score alike; the margin
// is for entries that change in between.
const nameMargin = 0.05

// found is what the three searches brought up.
type found struct {
	// faces has each entry's best match over all probes.
	faces     map[watchlist.EntryID]faceHit
	names     []watchlist.NameMatch
	documents []watchlist.DocumentMatch
	// more tells that a search was cut.
	more bool
}

// search asks the three indexes side by side and notes their times.
func (q *query) search(ctx context.Context) error {
	var face, name, document time.Duration
	var facesMore, documentsMore bool
	group, inner := errgroup.WithContext(ctx)
	run := func(part string, took *time.Duration, f func(context.Context) error) {
		group.Go(func() error {
			start := time.Now()
			defer func() { *took = time.Since(start) }()
			return q.m.guard(part, func() error { return f(inner) })
		})
	}
	if len(q.probes) > 0 {
		q.points = q.operatingPoints()
		q.lead.OperatingPoint, q.lead.SecondPoint = shown(q.points)
		run("face_search", &face, func(ctx context.Context) (err error) {
			q.found.faces, facesMore, err = q.searchFaces(ctx, faceDepth, q.asOf, q.load.matchable)
			if err == nil && q.parts {
				err = q.searchParts(ctx, q.found.faces)
			}
			return err
		})
	}
	if len(q.probe.Names) > 0 {
		run("name_search", &name, q.searchNames)
	}
	if len(q.probe.Documents) > 0 {
		run("document_search", &document, func(ctx context.Context) (err error) {
			q.found.documents, err = q.m.c.Documents.Search(ctx, q.probe.Documents)
			if len(q.found.documents) > documentDepth {
				q.found.documents, documentsMore = q.found.documents[:documentDepth], true
			}
			return wrap("document search", err)
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("match: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	q.found.more = facesMore || documentsMore
	if q.table != nil {
		q.lead.Models["names"] = q.table.Version()
	}
	for _, s := range []struct {
		asked bool
		name  string
		took  time.Duration
	}{
		{len(q.probes) > 0, "face_search", face},
		{len(q.probe.Names) > 0, "name_search", name},
		{len(q.probe.Documents) > 0, "document_search", document},
	} {
		if s.asked {
			q.stage(s.name, s.took)
		}
	}
	return nil
}

// tableTries is how many tables of spelling families are tried for one that stays
// in force while the names are searched.
const tableTries = 3

// searchNames asks the name index, and notes the table of spelling families that it
// went by: the names are scored by the same. Tables change so rarely that a second
// try meets the new one.
func (q *query) searchNames(ctx context.Context) (err error) {
	for try := 1; ; try++ {
		q.table = q.m.c.NameTable()
		q.found.names, err = q.m.c.Names.Search(ctx, watchlist.NameQuery{Names: q.probe.Names, K: nameDepth})
		if err != nil || q.m.c.NameTable() == q.table || try == tableTries {
			return wrap("name search", err)
		}
	}
}

func wrap(part string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", part, err)
}

// loader reads each entry of a query at most once (or nearly so, when two
// goroutines ask at the same time) and hides those that may not appear.
type loader struct {
	entries Entries
	now     int64
	// view is how the query sees an entry; nil as it is.
	view func(*watchlist.Entry) *watchlist.Entry

	mu   sync.Mutex
	seen map[watchlist.EntryID]*watchlist.Entry // nil for hidden ones
	err  error
}

func newLoader(entries Entries, now int64) *loader {
	return &loader{entries: entries, now: now, seen: map[watchlist.EntryID]*watchlist.Entry{}}
}

// matchable reports whether an entry may appear in the lead.
func (l *loader) matchable(id watchlist.EntryID) bool { return l.entry(id) != nil }

// entry returns an entry that may appear in the lead, or nil. A registry that
// fails shows in failure.
func (l *loader) entry(id watchlist.EntryID) *watchlist.Entry {
	l.mu.Lock()
	e, ok := l.seen[id]
	l.mu.Unlock()
	if ok {
		return e
	}
	e, err := l.entries.Entry(id)
	if err != nil || !e.Matchable(l.now) {
		e = nil
	} else if l.view != nil {
		e = l.view(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && !errors.Is(err, watchlist.ErrNotFound) && l.err == nil {
		l.err = fmt.Errorf("read an entry: %w", err)
	}
	l.seen[id] = e
	return e
}

// failure is the first error of the registry.
func (l *loader) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
