package matcher

import (
	"context"
	"fmt"
	"math"
	"slices"

	"vigie/watchlist"
)

// alikeLimit is how many entries like the one looked at are listed.
const alikeLimit = 20

// Strangers says how often strangers reach a score with one reference template,
// and with a typical one. Its methods are pure.
type Strangers interface {
	FMROf(template []float32, score float64) (fmr, typical float64, err error)
}

// Impact looks at an entry as it would act on the list: how many strangers a day
// its faces are expected to be shown for, and which active entries are like it.
//
// The first is an estimate from the calibration (Strangers): each photo counts for
// itself, as in the gallery's size, and a stranger is shown the entry when any
// reaches the threshold. Photos that the gallery compares as one mean thus count
// for more than they are: a mean matches fewer strangers than the best of its
// photos. It says nothing of names. Where a Population is held, the entry is replayed
// against it too, by the gallery's own comparison, and the counts stand beside the
// estimate. The entries alike are a search with all that the entry says, made like
// any other.
//
// It fails with watchlist.ErrNotFound, with a watchlist.ValidationError, and as
// Match does.
func (m *Matcher) Impact(ctx context.Context, q watchlist.ImpactQuery) (*watchlist.Impact, error) {
	if err := checkImpact(&q); err != nil {
		return nil, err
	}
	e, err := m.c.Entries.Entry(q.Entry)
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	out := &watchlist.Impact{
		Entry: e.ID, Revision: e.Revision, Status: e.EffectiveStatus(m.c.Clock()),
		Travellers: q.Travellers, Models: m.models(),
	}
	if out.Travellers == 0 {
		out.Travellers = m.c.Travellers
	}
	if err := m.guard("impact", func() error { return m.expect(e, out) }); err != nil {
		return nil, err
	}
	if err := m.guard("population", func() error { return m.replayPopulation(ctx, e, out) }); err != nil {
		return nil, err
	}
	return out, m.alike(ctx, e, &q, out)
}

// expect fills the rates of the entry's faces and what they add up to.
func (m *Matcher) expect(e *watchlist.Entry, out *watchlist.Impact) error {
	size, low := m.c.Gallery.Size(), true
	for _, f := range e.Faces {
		if !m.comparable(f) {
			continue
		}
		if out.Status != watchlist.StatusActive {
			size++
		}
		low = low && slices.Contains(f.Quality.Flags, watchlist.FlagLowQualityReference)
	}
	cal := m.c.Calibration
	op := watchlist.OperatingPoint{TargetFPIR: m.c.TargetFPIR, GallerySize: size, Calibration: cal.Version(), Cohort: cal.Cohort()}
	op.FMR, op.Threshold = cal.OperatingPoint(m.c.TargetFPIR, size)
	op.LowQualityThreshold = cal.ThresholdAtFMR(op.FMR * LowQualityFMR)
	out.Point = op
	threshold := op.Threshold
	if low {
		threshold = max(threshold, op.LowQualityThreshold)
	}
	var none, typical float64 // logarithms of the share of strangers that no face is shown for
	for _, f := range e.Faces {
		face := watchlist.FaceImpact{Face: f.ID, Comparable: m.comparable(f)}
		if face.Comparable {
			t, err := watchlist.DecodeTemplate(f.Template)
			if err != nil {
				return fmt.Errorf("impact: face %s: %w", f.ID, err)
			}
			if face.FMR, face.Typical, err = m.c.Strangers.FMROf(t, threshold); err != nil {
				return fmt.Errorf("impact: face %s: %w", f.ID, err)
			}
			none += math.Log1p(-min(face.FMR, 1))
			typical += math.Log1p(-min(face.Typical, 1))
		}
		out.Faces = append(out.Faces, face)
	}
	out.Alerts, out.TypicalAlerts = -math.Expm1(none)*out.Travellers, -math.Expm1(typical)*out.Travellers
	return nil
}

func (m *Matcher) comparable(f watchlist.Face) bool {
	return f.Model == m.c.Gallery.Model() && len(f.Template) > 0
}

// alike searches for the person of the entry and leaves the entry itself out.
func (m *Matcher) alike(ctx context.Context, e *watchlist.Entry, q *watchlist.ImpactQuery, out *watchlist.Impact) error {
	p := watchlist.Probe{
		Names: firstOf(e.Names, MaxNames), Documents: firstOf(e.Documents, MaxDocuments), Sex: e.Sex,
		Purpose: q.Purpose, Reason: q.Reason, Limit: alikeLimit + 1,
	}
	if len(e.Births) > 0 {
		p.Birth = e.Births[0]
	}
	if len(e.Nationalities) > 0 {
		p.Nationality = e.Nationalities[0]
	}
	for _, f := range e.Faces {
		if !m.comparable(f) || len(p.Templates) == MaxSamples {
			continue
		}
		t, err := watchlist.DecodeTemplate(f.Template)
		if err != nil {
			return fmt.Errorf("impact: face %s: %w", f.ID, err)
		}
		p.Templates = append(p.Templates, watchlist.FaceSample{Template: t, Model: f.Model, Quality: f.Quality})
	}
	if len(p.Templates)+len(p.Names)+len(p.Documents) == 0 {
		out.Query, out.Stamp = m.c.NewQueryID(), m.c.Stamper.Stamp()
		return nil
	}
	lead, err := m.Match(ctx, p)
	if err != nil {
		return fmt.Errorf("impact: %w", err)
	}
	out.Query, out.Stamp, out.Truncated = lead.Query, lead.Stamp, lead.Truncated
	out.Alike = slices.DeleteFunc(lead.Candidates, func(c watchlist.Candidate) bool { return c.Entry.ID == e.ID })
	if len(out.Alike) > alikeLimit {
		out.Alike, out.Truncated = out.Alike[:alikeLimit], true
	}
	for i := range out.Alike {
		out.Alike[i].Rank = i + 1
	}
	return nil
}

func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func checkImpact(q *watchlist.ImpactQuery) error {
	var errs watchlist.ValidationError
	add := func(ptr, code, detail string) {
		errs = append(errs, watchlist.FieldError{Pointer: ptr, Code: code, Detail: detail})
	}
	p := watchlist.Probe{Purpose: q.Purpose, Reason: q.Reason}
	checkCircumstances(&p, add)
	if !(q.Travellers >= 0 && q.Travellers <= 1e9) {
		add("/travellers_per_day", "out_of_range", "from 0 to 1000000000")
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}
