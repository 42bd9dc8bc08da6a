package models

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

// The least cohort that a calibration can rest on: with fewer persons the
// whitening fits the persons instead of the population.
const (
	// MinGroupPersons is the least number of persons of a group, MinSidePersons
	// that on each side of the balance: the group that weighs most, and the others
	// together.
	MinGroupPersons = 20
	MinSidePersons  = 150
	// MinMatedPairs is the least number of mated pairs for a likelihood ratio.
	MinMatedPairs = 30
)

// ErrCohort: the file does not say on how many persons it rests, or they are too
// few or not in balance.
var ErrCohort = errors.New("the cohort can't carry a calibration")

// ShippedCalibration gives the bytes of the calibration file that is built into
// the program. They are the caller's.
func ShippedCalibration() []byte { return bytes.Clone(defaultCalibration) }

// CheckCohort refuses a calibration whose file has no counts, too few persons or
// an unbalanced cohort, with an error that wraps ErrCohort and names the group by
// its place. LoadCalibration does not ask for that: an earlier file stays
// readable.
func (c *Calibration) CheckCohort() error {
	groups := c.data.Cohort.Groups
	if len(groups) < 2 {
		return fmt.Errorf("%w: %d groups are counted, at least 2 needed", ErrCohort, len(groups))
	}
	total, mated, weights, heaviest := 0, 0, 0.0, 0
	for i, g := range groups {
		switch {
		case g.Persons < MinGroupPersons:
			return fmt.Errorf("%w: group %d has %d persons, at least %d needed", ErrCohort, i+1, g.Persons, MinGroupPersons)
		case g.Photos < g.Persons || g.ImpostorPairs < 1 || g.MatedPairs < 0:
			return fmt.Errorf("%w: group %d has no plausible counts of photos and pairs", ErrCohort, i+1)
		case !finite(g.Weight) || g.Weight <= 0:
			return fmt.Errorf("%w: group %d has no weight", ErrCohort, i+1)
		}
		total, mated, weights = total+g.Persons, mated+g.MatedPairs, weights+g.Weight
		if g.Weight > groups[heaviest].Weight {
			heaviest = i
		}
	}
	side, top := groups[heaviest].Persons, groups[heaviest].Weight
	switch {
	case math.Abs(weights-1) > 1e-6:
		return fmt.Errorf("%w: the groups' weights sum to %.6f, not to 1", ErrCohort, weights)
	case top > 0.5+1e-6:
		return fmt.Errorf("%w: group %d weighs %.3f, more than half", ErrCohort, heaviest+1, top)
	case total < 2*MinSidePersons:
		return fmt.Errorf("%w: %d persons, at least %d needed", ErrCohort, total, 2*MinSidePersons)
	case (len(groups) == 2 || top > 1/float64(len(groups))+1e-6) && (side < MinSidePersons || total-side < MinSidePersons):
		return fmt.Errorf("%w: %d persons in group %d and %d in the others, at least %d needed on each side", ErrCohort, side, heaviest+1, total-side, MinSidePersons)
	case mated < MinMatedPairs || c.data.LLR.MatedPairs < MinMatedPairs || c.data.LLR.ImpostorPairs < 1:
		return fmt.Errorf("%w: at least %d mated pairs needed", ErrCohort, MinMatedPairs)
	case c.data.FMR.Persons < 2 || c.data.FMR.Pairs < 1:
		return fmt.Errorf("%w: the false match rates have no counts", ErrCohort)
	}
	return nil
}
