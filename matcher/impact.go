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
	m, release, err := m.held()
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	defer release()
	e, err := m.c.Entries.Entry(q.Entry)
	if err != nil {
		return nil, fmt.Errorf("impact: %w", err)
	}
	out := &watchlist.Impact{
		Entry: e.ID, Revision: e.Revision, Status: e.EffectiveStatus(m.c.Clock()),
		Travellers: q.Travellers, Models: m.leadModels(),
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
	n, low := size(m.spaces), true
	for _, f := range e.Faces {
		if !m.comparable(f) {
			continue
		}
		if out.Status != watchlist.StatusActive {
			n++
		}
		low = low && slices.Contains(f.Quality.Flags, watchlist.FlagLowQualityReference)
	}
	list := points(m.spaces, m.c.TargetFPIR, n)
	out.Point, out.SecondPoint = shown(list)
	var none, typical float64 // logarithms of the share of strangers that no face is shown for
	for _, f := range e.Faces {
		face := watchlist.FaceImpact{Face: f.ID, Comparable: m.comparable(f)}
		if face.Comparable {
			t, at, err := m.part(f)
			if err != nil {
				return err
			}
			threshold := list[at].Threshold
			if low {
				threshold = max(threshold, list[at].LowQualityThreshold)
			}
			if face.FMR, face.Typical, err = m.spaces[at].strangers.FMROf(t, threshold); err != nil {
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
	_, ok := m.spaceOf(f.Model)
	return ok && len(f.Template) > 0
}

// part gives what a comparable face is compared by, and the number of its space.
func (m *Matcher) part(f watchlist.Face) (t []float32, at int, err error) {
	at, _ = m.spaceOf(f.Model)
	whole, err := watchlist.DecodeTemplate(f.Template)
	if err != nil {
		return nil, 0, fmt.Errorf("impact: face %s: %w", f.ID, err)
	}
	t, ok := m.spaces[at].calibration.Part(f.Model, whole)
	if !ok {
		return nil, 0, fmt.Errorf("impact: face %s: its template is not one of its model", f.ID)
	}
	return t, at, nil
}

// alike searches for the person of the entry and leaves the entry itself out. An
// entry with photos of the node's own encoders is searched by them, in all spaces;
// one without is searched by what the first encoder made of its photos, among all
// photos, those that both encoders have seen by the first one's part.
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
	from := len(m.spaces) - 1
	for _, f := range e.Faces {
		if at, ok := m.spaceOf(f.Model); ok && len(f.Template) > 0 {
			from = min(from, at)
		}
	}
	for _, f := range e.Faces {
		if at, _ := m.spaceOf(f.Model); !m.comparable(f) || at != from || len(p.Templates) == MaxSamples {
			continue
		}
		t, _, err := m.part(f)
		if err != nil {
			return err
		}
		p.Templates = append(p.Templates, watchlist.FaceSample{Template: t, Model: m.spaces[from].gallery.Model(), Quality: f.Quality})
	}
	if len(p.Templates)+len(p.Names)+len(p.Documents) == 0 {
		out.Query, out.Stamp = m.c.NewQueryID(), m.c.Stamper.Stamp()
		return nil
	}
	lead, err := m.match(ctx, p, m.spaces[from:])
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
