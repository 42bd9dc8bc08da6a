package watchlist_test

import (
	"testing"

	"vigie/watchlist"
)

func TestModelHasPart(t *testing.T) {
	for _, tc := range []struct {
		model, part string
		want        bool
	}{
		{"a/1+b/2", "a/1", true},
		{"a/1+b/2+c", "a/1+b/2", true},
		{"a/1", "a/1", false}, // it is not composite
		{"a/12+b", "a/1", false},
		{"b/2+a/1", "a/1", false}, // it begins with another
		{"+b", "", false},
	} {
		if got := watchlist.ModelHasPart(tc.model, tc.part); got != tc.want {
			t.Errorf("ModelHasPart(%q, %q) = %v", tc.model, tc.part, got)
		}
	}
}
