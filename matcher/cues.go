package matcher

import (
	"context"
	"errors"
	"slices"

	"vigie/watchlist"
)

// The codes of watchlist.Cue.
const (
	// CueDocumentUnlike: the document's photo speaks against showing its bearer.
	CueDocumentUnlike = "document_photo_unlike"
	// CueDocumentListed: the document's photo matches a listed person whom the
	// bearer does not match: a borrowed document, or one that shows two people.
	CueDocumentListed = "document_photo_resembles_listed"
	// CueSamePicture: two photos are the very same picture, which two takes by a
	// camera never are.
	CueSamePicture = "photos_identical"
)

// DocumentUnlike is the log10 likelihood ratio below which a document's photo is
// said not to look like its bearer. It finds other persons' documents; a higher
// limit would find morphs, and doubt most honest bearers of an old photo
// (benchmarks/RESULTS.md, section on morphs).
const DocumentUnlike = -undecided

// listedDepth is how many listed persons that a document resembles are looked at.
const listedDepth = 10

// findCues holds the photos of the probe against one another and the document's
// against the list. Cues are advice; candidates, order and bands do not depend
// on them.
func (q *query) findCues(ctx context.Context) error {
	live, document := q.bySource(watchlist.SourceLive), q.bySource(watchlist.SourceDocument)
	for i, s := range q.samples[:len(q.probe.Photos)] {
		if slices.ContainsFunc(q.samples[:i], func(o watchlist.FaceSample) bool { return slices.Equal(o.Template, s.Template) }) {
			q.cue(watchlist.Cue{Code: CueSamePicture, Reason: "Deux photos sont exactement la même image : reprenez la personne devant l'appareil."})
			break
		}
	}
	if len(live) == 0 || len(document) == 0 {
		return nil
	}
	for _, d := range document {
		score, err := q.nearest(ctx, live, d)
		if err != nil {
			return err
		}
		if q.spaces[0].calibration.LLR(score) < DocumentUnlike {
			q.cue(watchlist.Cue{Code: CueDocumentUnlike, Score: score, Reason: "La photo du document ne ressemble pas à la personne présente : comparez-les vous-même."})
		}
		if err := q.listed(ctx, live, d); err != nil {
			return err
		}
	}
	return nil
}

func (q *query) cue(c watchlist.Cue) {
	if !slices.ContainsFunc(q.lead.Cues, func(o watchlist.Cue) bool { return o.Code == c.Code && o.Entry == c.Entry }) {
		q.lead.Cues = append(q.lead.Cues, c)
	}
}

// bySource gives the numbers of the photos from a source.
func (q *query) bySource(source watchlist.PhotoSource) (list []int) {
	for i, p := range q.probe.Photos {
		if p.Source == source {
			list = append(list, i)
		}
	}
	return list
}

// nearest is the best score of sample d with some others, in the encoder's own
// space.
func (q *query) nearest(ctx context.Context, others []int, d int) (float64, error) {
	s := q.samples[d]
	one := &watchlist.Entry{ID: "probe", Faces: []watchlist.Face{{Model: s.Model, Template: watchlist.EncodeTemplate(s.Template)}}}
	best := -1.0
	for _, i := range others {
		err := q.compareAlone(ctx, i, one, func(h faceHit) {
			if h.space == 0 {
				best = max(best, h.Score)
			}
		})
		if err != nil {
			return best, err
		}
	}
	return best, nil
}

// listed looks for listed persons whom the document's photo matches and no live
// photo does, on the list that the lead was made from. When a gallery has
// forgotten it by now, the newest rows serve: a cue is worth more than its index.
func (q *query) listed(ctx context.Context, live []int, d int) error {
	hits, err := q.resembled(ctx, d, q.asOf)
	var gone *watchlist.HistoryError
	if q.asOf != 0 && errors.As(err, &gone) {
		hits, err = q.resembled(ctx, d, 0)
	}
	if err != nil {
		return q.sampleError(d, err)
	}
	for _, m := range hits {
		e := q.load.entry(m.Entry)
		if e == nil || !hasAll(e, m) {
			continue
		}
		reached := false
		for _, i := range live {
			if err := q.compareAlone(ctx, i, e, func(h faceHit) { reached = reached || q.meets(h) }); err != nil {
				return err
			}
		}
		if !reached {
			q.cue(watchlist.Cue{
				Code: CueDocumentListed, Entry: e.ID, Score: m.Score,
				Reason: "La photo du document ressemble à une personne de la liste, la personne présente non : document d'autrui, ou photo composée de deux visages.",
			})
		}
	}
	return q.load.failure()
}

// resembled searches sample d by itself, as of an index: the nearest listed persons
// of each space who reach its operating point.
func (q *query) resembled(ctx context.Context, d int, asOf uint64) (list []watchlist.FaceMatch, err error) {
	err = q.eachSpace(alone(q.samples[d], d), func(_ int, g Gallery, fq watchlist.FaceQuery) error {
		fq.K, fq.AsOf = listedDepth, asOf
		matches, _, err := g.Search(ctx, fq, q.load.matchable)
		list = append(list, matches...)
		return err
	})
	return list, err
}
