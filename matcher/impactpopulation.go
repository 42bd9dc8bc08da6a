package matcher

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mathext"

	"vigie/watchlist"
)

// Population is people who are held to replay entries against. Its methods are safe
// for concurrent use.
type Population interface {
	// About says who they are, its groups in the order of their numbers.
	About() watchlist.Population
	// Persons is their number.
	Persons() int
	// Person gives the number of the person's group, and templates made as those of
	// probes, one for each photo.
	Person(i int) (group int, templates [][]float32)
}

// Replayer compares one entry with many probes by the gallery's own comparison.
type Replayer interface {
	// Against gives the comparison with the entry, safe for concurrent use; ok is
	// false when the entry has no face that can be compared. The match is of the
	// reference that a search under q's bounds would name.
	Against(q watchlist.FaceQuery, e *watchlist.Entry) (score func(template []float32) (watchlist.FaceMatch, error), ok bool)
}

// replayStep is how many persons are compared between two looks at the context.
const replayStep = 64

// replayPopulation shows the entry to everybody of the held population, under the
// operating points of out: each photo as a search with that photo alone. The
// population must have templates of every space, or some of the entry's photos would
// be shown to nobody.
func (m *Matcher) replayPopulation(ctx context.Context, e *watchlist.Entry, out *watchlist.Impact) error {
	r := &out.Population
	if m.c.Population == nil {
		r.State = watchlist.PopulationNone
		return nil
	}
	r.Population = m.c.Population.About()
	switch {
	case r.State != "":
		return nil
	case !m.hasParts(r.Model):
		r.State = watchlist.PopulationOtherModel
		return nil
	}
	t := &tally{
		people: m.c.Population, model: r.Model,
		shown: make([]int, len(r.Population.Groups)), maybe: make([]int, len(r.Population.Groups)),
	}
	list := inOrder(out.Point, out.SecondPoint)
	for i, s := range m.spaces {
		q := bounds(list[i])
		q.Model = s.gallery.Model()
		if score, ok := s.replayer.Against(q, e); ok {
			t.in = append(t.in, comparison{s.calibration, q, score, s.calibration.LLR(1)})
		}
	}
	if len(t.in) == 0 {
		r.State = watchlist.PopulationNoFace
		return nil
	}
	if err := t.run(ctx, m.guard); err != nil {
		return fmt.Errorf("replay against the population: %w", err)
	}
	r.State = watchlist.PopulationReplayed
	r.All.Name = "all"
	for i, g := range r.Population.Groups {
		r.Groups = append(r.Groups, groupImpact(g, t.shown[i], t.maybe[i]))
		r.All.Persons, r.All.Photos = r.All.Persons+g.Persons, r.All.Photos+g.Photos
		r.All.Shown, r.All.MayBe = r.All.Shown+t.shown[i], r.All.MayBe+t.maybe[i]
	}
	r.All = groupImpact(r.All.PopulationGroup, r.All.Shown, r.All.MayBe)
	out.Models["population"] = r.Digest
	return nil
}

// hasParts reports whether the population's templates have a part for every space.
func (m *Matcher) hasParts(model string) bool {
	if m.c.Population.Persons() == 0 {
		return false
	}
	_, templates := m.c.Population.Person(0)
	for _, s := range m.spaces {
		if _, ok := s.calibration.Part(model, templates[0]); !ok {
			return false
		}
	}
	return true
}

// comparison is that of the entry with one template after another in one space.
type comparison struct {
	calibration Calibration
	query       watchlist.FaceQuery
	score       func([]float32) (watchlist.FaceMatch, error)
	// doubt is the largest LLR that the calibration gives.
	doubt float64
}

// tally counts the persons who would be shown an entry.
type tally struct {
	people Population
	model  string // of the people's templates
	in     []comparison

	next atomic.Int64
	mu   sync.Mutex
	// shown and maybe are by group.
	shown, maybe []int
}

// run compares everybody, on all cores. The counts don't depend on the order.
func (t *tally) run(ctx context.Context, guard func(string, func() error) error) error {
	group, inner := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error { return guard("population", func() error { return t.take(inner) }) })
	}
	return group.Wait()
}

// take compares some persons at a time until there are no more.
func (t *tally) take(ctx context.Context) error {
	n := t.people.Persons()
	for {
		from := int(t.next.Add(replayStep)) - replayStep
		if from >= n {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := from; i < min(from+replayStep, n); i++ {
			if err := t.person(i); err != nil {
				return err
			}
		}
	}
}

// person counts a person once, whatever the number of photos.
func (t *tally) person(i int) error {
	group, templates := t.people.Person(i)
	shown, maybe := 0, 0
	for _, template := range templates {
		for _, c := range t.in {
			part, ok := c.calibration.Part(t.model, template)
			if !ok {
				return fmt.Errorf("a template of the population is none of %s", t.model)
			}
			match, err := c.score(part)
			if err != nil {
				return err
			}
			if c.query.Meets(match.Score, match.LowQuality) {
				shown = 1
				if c.calibration.LLR(match.Score) >= c.doubt {
					maybe = 1
				}
			}
		}
	}
	if shown > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown[group] += shown
		t.maybe[group] += maybe
	}
	return nil
}

func groupImpact(g watchlist.PopulationGroup, shown, maybe int) watchlist.GroupImpact {
	out := watchlist.GroupImpact{PopulationGroup: g, Shown: shown, MayBe: maybe, Rate: float64(shown) / float64(max(g.Persons, 1))}
	out.Low, out.High = clopperPearson(shown, g.Persons)
	return out
}

// clopperPearson is the exact two-sided 95 % interval of a share of which k of n
// were seen (Clopper and Pearson, Biometrika 26, 1934): quantiles of beta
// distributions. With none of n its upper end is about 3.7/n.
func clopperPearson(k, n int) (low, high float64) {
	const tail = 0.025
	high = 1
	if k > 0 {
		low = mathext.InvRegIncBeta(float64(k), float64(n-k+1), tail)
	}
	if k < n {
		high = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-tail)
	}
	return low, high
}
