package calibrate

import "fmt"

// FoldSpace is a space that was learned from all persons but those of two folds,
// for comparing these with each other: X with Y, in both roles. X and Y are equal
// for the persons of one fold among themselves.
type FoldSpace struct {
	X, Y int
	fold [][]int
	t    *space
}

// Spaces learns the person-disjoint spaces of Disjoint with more than two folds,
// one after the other, and shows each to visit, whose error ends it. It fails on an
// unbalanced cohort.
func Spaces(in Input, o Options, folds int, visit func(s *FoldSpace) error) error {
	o.defaults(in.Groups)
	dim, err := in.check(o)
	if err != nil {
		return fmt.Errorf("compare person-disjoint: %w", err)
	}
	fold := in.folds(folds)
	for x := range folds {
		for y := x; y < folds; y++ {
			rest := subset(in.Groups, fold, func(f int) bool { return f != x && f != y })
			t, err := fitSpace(rest, o.weights(rest), in.spaces(dim))
			if err != nil {
				return err
			}
			if err := visit(&FoldSpace{X: x, Y: y, fold: fold, t: t}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Fold is the fold of a sample of a group of the input; all samples of a person
// share one.
func (s *FoldSpace) Fold(group, sample int) int { return s.fold[group][sample] }

// Project brings a template into the space: unit norm.
func (s *FoldSpace) Project(template []float32) ([]float32, error) {
	z, err := s.t.apply(template)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(z))
	for i, v := range z {
		out[i] = float32(v)
	}
	return out, nil
}
