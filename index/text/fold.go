package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters spells out Latin letters that do not decompose into one with an accent,
// as in French, Portuguese and the orthographies of the region.
var letters = map[rune]string{
	'œ': "oe", 'æ': "ae", 'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i",
	'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y", 'ɲ': "n", 'ŋ': "n", 'ɛ': "e", 'ɔ': "o", 'ə': "e",
}

// maxWord is the length of the longest word that is told from others, in bytes;
// what is longer is cut.
const maxWord = 64

// fold gives the words of a text: lower case, without accents, split at everything
// that is neither letter nor digit, apostrophes and hyphens among it.
func fold(s string) []string {
	var words []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			words = append(words, b.String())
			b.Reset()
		}
	}
	for _, r := range norm.NFKD.String(s) {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
		case b.Len() >= maxWord:
		default:
			if plain, ok := letters[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
		}
	}
	end()
	return words
}

// joined gives a text as one word, as numbers are written without separators.
func joined(words []string) string {
	s := strings.Join(words, "")
	return s[:min(len(s), maxWord)]
}

// stopWords say nothing alone; a query may leave them away, or have them in quotes.
var stopWords = map[string]bool{
	"a": true, "au": true, "aux": true, "d": true, "da": true, "das": true, "de": true, "des": true, "do": true, "dos": true, "du": true,
	"e": true, "em": true, "en": true, "et": true, "l": true, "la": true, "le": true, "les": true, "o": true, "os": true, "ou": true,
	"and": true, "in": true, "of": true, "or": true, "the": true, "un": true, "une": true, "um": true, "uma": true,
}
