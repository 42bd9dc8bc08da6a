package names

import (
	"testing"

	"vigie/watchlist"
)

// bare gives the last word of a name by the rules alone.
func bare(full string) *Token {
	raws := Split(watchlist.Name{Full: full})
	return NewTokenByRules(raws[len(raws)-1])
}

// TestArabicLetters: letters of Arabic script are read one by one, in each way that
// Latin orthographies write them. None of these pairs needs the table.
func TestArabicLetters(t *testing.T) {
	for _, c := range []struct{ arabic, latin, why string }{
		{"يعقوب", "Yacoub", "a glide at the beginning is no vowel"},
		{"وردة", "Warda", "neither is و"},
		{"تجاني", "Tijani", "ت and ج are no tj"},
		{"سهيل", "Souhail", "س and ه are no sh"},
		{"كهلان", "Kahlane", "ك and ه are no kh"},
		{"ظافر", "Zafer", "ظ as z"},
		{"ظافر", "Dhafer", "ظ as dh"},
		{"ثابت", "Sabit", "ث as s"},
		{"ثابت", "Thabet", "ث as th"},
		{"قاسم", "Gassim", "ق as g"},
		{"جمال", "Gamal", "ج as g"},
		{"بيتر", "Peter", "ب as p"},
		{"ذياب", "Deyab", "ذي before a vowel as d"},
		{"الحسين", "Alhousseyni", "the article joined in Latin letters"},
		{"الحسين", "Housseyni", "and left out"},
	} {
		a, b := bare(c.arabic), bare(c.latin)
		s, r := Similarity(a, b)
		if back, _ := Similarity(b, a); s < 0.8 || back != s || !a.SharesSkeleton(b) {
			t.Errorf("%s, %s (%s): %.3f %s, back %.3f; %v %v", c.arabic, c.latin, c.why, s, r, back, a.Sounds, b.Sounds)
		}
	}
}

// TestArabicOrder: of several Latin names with the consonants of an Arabic one, the
// one whose long vowels and silent letters are written there comes first.
func TestArabicOrder(t *testing.T) {
	for _, c := range [][]string{
		{"محمود", "Mahmoud", "Mamadi"},
		{"محمد", "Mohamed", "Mamadou"},
		{"سالم", "Salem", "Soulaima"},
		{"نور", "Nour", "Nara"},
		{"كريم", "Karim", "Karama"},
		{"زين", "Zeyn", "Sona"},
	} {
		first, _ := Similarity(bare(c[0]), bare(c[1]))
		second, _ := Similarity(bare(c[0]), bare(c[2]))
		if first <= second {
			t.Errorf("%s: %s %.3f, %s %.3f", c[0], c[1], first, c[2], second)
		}
	}
}

// TestArticleJoined: a Latin word that begins with the Arabic article meets the word
// without it, but not as its equal.
func TestArticleJoined(t *testing.T) {
	for _, c := range [][2]string{{"Alkhalifa", "Khalifa"}, {"Elbachir", "Bachir"}, {"Alhousseini", "Housseini"}} {
		a, b := bare(c[0]), bare(c[1])
		s, _ := Similarity(a, b)
		same, _ := Similarity(b, b)
		if s < 0.85 || s >= same || !a.SharesSkeleton(b) {
			t.Errorf("%s, %s: %.3f", c[0], c[1], s)
		}
	}
	if s, r := Similarity(bare("Alima"), bare("Ima")); s >= 0.8 {
		t.Errorf("Alima, Ima: %.3f %s", s, r)
	}
}

// TestLettersDecide: of two words of one sound or family, the one of the same
// letters is more like; and whoever has a word that is something like one of the
// probe's comes before whoever has none in its place.
func TestLettersDecide(t *testing.T) {
	score := func(a, b string) float64 { return Compare(tokens(a), tokens(b)).Score }
	for _, c := range [][3]string{
		{"Aly Kassé", "Ali Kassé", "Aliou Kassé"},
		{"Penda Nyakasso", "Penda Niakasso", "Penda Gniakhasso"},
		{"Sira Diakhoumpa Sow", "Sira Dakhounpa Sow", "Sira Sow"},
	} {
		if near, far := score(c[0], c[1]), score(c[0], c[2]); near <= far {
			t.Errorf("%s: %s %.3f, %s %.3f", c[0], c[1], near, c[2], far)
		}
	}
}
