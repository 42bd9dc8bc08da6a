package names

import (
	"testing"
)

// TestLetterSumsBoundDistances holds the lower bound against the distances that it
// saves, so that no comparison is skipped that could have counted.
func TestLetterSumsBoundDistances(t *testing.T) {
	words := []string{"diallo", "jallow", "kpatcha", "ndiaye", "mamadou", "aaaa", "abab", "hhh", "ouattara", "ly", "e", "thiam", "cissokho", "sissoko", "mbengue", "bengue"}
	for _, a := range words {
		for _, b := range words {
			if low, d := sumOf(a, 'a').least(sumOf(b, 'a')), letterDistance(a, b); low > d+1e-9 {
				t.Errorf("%s, %s: bound %.2f above the distance %.2f", a, b, low, d)
			}
			x, y := tokens(a)[0], tokens(b)[0]
			s, r := Similarity(x, y)
			p, q := *x, *y
			p.sum, p.sums, q.sum, q.sums = 0, nil, 0, nil
			if s2, r2 := Similarity(&p, &q); s != s2 || r != r2 {
				t.Errorf("%s, %s: %.3f %s with sums, %.3f %s without", a, b, s, r, s2, r2)
			}
		}
	}
}
