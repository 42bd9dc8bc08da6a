package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"vigie/models"
)

// Sample is one photo with the label of its person.
type Sample struct {
	Person string
	// Template is what enrolment makes of the photo. Probe is what a search makes
	// of it; nil where both are the same.
	Template, Probe []float32
}

// Values gives the sample with the values from and up to to of its templates.
func (s Sample) Values(from, to int) Sample {
	s.Template = s.Template[from:to]
	if s.Probe != nil {
		s.Probe = s.Probe[from:to]
	}
	return s
}

func (s Sample) probe() []float32 {
	if s.Probe == nil {
		return s.Template
	}
	return s.Probe
}

// Group is a population whose members are compared with each other.
type Group struct {
	Name    string
	Samples []Sample
}

// Pairs holds pairs of persons that may be one person under two labels; they
// are left out of impostor scores and stay in one fold.
type Pairs map[[2]string]bool

// Add adds a pair in both orders.
func (p Pairs) Add(a, b string) { p[[2]string{a, b}], p[[2]string{b, a}] = true, true }

// Input is what a calibration is fitted on.
type Input struct {
	// Model is the model and recipe of all templates.
	Model string
	// Parts divide composite templates; none for those of one encoder.
	Parts    []Part
	Groups   []Group
	Excluded Pairs
	// Together holds further pairs of persons that stay in one fold and count as
	// impostors all the same.
	Together Pairs
	// InputSHA256 identifies the photos and is recorded in the file.
	InputSHA256 string
}

// Options steer a fit; the zero value is good.
type Options struct {
	// Anchor is the group that gets half of the cohort's weight; the others share
	// the other half in proportion to the root of their persons, which keeps a
	// small group from vanishing beside a large one. Default "west_african" where
	// there is such a group, else every group weighs the same.
	Anchor string
	// MinPersons is the least number of persons of a group, default 20, and
	// MinSide that on each side of the balance (the anchor, the others
	// together), default 150: with fewer, the whitening fits the persons
	// instead of the population.
	MinPersons, MinSide int
}

// DefaultAnchor is the population that stands before the cameras.
const DefaultAnchor = "west_african"

// Lambda is the share of the mean variance added to every variance before
// whitening; it keeps noise dimensions from being blown up (research: 0.5 and 2
// did equally well).
const Lambda = 0.5

func (o *Options) defaults(groups []Group) {
	if o.MinPersons <= 0 {
		o.MinPersons = models.MinGroupPersons
	}
	if o.MinSide <= 0 {
		o.MinSide = models.MinSidePersons
	}
	named := func(g Group) bool { return g.Name == DefaultAnchor }
	if o.Anchor == "" && slices.ContainsFunc(groups, named) {
		o.Anchor = DefaultAnchor
	}
}

// weights gives each group's share of the cohort.
func (o Options) weights(groups []Group) []float64 {
	w := make([]float64, len(groups))
	root := func(g Group) float64 { return math.Sqrt(float64(len(personsOf(g)))) }
	others := 0.0
	for _, g := range groups {
		if g.Name != o.Anchor {
			others += root(g)
		}
	}
	for i, g := range groups {
		switch {
		case o.Anchor == "":
			w[i] = 1 / float64(len(groups))
		case g.Name == o.Anchor:
			w[i] = 0.5
		default:
			w[i] = 0.5 * root(g) / others
		}
	}
	return w
}

// check refuses a cohort that a calibration cannot rest on.
func (in Input) check(o Options) (dim int, err error) {
	if in.Model == "" {
		return 0, errors.New("the templates name no model")
	}
	if len(in.Groups) < 2 {
		return 0, fmt.Errorf("unbalanced cohort: %d group given, at least 2 needed", len(in.Groups))
	}
	anchor, others := 0, 0
	for _, g := range in.Groups {
		n := len(personsOf(g))
		if n < o.MinPersons {
			return 0, fmt.Errorf("unbalanced cohort: group %s has %d persons with a template, at least %d needed", g.Name, n, o.MinPersons)
		}
		if g.Name == o.Anchor {
			anchor += n
		} else {
			others += n
		}
		for _, s := range g.Samples {
			if dim == 0 {
				dim = len(s.Template)
			}
			for _, t := range [][]float32{s.Template, s.probe()} {
				if len(t) != dim || dim < 2 {
					return 0, fmt.Errorf("group %s holds templates of %d and %d values", g.Name, dim, len(t))
				}
			}
		}
	}
	if o.Anchor != "" && (anchor < o.MinSide || others < o.MinSide) {
		return 0, fmt.Errorf("unbalanced cohort: %d persons in group %s and %d in the others, at least %d needed on each side", anchor, o.Anchor, others, o.MinSide)
	}
	if anchor+others < 2*o.MinSide {
		return 0, fmt.Errorf("unbalanced cohort: %d persons, at least %d needed", anchor+others, 2*o.MinSide)
	}
	return dim, in.checkParts(dim)
}

// personsOf counts the samples of every person.
func personsOf(g Group) map[string]int {
	out := map[string]int{}
	for _, s := range g.Samples {
		out[s.Person]++
	}
	return out
}
