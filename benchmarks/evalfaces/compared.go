package evalfaces

import (
	"crypto/sha256"
	"slices"
)

// maxGroup and maxPool bound the photos that are compared all against all, of a
// group and in all: a table of maxPool photos takes 288 MB.
const maxGroup, maxPool = 3000, 6000

// compared gives the photos with a template that are compared: all, or of large
// groups a part. Persons are taken whole, those with several photos first, in the
// order of their label's hash.
func (s *Set) compared() []GroupSet {
	most := maxGroup
	with := make([]GroupSet, len(s.Groups))
	total := 0
	for i, g := range s.Groups {
		with[i].Name = g.Name
		for _, p := range g.Photos {
			if p.Template != nil {
				with[i].Photos = append(with[i].Photos, p)
			}
		}
		total += min(len(with[i].Photos), maxGroup)
	}
	if total > maxPool {
		most = maxPool / len(with)
	}
	for i := range with {
		with[i] = with[i].atMost(most)
	}
	return with
}

// atMost gives a part of at most n photos, and counts its persons.
func (g GroupSet) atMost(n int) GroupSet {
	photos := map[string]int{}
	for _, p := range g.Photos {
		photos[p.Person]++
	}
	g.Persons = len(photos)
	if len(g.Photos) <= n {
		return g
	}
	order := make([]string, 0, len(photos))
	for p := range photos {
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b string) int {
		if mates := photos[a] > 1; mates != (photos[b] > 1) {
			if mates {
				return -1
			}
			return 1
		}
		return compareHashes(a, b)
	})
	taken := map[string]bool{}
	for _, p := range order {
		if photos[p] <= n {
			taken[p] = true
			n -= photos[p]
		}
	}
	part := GroupSet{Name: g.Name, Persons: len(taken)}
	for _, p := range g.Photos {
		if taken[p.Person] {
			part.Photos = append(part.Photos, p)
		}
	}
	return part
}

// compareHashes orders labels by their hash: an order that says nothing of them.
func compareHashes(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return slices.Compare(x[:], y[:])
}
