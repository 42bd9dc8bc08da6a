package gen

import (
	"math/rand/v2"
	"sort"
	"strings"
)

// Counted is a given name or surname and how many people bear it.
type Counted struct {
	Name    string
	Surname bool
	Count   int
}

// The tails: the share of given names and surnames that are made of the region's
// syllables, since counts of some hundred people know no rare name; and the share
// of people with a second given name.
const (
	rareSurname = 0.20
	rareGiven   = 0.05
	twoGiven    = 0.30
)

// SkewedNames draws n full names with the frequencies of counts, so that a few
// surnames cover half of the list, and a tail of rare ones. Without a given name
// or without a surname in counts that part is always a rare one.
func SkewedNames(seed uint64, n int, counts []Counted) []string {
	r := rand.New(rand.NewPCG(seed, 0x736b6577))
	given, surname := newDraw(counts, false), newDraw(counts, true)
	out := make([]string, n)
	for i := range out {
		parts := []string{given.draw(r, rareGiven)}
		if r.Float64() < twoGiven {
			parts = append(parts, given.draw(r, rareGiven))
		}
		out[i] = strings.Join(append(parts, surname.draw(r, rareSurname)), " ")
	}
	return out
}

// draw picks names by their counts.
type draw struct {
	names []string
	upTo  []int
}

func newDraw(counts []Counted, surname bool) draw {
	var d draw
	total := 0
	for _, c := range counts {
		if c.Surname == surname && c.Count > 0 {
			total += c.Count
			d.names, d.upTo = append(d.names, c.Name), append(d.upTo, total)
		}
	}
	return d
}

func (d draw) draw(r *rand.Rand, rare float64) string {
	if len(d.names) == 0 || r.Float64() < rare {
		return syllables(r)
	}
	x := r.IntN(d.upTo[len(d.upTo)-1])
	return d.names[sort.SearchInts(d.upTo, x+1)]
}

// syllables makes a name of two or three of the region's syllables.
func syllables(r *rand.Rand) string {
	var b strings.Builder
	for range 2 + r.IntN(2) {
		b.WriteString(onsets[r.IntN(len(onsets))])
		b.WriteString(rimes[r.IntN(len(rimes))])
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}
