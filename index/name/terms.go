package name

import (
	"strconv"

	"vigie/watchlist/names"
)

// field is the kind of a key.
type field uint8

// The keys of a word, see the package comment.
const (
	fieldToken field = iota
	fieldFamily
	fieldSkeleton
	fieldInitial
	fieldPrefix
	fieldCount
)

// prefixLen is the length of the prefixes.
const prefixLen = 4

// term is one key.
type term struct {
	field field
	value string
}

func familyTerm(number uint16) term { return term{fieldFamily, strconv.Itoa(int(number))} }

// joinable reports whether two neighbours are often written as one word: one of
// them is short or a particle (Da Silva, El Hadj, N Diaye).
func joinable(a, b *names.Token) bool {
	return len(a.Text) <= 3 || len(b.Text) <= 3 || a.Class == names.Particle
}

// queryTerms are the keywords that stand for one word of a query: any of keys
// says that a name may hold the word, any of near that it may hold something
// like it.
type queryTerms struct {
	keys, near []term
	// fuzzy tells that a spelling may differ by some letters, see fuzziness.
	fuzzy bool
}

func newQueryTerms(tokens []*names.Token, i int) queryTerms {
	t := tokens[i]
	var q queryTerms
	q.keys = append(q.keys, term{fieldToken, t.Text})
	if t.Alt != "" {
		q.keys = append(q.keys, term{fieldToken, t.Alt})
	}
	if t.Class == names.Initial {
		q.keys = append(q.keys, term{fieldInitial, t.Text})
		return q
	}
	if i > 0 {
		q.keys = append(q.keys, term{fieldToken, tokens[i-1].Text + t.Text})
	}
	if i+1 < len(tokens) {
		q.keys = append(q.keys, term{fieldToken, t.Text + tokens[i+1].Text})
	}
	for _, f := range t.Families {
		q.keys = append(q.keys, familyTerm(f))
	}
	for _, s := range t.Skeletons {
		q.keys = append(q.keys, term{fieldSkeleton, s})
	}
	q.keys = append(q.keys, term{fieldToken, t.Text[:1]}) // an initial on the list
	if len(t.Text) >= prefixLen {
		p := term{fieldPrefix, t.Text[:prefixLen]}
		if t.Prefix {
			q.keys = append(q.keys, p)
		}
		q.near = append(q.near, p)
	}
	q.fuzzy = !t.Consonantal && fuzziness(len(t.Text)) > 0
	return q
}

// fuzziness is the number of letters that may differ in a word of n letters.
func fuzziness(n int) int {
	switch {
	case n <= 2:
		return 0
	case n <= 5:
		return 1
	}
	return 2
}

// within reports whether two words differ by at most k letters inserted,
// dropped, replaced or swapped with their neighbour: what a
// Levenshtein automaton with transpositions accepts.
func within(a, b string, k int) bool {
	if len(a)-len(b) > k || len(b)-len(a) > k {
		return false
	}
	if k == 0 || a == b {
		return a == b
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	if len(a) == 0 || len(b) == 0 {
		return len(a)+len(b) <= k
	}
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] && within(a[2:], b[2:], k-1) {
		return true
	}
	return within(a[1:], b[1:], k-1) || within(a[1:], b, k-1) || within(a, b[1:], k-1)
}
