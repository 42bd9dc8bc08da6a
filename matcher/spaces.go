package matcher

import (
	"context"
	"fmt"

	"vigie/matcher/score"
	"vigie/watchlist"
)

// Second is the gallery of a second encoder, beside that of the first: it holds the
// photos whose composite templates come from both encoders, and the first holds all
// others. Every photo of the list is in one of the two.
type Second struct {
	Gallery     Gallery
	Calibration Calibration
	Strangers   Strangers
	// Replayer is of this gallery, see Config.Replayer.
	Replayer Replayer
	// Oldest is the first raft index that this gallery can answer as of.
	Oldest func() uint64
}

// held is the matcher for one call: over the second encoder's gallery and calibration
// of this moment, which stay as they are until release.
func (m *Matcher) held() (now *Matcher, release func(), err error) {
	if m.c.HoldSecond == nil {
		return m, func() {}, nil
	}
	s, release, err := m.c.HoldSecond()
	if err != nil {
		return nil, nil, fmt.Errorf("take the second encoder's gallery: %w", err)
	}
	copied := *m
	copied.c.Second = s
	copied.spaces = spacesOf(&copied.c)
	return &copied, release, nil
}

// oldest is the first raft index that all galleries can answer as of.
func (m *Matcher) oldest() uint64 {
	first := m.c.Oldest()
	if s := m.c.Second; s != nil {
		return max(first, s.Oldest())
	}
	return first
}

// space is one gallery with what its scores are worth. A score means nothing in
// another space.
type space struct {
	gallery     Gallery
	calibration Calibration
	strangers   Strangers
	replayer    Replayer // nil without a population
}

// spacesOf lists a matcher's spaces; the first is that of the templates that the
// encoder makes, the last that of the first encoder alone.
func spacesOf(c *Config) []space {
	first := space{c.Gallery, c.Calibration, c.Strangers, c.Replayer}
	if c.Second == nil {
		return []space{first}
	}
	s := c.Second
	return []space{{s.Gallery, s.Calibration, s.Strangers, s.Replayer}, first}
}

// size is the number of templates that a probe is compared with in some spaces.
func size(spaces []space) (n int) {
	for _, s := range spaces {
		n += s.gallery.Size()
	}
	return n
}

// points gives the operating point of each space: both have the false match rate
// that the target asks of a comparison when a probe is compared with so many
// templates in all of them, and each has the thresholds of its own calibration.
func points(spaces []space, targetFPIR float64, size int) []watchlist.OperatingPoint {
	out := make([]watchlist.OperatingPoint, len(spaces))
	for i, s := range spaces {
		op := watchlist.OperatingPoint{
			TargetFPIR: targetFPIR, GallerySize: size, Calibration: s.calibration.Version(), Cohort: s.calibration.Cohort(),
		}
		op.FMR, op.Threshold = s.calibration.OperatingPoint(targetFPIR, size)
		op.LowQualityThreshold = s.calibration.ThresholdAtFMR(op.FMR * LowQualityFMR)
		out[i] = op
	}
	return out
}

// shown gives the point of the first encoder, and that of the second or nil: the
// form in which answers state them.
func shown(list []watchlist.OperatingPoint) (first watchlist.OperatingPoint, second *watchlist.OperatingPoint) {
	if n := len(list); n > 1 {
		second = &list[0]
	}
	return list[len(list)-1], second
}

// inOrder is the inverse of shown: the points in the order of the spaces.
func inOrder(first watchlist.OperatingPoint, second *watchlist.OperatingPoint) []watchlist.OperatingPoint {
	if second == nil {
		return []watchlist.OperatingPoint{first}
	}
	return []watchlist.OperatingPoint{*second, first}
}

// spaceOf finds the space that holds enrolled templates of a model, by its number;
// ok is false when none does. The spaces share the models as their galleries do.
func (m *Matcher) spaceOf(model string) (at int, ok bool) {
	for i, s := range m.spaces {
		if model == s.gallery.Model() || watchlist.ModelHasPart(model, s.gallery.Model()) {
			return i, true
		}
	}
	return 0, false
}

// models names what compares faces: encoder and calibration of each space.
func (m *Matcher) models() map[string]string {
	v := map[string]string{"encoder": m.c.Gallery.Model(), "calibration": m.c.Calibration.Version()}
	if s := m.c.Second; s != nil {
		v["encoder_second"], v["calibration_second"] = s.Gallery.Model(), s.Calibration.Version()
	}
	return v
}

// leadModels names what compares everything else too.
func (m *Matcher) leadModels() map[string]string {
	v := m.models()
	v["evidence"] = score.Shipped().Version()
	v["names"] = m.c.NameTable().Version()
	return v
}

// eachSpace calls f with every space of the query in which the probe has a
// template: its number, its gallery, and the probe's query there, under the bounds
// of the space's point and without K and AsOf.
func (q *query) eachSpace(p faceProbe, f func(at int, g Gallery, fq watchlist.FaceQuery) error) error {
	for i, s := range q.spaces {
		fq, ok := p.in(s)
		if !ok {
			continue
		}
		op := q.points[i]
		fq.MinScore, fq.LowQualityMin = op.Threshold, op.LowQualityThreshold
		if err := f(i, s.gallery, fq); err != nil {
			return err
		}
	}
	return nil
}

// in gives the probe's templates as a space takes them: whole, or the part of them
// that is the space's; ok is false when they have none.
func (p faceProbe) in(s space) (fq watchlist.FaceQuery, ok bool) {
	fq.Model = s.gallery.Model()
	if fq.Template, ok = s.calibration.Part(p.query.Model, p.query.Template); !ok {
		return fq, false
	}
	for _, t := range p.query.More {
		part, ok := s.calibration.Part(p.query.Model, t)
		if !ok {
			return fq, false
		}
		fq.More = append(fq.More, part)
	}
	return fq, true
}

// llr is what a hit is worth by the calibration that scored it.
func (q *query) llr(h faceHit) float64 { return q.spaces[h.space].calibration.LLR(h.Score) }

// meets reports whether a hit reaches its space's operating point.
func (q *query) meets(h faceHit) bool {
	op := q.points[h.space]
	return bounds(op).Meets(h.Score, h.LowQuality)
}

// bounds is a query under an operating point.
func bounds(op watchlist.OperatingPoint) watchlist.FaceQuery {
	return watchlist.FaceQuery{MinScore: op.Threshold, LowQualityMin: op.LowQualityThreshold}
}

// before reports whether a hit goes before another of the same entry: the greater
// likelihood ratio, then the encoder's own space, then the higher score. Within one
// space that is the order of the scores.
func (q *query) before(a, b faceHit) bool {
	x, y := q.llr(a), q.llr(b)
	switch {
	case x != y:
		return x > y
	case a.space != b.space:
		return a.space < b.space
	}
	return a.Score > b.Score
}

// compareAlone compares one sample by itself with an entry, in every space, and
// calls see with each hit.
func (q *query) compareAlone(ctx context.Context, sample int, e *watchlist.Entry, see func(faceHit)) error {
	s := q.samples[sample]
	p := alone(s, sample)
	err := q.eachSpace(p, func(at int, g Gallery, fq watchlist.FaceQuery) error {
		fq.MinScore, fq.LowQualityMin = -1, 0
		matches, err := g.Compare(ctx, fq, []*watchlist.Entry{e})
		for _, m := range matches {
			see(faceHit{FaceMatch: m, space: at})
		}
		return err
	})
	if err != nil {
		return q.sampleError(sample, err)
	}
	return nil
}
