package names

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// nkoLetters writes N'Ko letters in Latin ones; N'Ko writes every vowel.
var nkoLetters = map[rune]string{
	'ߊ': "a", 'ߋ': "e", 'ߌ': "i", 'ߍ': "e", 'ߎ': "u", 'ߏ': "o", 'ߐ': "o",
	'ߒ': "n", 'ߓ': "b", 'ߔ': "p", 'ߕ': "t", 'ߖ': "j", 'ߗ': "tch", 'ߘ': "d",
	'ߙ': "r", 'ߚ': "r", 'ߛ': "s", 'ߜ': "gb", 'ߝ': "f", 'ߞ': "k", 'ߟ': "l",
	'ߠ': "n", 'ߡ': "m", 'ߢ': "ny", 'ߣ': "n", 'ߤ': "h", 'ߥ': "w", 'ߦ': "y",
	'ߧ': "ny",
}

func isNKo(r rune) bool { return r >= 0x07C0 && r <= 0x07FF }

// nko spells one word of N'Ko. Tone marks go; the nasalisation mark is an n.
func nko(src []rune) []Raw {
	var b strings.Builder
	for _, r := range src {
		if r == 0x07F2 {
			b.WriteByte('n')
			continue
		}
		b.WriteString(nkoLetters[r])
	}
	if b.Len() == 0 {
		return nil
	}
	return []Raw{{Text: b.String(), Rich: b.String(), Source: string(src)}}
}

// presentation replaces Arabic presentation forms by the letters they show.
func presentation(src []rune) []rune {
	for _, r := range src {
		if r >= 0xFB50 {
			return []rune(norm.NFKC.String(string(src)))
		}
	}
	return src
}
