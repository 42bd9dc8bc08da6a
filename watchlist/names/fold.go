package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"

	"vigie/watchlist"
)

// Raw is one word of a name after folding and before its keys are computed. It
// is comparable, so it serves as the key of a cache: equal Raw values give equal
// tokens.
type Raw struct {
	// Text is the word in lower-case a to z, accents dropped.
	Text string
	// Rich is the word respelt for the phonetic rules: ñ as "ny", ç as "s".
	Rich string
	// Alt is the ICAO Doc 9303 spelling (ä as "ae") when it differs, or "".
	Alt string
	// Source is the word in its own script when that is not Latin, else "".
	Source string
	// Consonantal tells that short vowels are not written (Arabic script).
	Consonantal bool
	// Article tells that the Arabic article stood before the word.
	Article bool
	// Prefix tells that the word may be cut off at its end.
	Prefix bool
	// Syllabic tells that the word is written in Han characters or Hangul, whose
	// syllables are few: strangers' names sound alike more often than not.
	Syllabic bool
}

// latin respells letters that lose something when their accent is dropped:
// text, rich and ICAO form.
var latin = map[rune][3]string{
	'ñ': {"n", "ny", "n"}, 'ɲ': {"n", "ny", "n"}, 'ŋ': {"n", "ng", "n"},
	'ç': {"c", "s", "c"}, 'ä': {"a", "a", "ae"}, 'ö': {"o", "o", "oe"},
	'ü': {"u", "u", "ue"}, 'å': {"a", "a", "aa"}, 'ø': {"o", "o", "oe"},
	'æ': {"ae", "ae", "ae"}, 'œ': {"oe", "oe", "oe"}, 'ß': {"ss", "ss", "ss"},
	'þ': {"th", "th", "th"}, 'ð': {"d", "d", "d"}, 'đ': {"d", "d", "d"},
	'ɓ': {"b", "b", "b"}, 'ɗ': {"d", "d", "d"}, 'ƴ': {"y", "y", "y"},
	'ɠ': {"g", "g", "g"}, 'ƙ': {"k", "k", "k"}, 'ɛ': {"e", "e", "e"},
	'ɔ': {"o", "o", "o"}, 'ə': {"e", "e", "e"}, 'ı': {"i", "i", "i"},
	'ł': {"l", "l", "l"}, 'ħ': {"h", "h", "h"}, 'ʃ': {"sh", "sh", "sh"},
	'ã': {"a", "an", "a"}, 'õ': {"o", "on", "o"}, 'ƥ': {"p", "p", "p"},
	'ƭ': {"t", "t", "t"}, 'ʼ': {"", "", ""},
}

// digitLetters are the letters that an OCR reads as digits.
var digitLetters = map[rune]string{'0': "o", '1': "i", '5': "s", '8': "b", '2': "z"}

type folder struct {
	out             []Raw
	text, rich, alt strings.Builder
	source          []rune
	digits          bool
	syllabic        bool
}

// Split folds a name into its words, at most MaxTokens, in the order written. It
// never fails: a name without any letter gives no words. Words of the name that
// only make sense together (Abdou Rahmane, Abd al-Karim) come as one.
func Split(n watchlist.Name) []Raw {
	if out, ok := splitPlain(n.Full); ok {
		return finish(out, n.Truncated)
	}
	f := &folder{}
	runes := 0
	s := n.Full
	for len(s) > 0 && runes < MaxRunes {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if r == utf8.RuneError && size <= 1 {
			continue
		}
		runes++
		f.rune(r)
	}
	f.flush()
	return finish(f.out, n.Truncated)
}

// finish joins what belongs together and marks a word that may be cut off.
func finish(out []Raw, truncated bool) []Raw {
	out = joinServant(out, truncated)
	if len(out) > MaxTokens {
		out = out[:MaxTokens]
	}
	if truncated && len(out) > 0 {
		out[len(out)-1].Prefix = true
	}
	return out
}

// splitPlain is Split for names of nothing but ASCII letters, spaces and hyphens,
// which most are; it gives what the long way gives. It returns false for others.
func splitPlain(s string) ([]Raw, bool) {
	if len(s) > MaxRunes {
		return nil, false
	}
	words := 0
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case c >= 'a' && c <= 'z' && s[i] >= 'A':
			if i == 0 || s[i-1] == ' ' || s[i-1] == '-' {
				words++
			}
		case s[i] != ' ' && s[i] != '-':
			return nil, false
		}
	}
	out := make([]Raw, 0, words)
	for w := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' }) {
		out = append(out, Raw{Text: w, Rich: w})
	}
	return out, true
}

// Fold gives the words of a name in lower-case a to z, separated by single
// spaces.
func Fold(s string) string {
	var b strings.Builder
	for i, r := range Split(watchlist.Name{Full: s}) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.Text)
	}
	return b.String()
}

func (f *folder) rune(r rune) {
	switch {
	case r < utf8.RuneSelf:
		f.ascii(r)
	case isArabic(r) || isNKo(r):
		if f.text.Len() > 0 {
			f.flush()
		}
		f.source = append(f.source, r)
	case isApostrophe(r) || unicode.Is(unicode.Cf, r):
	case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.IsPunct(r):
		f.flush()
	default:
		f.letter(r)
	}
}

func (f *folder) ascii(r rune) {
	switch {
	case r >= 'a' && r <= 'z':
		f.add(string(r), string(r), string(r))
	case r >= 'A' && r <= 'Z':
		s := string(r + 'a' - 'A')
		f.add(s, s, s)
	case r == '\'' || r == '`' || r == '"':
	case r >= '0' && r <= '9':
		if s := digitLetters[r]; s != "" && f.text.Len() > 0 {
			f.digits = true
			f.add(s, s, s)
		}
	default:
		f.flush()
	}
}

// letter folds one letter that is neither ASCII, Arabic nor N'Ko.
func (f *folder) letter(r rune) {
	r = unicode.ToLower(r)
	if unicode.In(r, unicode.Han, unicode.Hangul) {
		f.syllabic = true
	}
	if x, ok := latin[r]; ok {
		f.add(x[0], x[1], x[2])
		return
	}
	for _, d := range norm.NFKD.String(string(r)) {
		d = unicode.ToLower(d)
		if unicode.Is(unicode.Mn, d) {
			f.mark(d)
			continue
		}
		if x, ok := latin[d]; ok {
			f.add(x[0], x[1], x[2])
			continue
		}
		s := strings.ToLower(unidecode.Unidecode(string(d)))
		s = strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' {
				return c
			}
			return -1
		}, s)
		f.add(s, s, s)
	}
}

// mark applies a combining mark that follows its letter: decomposed ñ, ç, ä and
// ã fold as the composed letters do.
func (f *folder) mark(m rune) {
	text := f.text.String()
	if text == "" {
		return
	}
	composed := norm.NFC.String(text[len(text)-1:] + string(m))
	r, size := utf8.DecodeRuneInString(composed)
	x, ok := latin[r]
	if !ok || size != len(composed) {
		return
	}
	trim := func(b *strings.Builder, s string) {
		old := b.String()
		b.Reset()
		b.WriteString(old[:len(old)-1])
		b.WriteString(s)
	}
	trim(&f.text, x[0])
	trim(&f.rich, x[1])
	trim(&f.alt, x[2])
}

func (f *folder) add(text, rich, alt string) {
	if len(f.source) > 0 {
		f.flush()
	}
	f.text.WriteString(text)
	f.rich.WriteString(rich)
	f.alt.WriteString(alt)
}

func (f *folder) flush() {
	defer func() {
		f.text.Reset()
		f.rich.Reset()
		f.alt.Reset()
		f.source = f.source[:0]
		f.syllabic = false
	}()
	if len(f.source) > 0 {
		f.out = append(f.out, romanise(f.source)...)
		return
	}
	if f.text.Len() == 0 {
		return
	}
	r := Raw{Text: f.text.String(), Rich: f.rich.String(), Syllabic: f.syllabic}
	if alt := f.alt.String(); alt != r.Text {
		r.Alt = alt
	}
	f.out = append(f.out, r)
}

func isApostrophe(r rune) bool {
	switch r {
	case '’', '‘', 'ʼ', 'ʻ', 'ʽ', '´', '′', '＇', 'ʿ', 'ʾ', '“', '”':
		return true
	}
	return false
}
