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
// operating point of out: each photo as a search with that photo alone.
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
	case r.Model != m.c.Gallery.Model():
		r.State = watchlist.PopulationOtherModel
		return nil
	}
	q := bounds(out.Point, 1)
	q.Model = m.c.Gallery.Model()
	score, ok := m.c.Replayer.Against(q, e)
	if !ok {
		r.State = watchlist.PopulationNoFace
		return nil
	}
	t := &tally{
		people: m.c.Population, query: q, score: score, doubt: m.c.Calibration.LLR(1), llr: m.c.Calibration.LLR,
		shown: make([]int, len(r.Population.Groups)), maybe: make([]int, len(r.Population.Groups)),
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

// tally counts the persons who would be shown an entry.
type tally struct {
	people Population
	query  watchlist.FaceQuery
	score  func([]float32) (watchlist.FaceMatch, error)
	// doubt is the largest LLR that the calibration gives.
	doubt float64
	llr   func(float64) float64

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
		match, err := t.score(template)
		if err != nil {
			return err
		}
		if t.query.Meets(match.Score, match.LowQuality) {
			shown = 1
			if t.llr(match.Score) >= t.doubt {
				maybe = 1
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
