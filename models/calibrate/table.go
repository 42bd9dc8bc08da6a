package calibrate

import (
	"fmt"
	"math"
	"slices"
)

// Table holds the comparisons of a group: every photo as the probe against every
// photo as the reference.
type Table struct {
	Name string
	// Persons holds the person of each photo.
	Persons []string
	scores  []float64
}

// Compare makes a table. score is told the numbers of two photos and gives NaN
// where they are not compared; higher is more alike.
func (g Group) Compare(score func(probe, reference int) float64) *Table {
	t := g.table()
	n := len(t.Persons)
	for i := range n {
		for j := range n {
			t.scores[i*n+j] = score(i, j)
		}
	}
	return t
}

func (g Group) table() *Table {
	n := len(g.Samples)
	t := &Table{Name: g.Name, Persons: make([]string, n), scores: make([]float64, n*n)}
	for i, s := range g.Samples {
		t.Persons[i] = s.Person
	}
	for i := range t.scores {
		t.scores[i] = math.NaN()
	}
	return t
}

// At gives the score of one photo as the probe against another, NaN where they
// were not compared.
func (t *Table) At(probe, reference int) float64 { return t.scores[probe*len(t.Persons)+reference] }

// Scores gathers the comparisons of two photos, in both orders: each pair counts
// twice. Excluded pairs of persons are no impostors.
func (t *Table) Scores(excluded Pairs) Scores {
	return t.some(excluded, func(int, int) bool { return true })
}

func (t *Table) some(excluded Pairs, keep func(i, j int) bool) Scores {
	var s Scores
	for i, a := range t.Persons {
		for j, b := range t.Persons {
			v := t.At(i, j)
			if i == j || math.IsNaN(v) || !keep(i, j) {
				continue
			}
			switch {
			case a == b:
				s.Mated = append(s.Mated, v)
			case !excluded[[2]string{a, b}]:
				s.Impostor = append(s.Impostor, v)
			}
		}
	}
	slices.Sort(s.Mated)
	slices.Sort(s.Impostor)
	return s
}

// Disjoint compares the photos of every group in spaces that were learned from
// other persons. With two folds, each half is compared in the space of the other.
// With more, every pair is compared once in each order, in the space learned
// from all folds but those of its two persons; mates share a fold. It fails on an
// unbalanced cohort.
func Disjoint(in Input, o Options, folds int) ([]*Table, error) {
	o.defaults(in.Groups)
	dim, err := in.check(o)
	if err != nil {
		return nil, fmt.Errorf("compare person-disjoint: %w", err)
	}
	return in.disjoint(o, dim, in.folds(folds), folds)
}

// DisjointPool is Disjoint with one more table, of all photos of all groups. A
// label names one person in all groups.
func DisjointPool(in Input, o Options, folds int) (groups []*Table, pool *Table, err error) {
	o.defaults(in.Groups)
	dim, err := in.check(o)
	if err != nil {
		return nil, nil, fmt.Errorf("compare person-disjoint: %w", err)
	}
	fold := in.folds(folds)
	var all Group
	var dealt []int
	for i, g := range in.Groups {
		all.Samples, dealt = append(all.Samples, g.Samples...), append(dealt, fold[i]...)
	}
	tables, err := in.compare(o, dim, fold, folds, append(slices.Clone(in.Groups), all), append(slices.Clone(fold), dealt))
	if err != nil {
		return nil, nil, err
	}
	last := len(tables) - 1
	return tables[:last], tables[last], nil
}

func (in Input) disjoint(o Options, dim int, fold [][]int, folds int) ([]*Table, error) {
	return in.compare(o, dim, fold, folds, in.Groups, fold)
}

// compare learns from in.Groups, of which fold tells the folds, and compares the
// photos of each of groups, of which dealt tells them.
func (in Input) compare(o Options, dim int, fold [][]int, folds int, groups []Group, dealt [][]int) ([]*Table, error) {
	tables := make([]*Table, len(groups))
	for i, g := range groups {
		tables[i] = g.table()
	}
	for x := range folds {
		for y := x; y < folds; y++ {
			if folds == 2 && x != y {
				continue
			}
			rest := subset(in.Groups, fold, func(f int) bool { return f != x && f != y })
			t, err := fitSpace(rest, o.weights(rest), in.spaces(dim))
			if err != nil {
				return nil, err
			}
			for i, g := range groups {
				if err := t.fill(tables[i], g, dealt[i], x, y); err != nil {
					return nil, fmt.Errorf("group %s: %w", g.Name, err)
				}
			}
		}
	}
	return tables, nil
}

// fill compares the photos of fold x with those of fold y, in both orders.
func (t *space) fill(table *Table, g Group, fold []int, x, y int) (err error) {
	references, probes := make([][]float64, len(g.Samples)), make([][]float64, len(g.Samples))
	for i, s := range g.Samples {
		if fold[i] != x && fold[i] != y {
			continue
		}
		if references[i], err = t.apply(s.Template); err != nil {
			return err
		}
		probes[i] = references[i]
		if s.Probe != nil {
			if probes[i], err = t.apply(s.Probe); err != nil {
				return err
			}
		}
	}
	n := len(g.Samples)
	for i, probe := range probes {
		for j, reference := range references {
			if probe != nil && reference != nil && (fold[i] == x && fold[j] == y || fold[i] == y && fold[j] == x) {
				table.scores[i*n+j] = dot(probe, reference)
			}
		}
	}
	return nil
}

// plain compares by minus the L2 distance of the templates as they are.
func (g Group) plain() *Table {
	return g.Compare(func(i, j int) float64 {
		a, b := g.Samples[i].probe(), g.Samples[j].Template
		var sum float64
		for k, v := range a {
			d := float64(v) - float64(b[k])
			sum += float64(d * d)
		}
		return -math.Sqrt(sum)
	})
}
