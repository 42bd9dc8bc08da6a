package matcher

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vigie/watchlist"
)

// The limits of a replay.
const (
	// MaxReplayLimit is the most candidates that can be asked for;
	// DefaultReplayLimit is what a Limit of 0 means.
	MaxReplayLimit     = 200
	DefaultReplayLimit = 20
	// MinFMR and MaxFMR bound the false match rate that a threshold can be asked
	// for by.
	MinFMR = 1e-12
	MaxFMR = 0.5
)

// Replay searches the faces that the gallery held at an earlier raft index, with
// the search and the scores of Match. It compares nothing else, and hides no
// entry: a withdrawn one is what an auditor looks for.
//
// It fails like Match, and with a *watchlist.HistoryError when the gallery can't
// answer as of that index.
func (m *Matcher) Replay(ctx context.Context, r watchlist.ReplayQuery) (*watchlist.Replay, error) {
	if err := checkReplay(&r, m.c.Second != nil); err != nil {
		return nil, err
	}
	if r.Limit == 0 {
		r.Limit = DefaultReplayLimit
	}
	m, release, err := m.held()
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer release()
	// A gallery of another calibration may know an index that was searched before it.
	if m.c.HoldSecond != nil && r.AsOf < m.c.Second.Oldest() {
		return nil, &watchlist.HistoryError{AsOf: r.AsOf, Oldest: m.oldest(), Newest: m.c.Stamper.Stamp().AppliedIndex}
	}
	q := &query{
		m: m, probe: &watchlist.Probe{Photos: r.Photos, Templates: r.Templates}, spaces: m.spaces,
		lead: &watchlist.Lead{},
	}
	if err := m.guard("faces", func() error { return q.takeFaces(ctx) }); err != nil {
		return nil, err
	}
	out := &watchlist.Replay{
		Query: m.c.NewQueryID(), AsOf: r.AsOf, Stamp: m.c.Stamper.Stamp(), Faces: q.lead.Faces,
		Models: m.models(),
	}
	if err := m.guard("frames", func() error { return q.takeProbes(ctx) }); err != nil {
		return nil, err
	}
	out.Source = q.replayPoints(&r)
	out.Point, out.SecondPoint = shown(q.points)
	out.Frames = q.frames()
	start := time.Now()
	if err := m.guard("face_search", func() error { return q.searchAsOf(ctx, &r, out) }); err != nil {
		return nil, err
	}
	q.stage("face_search", time.Since(start))
	out.Stages = q.lead.Stages
	// Taken last: whoever asks for it next finds it answered, unless it has been
	// forgotten meanwhile.
	out.Oldest = m.oldest()
	return out, m.guard("status", func() error { return m.presentStatus(out.Candidates) })
}

// replayPoints sets the thresholds of a replay. With a score for the first encoder
// alone, the second has the threshold of the same false match rate.
func (q *query) replayPoints(r *watchlist.ReplayQuery) watchlist.ThresholdSource {
	q.points = q.operatingPoints()
	first := len(q.spaces) - 1
	for i, s := range q.spaces {
		op := &q.points[i]
		switch {
		case r.MinScore != nil && i == first:
			op.Threshold = *r.MinScore
		case r.SecondMinScore != nil:
			op.Threshold = *r.SecondMinScore
		case r.MinScore != nil:
			op.Threshold = sameRate(q.spaces[first].calibration, s.calibration, *r.MinScore)
		case r.FMR != nil:
			op.Threshold = s.calibration.ThresholdAtFMR(*r.FMR)
		default:
			continue
		}
		op.TargetFPIR, op.FMR, op.LowQualityThreshold = 0, 0, 0
		if r.FMR != nil {
			op.FMR = *r.FMR
		}
	}
	switch {
	case r.MinScore != nil:
		return watchlist.ThresholdGiven
	case r.FMR != nil:
		return watchlist.ThresholdFMR
	}
	return watchlist.ThresholdNow
}

// sameRate is the score of another calibration that as many strangers reach, and -1
// for a score that all of them do.
func sameRate(from, to Thresholds, score float64) float64 {
	rate := from.FMR(score)
	if rate >= from.FMR(-1) {
		return -1
	}
	return to.ThresholdAtFMR(rate)
}

// searchAsOf searches all probes in the galleries of the time and ranks what they
// find.
func (q *query) searchAsOf(ctx context.Context, r *watchlist.ReplayQuery, out *watchlist.Replay) error {
	best, cut, err := q.searchFaces(ctx, r.Limit, r.AsOf, nil)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("replay: %w", ctx.Err())
	case err != nil:
		return err
	}
	out.Truncated = cut
	hits := slices.SortedFunc(maps.Values(best), func(a, b faceHit) int {
		switch {
		case q.before(a, b):
			return -1
		case q.before(b, a):
			return 1
		}
		return strings.Compare(string(a.Entry), string(b.Entry))
	})
	for _, h := range hits {
		c := watchlist.ReplayCandidate{FaceMatch: h.FaceMatch, LLR: q.llr(h)}
		if q.m.c.Second != nil {
			c.Encoder = q.spaces[h.space].gallery.Model()
		}
		out.Candidates = append(out.Candidates, c)
	}
	if len(out.Candidates) > r.Limit {
		out.Candidates, out.Truncated = out.Candidates[:r.Limit], true
	}
	for i := range out.Candidates {
		out.Candidates[i].Rank = i + 1
	}
	return nil
}

// presentStatus notes what each entry has become.
func (m *Matcher) presentStatus(list []watchlist.ReplayCandidate) error {
	now := m.c.Clock()
	for i := range list {
		e, err := m.c.Entries.Entry(list[i].Entry)
		switch {
		case errors.Is(err, watchlist.ErrNotFound):
			list[i].Status = watchlist.StatusUnknown
		case err != nil:
			return fmt.Errorf("replay: read an entry: %w", err)
		default:
			list[i].Status = e.EffectiveStatus(now)
		}
	}
	return nil
}

// checkReplay reports everything that is wrong with a replay as a
// watchlist.ValidationError, or nil. second tells of a second encoder.
func checkReplay(r *watchlist.ReplayQuery, second bool) error {
	var errs watchlist.ValidationError
	add := func(ptr, code, detail string) {
		errs = append(errs, watchlist.FieldError{Pointer: ptr, Code: code, Detail: detail})
	}
	p := watchlist.Probe{Photos: r.Photos, Templates: r.Templates, Purpose: r.Purpose, Reason: r.Reason}
	checkSamples(&p, add)
	if len(p.Photos)+len(p.Templates) == 0 {
		add("", "nothing_to_search", "give at least a photo or a template; only faces are replayed")
	}
	checkCircumstances(&p, add)
	if r.AsOf == 0 {
		add("/as_of_index", "required", "give the index of the search's audit event")
	}
	if s := r.MinScore; s != nil && !(*s >= -1 && *s <= 1) {
		add("/min_score", "out_of_range", "from -1 to 1")
	}
	switch s := r.SecondMinScore; {
	case s == nil:
	case !second:
		add("/second_min_score", "conflict", "this node has no second encoder")
	case !(*s >= -1 && *s <= 1):
		add("/second_min_score", "out_of_range", "from -1 to 1")
	case r.MinScore == nil:
		add("/second_min_score", "conflict", "goes with min_score")
	}
	if f := r.FMR; f != nil && !(*f >= MinFMR && *f <= MaxFMR) {
		add("/fmr", "out_of_range", fmt.Sprintf("from %g to %g", MinFMR, MaxFMR))
	}
	if r.MinScore != nil && r.FMR != nil {
		add("/fmr", "conflict", "give min_score or fmr, not both")
	}
	if r.Limit < 0 || r.Limit > MaxReplayLimit {
		add("/max_candidates", "out_of_range", fmt.Sprintf("from 1 to %d", MaxReplayLimit))
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}
