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

// alone is the probe of one sample by itself.
func alone(s watchlist.FaceSample, number int) faceProbe {
	return faceProbe{query: watchlist.FaceQuery{Template: s.Template, Model: s.Model}, first: number}
}

// faceHit is an entry's best match, the number of the probe that made it, and that
// of the query's space whose score it is.
type faceHit struct {
	watchlist.FaceMatch
	probe, space int
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
		q.probes = append(q.probes, alone(s, i))
	}
	return nil
}

// sameBearer is the least log10 likelihood ratio at which a document's photo is
// averaged with one of the person present. Below, the document may be another's,
// and an average would hide the person present.
const sameBearer = 1

// holdTogether compares the samples of a probe with one another, in the encoder's
// own space, and notes when two of them speak against being one person's: then a
// lead may be about either.
func (q *query) holdTogether(ctx context.Context) error {
	if len(q.samples) == 1 {
		return nil
	}
	own := q.spaces[0]
	for i, s := range q.samples {
		var others []*watchlist.Entry
		for j, o := range q.samples[i+1:] {
			others = append(others, &watchlist.Entry{
				ID:    watchlist.EntryID(fmt.Sprintf("probe-%d", i+1+j)),
				Faces: []watchlist.Face{{Model: o.Model, Template: watchlist.EncodeTemplate(o.Template)}},
			})
		}
		// The last has no others left, but its template is checked like theirs.
		matches, err := own.gallery.Compare(ctx, watchlist.FaceQuery{Template: s.Template, Model: s.Model, MinScore: -1}, others)
		if err != nil {
			return q.sampleError(i, err)
		}
		for _, match := range matches {
			llr := own.calibration.LLR(match.Score)
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

// operatingPoints sets the thresholds of each space for the size of all galleries. When
// the samples differ there are several searches: each runs at a part of the target,
// so that together they keep to it.
func (q *query) operatingPoints() []watchlist.OperatingPoint {
	share := 1 / float64(len(q.probes))
	if n := q.frames(); n > 0 {
		share = FramesFPIR(n)
	}
	out := points(q.spaces, q.m.c.TargetFPIR*share, size(q.m.spaces))
	for i := range out {
		out[i].TargetFPIR = q.m.c.TargetFPIR
	}
	return out
}

// searchFaces searches all probes in the galleries as of an index and keeps each
// entry's best match. They are searched one after the other: a match has at most
// one search in a gallery's queue and holds nothing there between two, so a probe
// of several photos takes no more of the node at a time than one of a single photo.
func (q *query) searchFaces(ctx context.Context, k int, asOf uint64, filter func(watchlist.EntryID) bool) (best map[watchlist.EntryID]faceHit, more bool, err error) {
	best = map[watchlist.EntryID]faceHit{}
	for i, p := range q.probes {
		err := q.eachSpace(p, func(at int, g Gallery, fq watchlist.FaceQuery) error {
			fq.K, fq.AsOf = k, asOf
			matches, cut, err := g.Search(ctx, fq, filter)
			more = more || cut
			for _, match := range matches {
				h := faceHit{match, i, at}
				old, ok := best[match.Entry]
				if !ok || q.before(h, old) || !q.before(old, h) && h.Face < old.Face {
					best[match.Entry] = h
				}
			}
			return err
		})
		if err != nil {
			return nil, false, q.sampleError(p.first, err)
		}
	}
	return best, more, nil
}

// compareEntries scores all probes against entries and calls keep with each
// entry's match with each probe in each space.
func (q *query) compareEntries(ctx context.Context, entries []*watchlist.Entry, keep func(faceHit)) error {
	for i, p := range q.probes {
		err := q.eachSpace(p, func(at int, g Gallery, fq watchlist.FaceQuery) error {
			fq.K = 1
			matches, err := g.Compare(ctx, fq, entries)
			for _, match := range matches {
				keep(faceHit{match, i, at})
			}
			return err
		})
		if err != nil {
			return q.sampleError(p.first, err)
		}
	}
	return nil
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
