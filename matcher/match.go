package matcher

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"vigie/watchlist"
)

// Match answers one probe from what this node holds. The lead includes at least
// the raft index in its stamp, and no entry that is not active or has expired
// by the clock (invariant 4).
//
// It fails with a watchlist.ValidationError whose pointers are those of the
// API's request, with a *ProbeError around a *watchlist.FaceError when a photo
// or template can't be used, with the context's error, with
// watchlist.ErrOverloaded when too many searches wait, or with an internal
// error; a part that fails never makes for a shorter answer, and a panic in one
// becomes an error.
func (m *Matcher) Match(ctx context.Context, probe watchlist.Probe) (*watchlist.Lead, error) {
	if err := check(&probe); err != nil {
		return nil, err
	}
	if probe.Limit == 0 {
		probe.Limit = DefaultLimit
	}
	q := &query{
		m: m, probe: &probe,
		lead: &watchlist.Lead{Query: m.c.NewQueryID(), Models: m.models()},
	}
	q.load = newLoader(m.c.Entries, m.c.Clock())
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"faces", q.takeFaces},
		{"frames", q.takeProbes},
		{"stamp", q.takeStamp},
		{"search", q.search},
		{"score", q.rank},
		{"cues", q.findCues},
	} {
		if err := m.guard(step.name, func() error { return step.run(ctx) }); err != nil {
			return nil, err
		}
	}
	return q.lead, nil
}

// takeStamp notes which list is searched: before anything is, so that whatever
// is found includes it, and after the photos are encoded, so that a replay as of
// its index sees the same list save for the changes of the last instant.
func (q *query) takeStamp(context.Context) error {
	q.lead.Stamp = q.m.c.Stamper.Stamp()
	return nil
}

func (m *Matcher) models() map[string]string {
	v := map[string]string{"encoder": m.c.Encoder.Model(), "calibration": m.c.Calibration.Version()}
	if m.c.NamesVersion != "" {
		v["names"] = m.c.NamesVersion
	}
	return v
}

// query is one match under way.
type query struct {
	m     *Matcher
	probe *watchlist.Probe
	lead  *watchlist.Lead
	load  *loader

	samples []watchlist.FaceSample
	// differ tells that the samples hardly show one person.
	differ bool
	// apart tells that a document's photo is not surely that of the person present.
	apart bool
	// probes are the faces to search for, made of the samples.
	probes []faceProbe
	found  found
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
