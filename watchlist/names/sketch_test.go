package names

import (
	"math/rand/v2"
	"strings"
	"testing"

	"vigie/watchlist"
)

// sketchWords are spellings of all kinds: the table's, made-up ones near and far,
// initials, particles, other scripts, words cut off.
func sketchWords(t testing.TB) []*Token {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	var list []*Token
	add := func(full string, cut bool) {
		for _, raw := range Split(watchlist.Name{Full: full, Truncated: cut}) {
			list = append(list, NewToken(raw), NewTokenByRules(raw))
		}
	}
	for _, f := range Families() {
		for i, form := range f.Forms {
			if i < 2 {
				add(form, r.IntN(8) == 0)
			}
		}
	}
	letters := "aaeeiioouubcdfghjklmnpqrstvwxyz"
	for range 500 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteByte(letters[r.IntN(len(letters))])
		}
		add(b.String(), r.IntN(8) == 0)
		add(b.String()[:1+r.IntN(b.Len())]+"ka", r.IntN(8) == 0)
	}
	for _, s := range []string{
		"a b c k M al el ould bint El-Hadji Cheikh", "محمد ولد الشيخ عبد الرحمن", "张伟 이영", "ߊߡߊߘߎ", "Müller Mueller Muller Ñas Øre",
		"MXHMD ALXSHYKH", "Chukwuemeka Emeka Fatou Fatoumata", "x xx xxx " + strings.Repeat("x", 60) + " " + strings.Repeat("ab", 80),
	} {
		add(s, false)
		add(s, true)
	}
	return list
}

// TestSketchesBound holds every pair of many words: no sketch gives less than the
// similarity, both ways round it gives the same, and most strangers are dismissed.
func TestSketchesBound(t *testing.T) {
	list := sketchWords(t)
	sketches := make([]Sketch, len(list))
	for i, w := range list {
		sketches[i] = w.Sketch()
	}
	dismissed, zero := 0, 0
	for i, a := range list {
		for k, b := range list[:i+1] {
			s, _ := Similarity(a, b)
			most := sketches[i].AtMost(&sketches[k])
			if back := sketches[k].AtMost(&sketches[i]); most != back || most < s {
				t.Fatalf("%+v and %+v: similarity %v, at most %v and %v", a.Raw, b.Raw, s, most, back)
			}
			if s == 0 && len(a.Families)*len(b.Families) == 0 {
				zero++
				if most == 0 {
					dismissed++
				}
			}
		}
	}
	if dismissed*2 < zero {
		t.Errorf("%d of %d pairs of strangers are dismissed: too few to be of use", dismissed, zero)
	}
	t.Logf("%d of %d pairs of strangers are dismissed", dismissed, zero)
}

// FuzzBoundAndSketch holds two names against one another: no bound is below what it
// bounds.
func FuzzBoundAndSketch(f *testing.F) {
	for _, s := range [][2]string{
		{"Mamadou Lamine Ndiaye", "Mamadou Diop"},
		{"Da Silva", "Maria Dasilva"},
		{"M. Ould Cheikh", "محمد ولد الشيخ"},
		{"Ba Ba Ba", "Baba"},
		{"El Hadji", "Elhadj Cheikh"},
		{"a b c d e", "abcde"},
	} {
		f.Add(s[0], s[1], false)
		f.Add(s[0], s[1], true)
	}
	f.Fuzz(func(t *testing.T, a, b string, cut bool) {
		checkBound(t, Parse(watchlist.Name{Full: a, Truncated: cut}).Tokens, Parse(watchlist.Name{Full: b}).Tokens)
	})
}

func checkBound(t *testing.T, p, e []*Token) {
	t.Helper()
	var sims [MaxTokens][MaxTokens]float32
	for i, x := range p {
		for j, y := range e {
			s, _ := Similarity(x, y)
			sims[i][j] = float32(s)
			a, b := x.Sketch(), y.Sketch()
			if most := a.AtMost(&b); most < s {
				t.Fatalf("%+v and %+v: similarity %v, at most %v", x.Raw, y.Raw, s, most)
			}
		}
	}
	if score, bound := Score(p, e, &sims), Bound(p, e, &sims); score > bound+1e-12 {
		t.Fatalf("score %v over the bound %v", score, bound)
	}
}

// TestBoundHolds holds made-up tables of similarity against the bound: also those
// that no words have.
func TestBoundHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	list := sketchWords(t)
	tight := 0
	const runs = 40_000
	for range runs {
		p, e := make([]*Token, 1+r.IntN(5)), make([]*Token, 1+r.IntN(5))
		for _, side := range [][]*Token{p, e} {
			for i := range side {
				side[i] = list[r.IntN(len(list))]
			}
		}
		var sims [MaxTokens][MaxTokens]float32
		for i := range p {
			for j := range e {
				if r.IntN(2) == 0 {
					sims[i][j] = []float32{1, 0.97, 0.9, 0.7, 0.62}[r.IntN(5)]
				}
			}
		}
		score, bound := Score(p, e, &sims), Bound(p, e, &sims)
		if score > bound+1e-12 {
			t.Fatalf("score %v over the bound %v", score, bound)
		}
		if bound-score < 0.05 {
			tight++
		}
	}
	if tight < runs/5 {
		t.Errorf("only %d of %d bounds are near the score", tight, runs)
	}
}
