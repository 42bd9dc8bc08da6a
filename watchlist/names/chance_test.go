package names

import (
	"testing"

	"vigie/watchlist"
)

// TestShortSoundsAgreeByChance: words of two or three sounds that share no
// letters are no good match, however their sounds fall together; the short
// surnames of the region keep their score.
func TestShortSoundsAgreeByChance(t *testing.T) {
	like := func(a, b string) float64 {
		x, y := Split(watchlist.Name{Full: a}), Split(watchlist.Name{Full: b})
		s, _ := Similarity(NewTokenByRules(x[0]), NewTokenByRules(y[0]))
		return s
	}
	for _, p := range [][2]string{{"Xin", "Kyong"}, {"Xia", "Kyu"}, {"Zhu", "Hsueh"}, {"سينا", "Ehsan"}, {"كيانا", "Khan"}} {
		if s := like(p[0], p[1]); s >= 0.87 || s != like(p[1], p[0]) {
			t.Errorf("%s, %s: %.3f", p[0], p[1], s)
		}
	}
	for _, p := range [][2]string{{"Sy", "Sii"}, {"Ba", "Bah"}, {"Seck", "Sek"}, {"Dieng", "Jeng"}, {"Kane", "Kan"}, {"Ly", "Li"}} {
		if s := like(p[0], p[1]); s < 0.88 {
			t.Errorf("%s, %s: %.3f", p[0], p[1], s)
		}
	}
}
