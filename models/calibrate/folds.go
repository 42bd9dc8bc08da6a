package calibrate

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// folds deals the persons of every group out to k folds and gives the fold of
// each sample: persons with and without mates in turn, in the order of their
// label's hash; persons that may be one stay together.
func (in Input) folds(k int) [][]int {
	out := make([][]int, len(in.Groups))
	for at, g := range in.Groups {
		counts := personsOf(g)
		leader := in.leaders(counts)
		var order []string
		mates := map[string]bool{}
		for p, n := range counts {
			if leader[p] == p {
				order = append(order, p)
			}
			mates[leader[p]] = mates[leader[p]] || n > 1
		}
		slices.SortFunc(order, func(a, b string) int {
			if mates[a] != mates[b] {
				if mates[a] {
					return -1
				}
				return 1
			}
			x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
			return slices.Compare(x[:], y[:])
		})
		fold := map[string]int{}
		for i, p := range order {
			fold[p] = i % k
		}
		out[at] = make([]int, len(g.Samples))
		for i, s := range g.Samples {
			out[at][i] = fold[leader[s.Person]]
		}
	}
	return out
}

// leaders joins persons that may be one: each is mapped to the first label of
// its circle.
func (in Input) leaders(persons map[string]int) map[string]string {
	leader := map[string]string{}
	for p := range persons {
		leader[p] = p
	}
	for changed := true; changed; {
		changed = false
		for _, pairs := range []Pairs{in.Excluded, in.Together} {
			for pair := range pairs {
				a, okA := leader[pair[0]]
				b, okB := leader[pair[1]]
				if okA && okB && strings.Compare(a, b) < 0 {
					leader[pair[1]] = a
					changed = true
				}
			}
		}
	}
	return leader
}

// subset gives the samples whose fold is kept.
func subset(groups []Group, folds [][]int, keep func(fold int) bool) []Group {
	out := make([]Group, len(groups))
	for at, g := range groups {
		out[at].Name = g.Name
		for i, s := range g.Samples {
			if keep(folds[at][i]) {
				out[at].Samples = append(out[at].Samples, s)
			}
		}
	}
	return out
}
