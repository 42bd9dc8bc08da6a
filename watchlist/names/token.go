package names

import (
	"strings"

	"vigie/watchlist"
)

// Token is one word of a name with everything that comparison needs. Tokens are
// immutable once built and may be shared.
type Token struct {
	Raw
	Class Class
	// Sounds are the readings of the word, likeliest first; Skeletons are their
	// retrieval keys at the same places.
	Sounds    []string
	Skeletons []string
	// Families are the numbers of the spelling families that the word belongs
	// to, from 1, in rising order. Numbers are only valid while the program runs, in
	// all its tables.
	Families []uint16
	// Frequency is the estimated share of names of the region that hold the word
	// or one of its family, 0 < Frequency < 1.
	Frequency float64
	// article tells that the last of Sounds is the word with its Arabic article, or
	// without, see otherArticle.
	article bool
	// sum and sums hold the letters and the consonants of each sound, see letterSum.
	sum  letterSum
	sums []letterSum
	// Weight is the word's say in a comparison when it is a core word, see
	// CoreWeight.
	Weight float64
}

// Parsed is a name ready for comparison.
type Parsed struct {
	Kind   watchlist.NameKind
	Tokens []*Token
}

// Parse folds a name and computes the keys of its words by the table of the
// release alone.
func Parse(n watchlist.Name) Parsed { return Shipped().Parse(n) }

// Parse folds a name and computes the keys of its words. It takes some
// microseconds a word; callers that see the same words often cache NewToken by
// Raw.
func (t *Table) Parse(n watchlist.Name) Parsed {
	raws := Split(n)
	p := Parsed{Kind: n.Kind, Tokens: make([]*Token, len(raws))}
	for i, r := range raws {
		p.Tokens[i] = t.NewToken(r)
	}
	return p
}

// unknownFrequency is the share assumed for a word that is in no family: rare,
// but not so rare that it proves anything by itself. shortFrequency replaces it
// for words of up to three letters, which many names share.
const (
	unknownFrequency = 0.0005
	shortFrequency   = 0.005
)

// NewToken computes the keys of one word by the table of the release alone.
func NewToken(r Raw) *Token { return Shipped().NewToken(r) }

// NewToken computes the keys of one word. The table is not about names in Han
// characters or Hangul.
func (t *Table) NewToken(r Raw) *Token {
	k := NewTokenByRules(r)
	k.Families = t.lookup(r)
	for _, f := range k.Families {
		k.Frequency = max(k.Frequency, t.byNumber[f].Frequency)
	}
	k.Weight = CoreWeight(k.Frequency)
	return k
}

// NewTokenByRules computes the keys of one word without the table of families:
// what the rules alone make of a name in no table. Evaluations use it.
func NewTokenByRules(r Raw) *Token {
	t := &Token{Raw: r, Class: classify(r), Frequency: unknownFrequency}
	if len(r.Text) <= 3 {
		t.Frequency = shortFrequency
	}
	t.Sounds = soundsOf(r.Rich, r.Consonantal)
	if d := decodeICAOArabic(r.Text); d != "" {
		t.Consonantal = true
		t.Sounds = append(t.Sounds[:0:0], soundsOf(d, true)...)
	}
	if r.Syllabic {
		t.Sounds = t.Sounds[:1]
	} else if w := otherArticle(r); w != "" {
		if s := soundsOf(w, r.Consonantal)[0]; !contains(t.Sounds, s) {
			t.Sounds, t.article = append(t.Sounds[:min(len(t.Sounds), maxSounds-1)], s), true
		}
	}
	for _, s := range t.Sounds {
		t.Skeletons = append(t.Skeletons, skeletonOf(s))
		t.sums = append(t.sums, sumOf(s, 'A'))
	}
	t.sum = sumOf(r.Text, 'a')
	t.Weight = CoreWeight(t.Frequency)
	return t
}

// otherArticle gives the word with the Arabic article joined to it when it stood
// before it (الحسن, Alassane), without it when it is joined to a Latin word
// (Alassane, Hassane), or "".
func otherArticle(r Raw) string {
	switch {
	case r.Article:
		return "al" + r.Rich
	case r.Source == "" && len(r.Rich) >= 6 && (strings.HasPrefix(r.Rich, "al") || strings.HasPrefix(r.Rich, "el")):
		return r.Rich[2:]
	}
	return ""
}

// SharesFamily reports whether the two words belong to one spelling family.
func (t *Token) SharesFamily(u *Token) bool {
	for i, j := 0, 0; i < len(t.Families) && j < len(u.Families); {
		switch {
		case t.Families[i] == u.Families[j]:
			return true
		case t.Families[i] < u.Families[j]:
			i++
		default:
			j++
		}
	}
	return false
}

// SharesSkeleton reports whether a reading of t has the consonants of a reading
// of u.
func (t *Token) SharesSkeleton(u *Token) bool {
	for _, a := range t.Skeletons {
		for _, b := range u.Skeletons {
			if a == b {
				return true
			}
		}
	}
	return false
}
