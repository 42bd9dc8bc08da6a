package matcher

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// Match answers one probe from what this node holds. The lead includes at least
// the raft index in its stamp, its faces are searched as of that index, and no
// entry is in it that is not active or has expired by the clock (invariant 4).
//
// It fails with a watchlist.ValidationError whose pointers are those of the
// API's request, with a *ProbeError around a *watchlist.FaceError when a photo
// or template can't be used, with the context's error, with
// watchlist.ErrOverloaded when too many searches wait, or with an internal
// error; a part that fails never makes for a shorter answer, and a panic in one
// becomes an error.
func (m *Matcher) Match(ctx context.Context, probe watchlist.Probe) (*watchlist.Lead, error) {
	m, release, err := m.held()
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	defer release()
	return m.match(ctx, probe, m.spaces)
}

// match is Match in some of the spaces: the probe's templates are of the first
// one's model. Without the second encoder's space, the photos in it are compared by
// the first encoder's part of them.
func (m *Matcher) match(ctx context.Context, probe watchlist.Probe, spaces []space) (*watchlist.Lead, error) {
	if err := check(&probe); err != nil {
		return nil, err
	}
	if probe.Limit == 0 {
		probe.Limit = DefaultLimit
	}
	q := &query{
		m: m, probe: &probe, spaces: spaces, parts: len(spaces) < len(m.spaces),
		lead: &watchlist.Lead{Query: m.c.NewQueryID(), Models: m.leadModels()},
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"faces", q.takeFaces},
		{"frames", q.takeProbes},
		{"search", q.searchList},
		{"reported documents", q.findReports},
		{"score", q.rank},
		{"cues", q.findCues},
	} {
		if err := m.guard(step.name, func() error { return step.run(ctx) }); err != nil {
			return nil, err
		}
	}
	return q.lead, nil
}

// stampTries is how many stamps are taken for a search that comes too late for
// the one before.
const stampTries = 3

// searchList takes the list stamp and searches as of its index: after the photos
// are encoded, which takes longest, and before anything is searched, so that
// whatever is found includes it. Changes applied meanwhile are not seen, so that
// a replay as of the stamp finds the same faces.
//
// When the gallery forgets that index before it is searched, a new stamp is taken.
// While a snapshot takes the place of the list none may fit: then the newest rows
// are searched, and the stamp has no state hash, since its index says only what
// the answer includes at least.
func (q *query) searchList(ctx context.Context) error {
	c := q.m.c
	for try := 1; ; try++ {
		q.load = newLoader(c.Entries, c.Clock())
		if q.parts {
			q.load.view = q.m.asParts
		}
		q.lead.Stamp = c.Stamper.Stamp()
		q.asOf = q.lead.Stamp.AppliedIndex
		if try > stampTries {
			q.asOf, q.lead.Stamp.StateHash = 0, ""
		}
		err := q.search(ctx)
		var gone *watchlist.HistoryError
		if q.asOf == 0 || !errors.As(err, &gone) {
			return err
		}
	}
}

// query is one match under way.
type query struct {
	m     *Matcher
	probe *watchlist.Probe
	lead  *watchlist.Lead
	load  *loader
	// spaces are those that faces are compared in, points the operating point of
	// each.
	spaces []space
	points []watchlist.OperatingPoint
	// parts tells that the first encoder alone compares, photos that both have seen by
	// its part of them.
	parts bool
	// asOf is the raft index that faces are searched as of, 0 for the newest.
	asOf uint64

	samples []watchlist.FaceSample
	// differ tells that the samples hardly show one person.
	differ bool
	// apart tells that a document's photo is not surely that of the person present.
	apart bool
	// probes are the faces to search for, made of the samples.
	probes []faceProbe
	found  found
	// table is the table of spelling families that the names were searched by, nil
	// before the search.
	table *names.Table
	// names compares the probe's names with an entry's.
	names func(entry []watchlist.Name) (watchlist.Evidence, bool)
}

// stage notes the wall time of a stage since start. Call it from one goroutine
// at a time.
func (q *query) stage(name string, took time.Duration) {
	q.lead.Stages = append(q.lead.Stages, watchlist.StageTime{Stage: name, Micros: took.Microseconds()})
}

// guard runs f and turns a panic into an error, which says no more than where:
// the value may hold personal data. The log gets the stack.
func (m *Matcher) guard(part string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			m.c.Logger.Error("a part of a match panicked", "part", part, "type", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
			err = fmt.Errorf("match: internal fault in %s", part)
		}
	}()
	return f()
}
