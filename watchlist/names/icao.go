package names

import "strings"

// icaoArabic holds the X escapes of the Arabic table of ICAO Doc 9303-3, longest
// first, with the consonants they stand for. Escapes that can only end a word
// are marked.
var icaoArabic = []struct {
	code, latin string
	final       bool
}{
	{"xkh", "kh", false},
	{"xsh", "sh", false},
	{"xss", "s", false},
	{"xdz", "dh", false},
	{"xtt", "t", false},
	{"xzz", "dh", false},
	{"xth", "th", false},
	{"xdh", "dh", false},
	{"xta", "a", true},
	{"xah", "a", true},
	{"xay", "a", true},
	{"xh", ".h", false},
}

// decodeICAOArabic turns a word written with the X escapes (MXHMD for محمد) into
// Latin consonants, or gives "" when the word is not such a one. Words with o,
// which the table never prints, and words without an escape are left alone, so
// that Wolof x (Roxaya, Maxtaar) keeps its own reading.
func decodeICAOArabic(w string) string {
	if !strings.Contains(w, "x") || strings.Contains(w, "o") {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(w); {
		if w[i] != 'x' {
			if w[i] == 'h' {
				b.WriteByte('.')
			}
			b.WriteByte(w[i])
			i++
			continue
		}
		n := 0
		for _, e := range icaoArabic {
			if strings.HasPrefix(w[i:], e.code) && (!e.final || i+len(e.code) == len(w)) {
				b.WriteString(e.latin)
				n = len(e.code)
				break
			}
		}
		if n == 0 {
			return ""
		}
		i += n
	}
	return b.String()
}
