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
		if q.m.c.Calibration.LLR(score) < DocumentUnlike {
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

// nearest is the best score of sample d with some others.
func (q *query) nearest(ctx context.Context, others []int, d int) (float64, error) {
	s := q.samples[d]
	one := &watchlist.Entry{ID: "probe", Faces: []watchlist.Face{{Model: s.Model, Template: watchlist.EncodeTemplate(s.Template)}}}
	best := -1.0
	err := q.eachAlone(ctx, others, one, func(m watchlist.FaceMatch) { best = max(best, m.Score) })
	return best, err
}

// eachAlone compares some samples, each by itself, with an entry.
func (q *query) eachAlone(ctx context.Context, samples []int, e *watchlist.Entry, see func(watchlist.FaceMatch)) error {
	for _, i := range samples {
		s := q.samples[i]
		matches, err := q.m.c.Gallery.Compare(ctx, watchlist.FaceQuery{Template: s.Template, Model: s.Model, MinScore: -1}, []*watchlist.Entry{e})
		if err != nil {
			return q.sampleError(i, err)
		}
		for _, m := range matches {
			see(m)
		}
	}
	return nil
}

// listed looks for listed persons whom the document's photo matches and no live
// photo does, on the list that the lead was made from. When the gallery has
// forgotten it by now, the newest rows serve: a cue is worth more than its index.
func (q *query) listed(ctx context.Context, live []int, d int) error {
	base := bounds(q.lead.OperatingPoint, listedDepth)
	search := base
	search.Template, search.Model, search.AsOf = q.samples[d].Template, q.samples[d].Model, q.asOf
	matches, _, err := q.m.c.Gallery.Search(ctx, search, q.load.matchable)
	var gone *watchlist.HistoryError
	if search.AsOf != 0 && errors.As(err, &gone) {
		search.AsOf = 0
		matches, _, err = q.m.c.Gallery.Search(ctx, search, q.load.matchable)
	}
	if err != nil {
		return q.sampleError(d, err)
	}
	for _, m := range matches {
		e := q.load.entry(m.Entry)
		if e == nil || !hasAll(e, m) {
			continue
		}
		reached := false
		err := q.eachAlone(ctx, live, e, func(m watchlist.FaceMatch) { reached = reached || base.Meets(m.Score, m.LowQuality) })
		if err != nil {
			return err
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
