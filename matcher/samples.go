package matcher

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"vigie/watchlist"
)

// LowQualityFMR is the share of the others' false match rate per comparison that
// references of low quality are kept to. It is a precaution: the group with the
// most (west_african, 139 photos) matches strangers with them no more often than
// with others, and the one that does, four times as often, has three of them
// (benchmarks/RESULTS.md, faces).
const LowQualityFMR = 0.25

// faceProbe is one face to search for: a sample, or the mean of several.
type faceProbe struct {
	query watchlist.FaceQuery // without K and bounds
	first int                 // number of its first sample
}

// faceHit is an entry's best match, and the number of the probe that made it.
type faceHit struct {
	watchlist.FaceMatch
	probe int
}

// takeProbes makes the samples into what is searched: one mean when all of them
// hold together, else each alone.
func (q *query) takeProbes(ctx context.Context) error {
	if len(q.samples) == 0 {
		return nil
	}
	if err := q.holdTogether(ctx); err != nil {
		return err
	}
	q.probes = nil
	for i, s := range q.samples {
		if i > 0 && !q.differ && !q.apart {
			q.probes[0].query.More = append(q.probes[0].query.More, s.Template)
			continue
		}
		q.probes = append(q.probes, faceProbe{query: watchlist.FaceQuery{Template: s.Template, Model: s.Model}, first: i})
	}
	return nil
}

// sameBearer is the least log10 likelihood ratio at which a document's photo is
// averaged with one of the person present. Below, the document may be another's,
// and an average would hide the person present.
const sameBearer = 1

// holdTogether compares the samples of a probe with one another and notes when
// two of them speak against being one person's: then a lead may be about either.
func (q *query) holdTogether(ctx context.Context) error {
	if len(q.samples) == 1 {
		return nil
	}
	for i, s := range q.samples {
		var others []*watchlist.Entry
		for j, o := range q.samples[i+1:] {
			others = append(others, &watchlist.Entry{
				ID:    watchlist.EntryID(fmt.Sprintf("probe-%d", i+1+j)),
				Faces: []watchlist.Face{{Model: o.Model, Template: watchlist.EncodeTemplate(o.Template)}},
			})
		}
		// The last has no others left, but its template is checked like theirs.
		matches, err := q.m.c.Gallery.Compare(ctx, watchlist.FaceQuery{Template: s.Template, Model: s.Model, MinScore: -1}, others)
		if err != nil {
			return q.sampleError(i, err)
		}
		for _, match := range matches {
			llr := q.m.c.Calibration.LLR(match.Score)
			q.differ = q.differ || llr < -undecided
			j, err := strconv.Atoi(strings.TrimPrefix(string(match.Entry), "probe-"))
			if err == nil && q.source(i) != q.source(j) {
				q.apart = q.apart || llr < sameBearer
			}
		}
	}
	return nil
}

// source is what a sample was taken of, "" for a template.
func (q *query) source(sample int) watchlist.PhotoSource {
	if sample < len(q.probe.Photos) {
		return q.probe.Photos[sample].Source
	}
	return ""
}

// frames is how many samples were compared as one, 0 when each was alone.
func (q *query) frames() int {
	if len(q.samples) > 1 && !q.differ && !q.apart {
		return len(q.samples)
	}
	return 0
}

// FramesFPIR is the share of the target FPIR at which the mean of n frames is
// searched: one part in the root of n. A mean matches strangers more often than one
// photo does: that of two 1.2 to 1.3 times at FMR 1e-3 and 1.3 to 1.5 times at 1e-4
// (benchmarks/RESULTS.md, faces).
func FramesFPIR(n int) float64 { return 1 / math.Sqrt(float64(n)) }

// operatingPoint sets both thresholds for the gallery's size. When the samples
// differ there are several searches: each runs at a part of the target, so that
// together they keep to it.
func (q *query) operatingPoint() watchlist.OperatingPoint {
	c := q.m.c
	op := watchlist.OperatingPoint{
		TargetFPIR: c.TargetFPIR, GallerySize: c.Gallery.Size(),
		Calibration: c.Calibration.Version(), Cohort: c.Calibration.Cohort(),
	}
	share := 1 / float64(len(q.probes))
	if n := q.frames(); n > 0 {
		share = FramesFPIR(n)
	}
	op.FMR, op.Threshold = c.Calibration.OperatingPoint(c.TargetFPIR*share, op.GallerySize)
	op.LowQualityThreshold = c.Calibration.ThresholdAtFMR(op.FMR * LowQualityFMR)
	return op
}

// searchFaces searches all probes in the gallery and keeps each entry's best
// match. They are searched one after the other: a match has at most one search in
// the gallery's queue and holds nothing there between two, so a probe of several
// photos takes no more of the node at a time than one of a single photo.
func (q *query) searchFaces(ctx context.Context, base watchlist.FaceQuery, filter func(watchlist.EntryID) bool) (best map[watchlist.EntryID]faceHit, more bool, err error) {
	best = map[watchlist.EntryID]faceHit{}
	for i, p := range q.probes {
		matches, cut, err := q.m.c.Gallery.Search(ctx, p.with(base), filter)
		if err != nil {
			return nil, false, q.sampleError(p.first, err)
		}
		more = more || cut
		for _, match := range matches {
			old, ok := best[match.Entry]
			if !ok || match.Score > old.Score || match.Score == old.Score && match.Face < old.Face {
				best[match.Entry] = faceHit{match, i}
			}
		}
	}
	return best, more, nil
}

// compareEntries scores all probes against entries and calls keep with each
// entry's match with each probe.
func (q *query) compareEntries(ctx context.Context, base watchlist.FaceQuery, entries []*watchlist.Entry, keep func(faceHit)) error {
	for i, p := range q.probes {
		matches, err := q.m.c.Gallery.Compare(ctx, p.with(base), entries)
		if err != nil {
			return q.sampleError(p.first, err)
		}
		for _, match := range matches {
			keep(faceHit{match, i})
		}
	}
	return nil
}

// bounds is a search of the gallery at an operating point.
func bounds(op watchlist.OperatingPoint, k int) watchlist.FaceQuery {
	return watchlist.FaceQuery{K: k, MinScore: op.Threshold, LowQualityMin: op.LowQualityThreshold}
}

// with is the probe's query under the bounds of another.
func (p faceProbe) with(base watchlist.FaceQuery) watchlist.FaceQuery {
	base.Template, base.More, base.Model = p.query.Template, p.query.More, p.query.Model
	return base
}

// sampleError points at the photo or template that a face error is about.
func (q *query) sampleError(i int, err error) error {
	var fe *watchlist.FaceError
	if !errors.As(err, &fe) {
		return wrap("face search", err)
	}
	ptr := fmt.Sprintf("/photos/%d", i)
	if n := len(q.probe.Photos); i >= n {
		ptr = fmt.Sprintf("/templates/%d", i-n)
	}
	return &ProbeError{Pointer: ptr, Err: fe}
}
