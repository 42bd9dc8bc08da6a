package mrz

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Transliterate writes a text in A to Z as Doc 9303 part 3 section 6 recommends:
// Latin letters by its table A (accents dropped, Ä as AE, ß as SS …), Arabic ones
// by its table B, in which X begins what Latin has no letter for; short vowels are
// dropped and a shadda doubles its letter. Apostrophes are dropped and join what
// they part (N'DIAYE becomes NDIAYE); hyphens, blanks and digits stay; letters of
// other scripts are dropped.
func Transliterate(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		r = unicode.ToUpper(r)
		switch {
		case r == shadda:
			double(&b)
		case r < 0x80 && r != '\'' && r != '`':
			b.WriteRune(r)
		default:
			b.WriteString(written(r))
		}
	}
	return b.String()
}

const shadda = 'ّ'

// double repeats the Latin writing of the letter before: one letter, or two or
// three that begin with X.
func double(b *strings.Builder) {
	s := b.String()
	if s == "" {
		return
	}
	last := s[len(s)-1:]
	if i := strings.LastIndexByte(s, 'X'); i >= 0 && len(s)-i <= 3 && escapes[s[i:]] {
		last = s[i:]
	}
	b.WriteString(last)
}

// written gives the Latin writing of one capital letter, "" for none.
func written(r rune) string {
	if s, ok := latin[r]; ok {
		return s
	}
	if s, ok := arabic[r]; ok {
		return s
	}
	// Whatever else has an accent loses it.
	if d := norm.NFD.String(string(r))[0]; d >= 'A' && d <= 'Z' {
		return string(d)
	}
	if r == '‐' || r == '‑' || r == '–' || unicode.IsSpace(r) {
		return " "
	}
	return ""
}

// latin is table A, as far as it is not the letter without its accent.
var latin = map[rune]string{
	'Ä': "AE", 'Å': "AA", 'Æ': "AE", 'Ð': "D", 'Đ': "D", 'Ħ': "H", 'I': "I", 'ı': "I", 'Ĳ': "IJ", 'ĸ': "Q", 'Ł': "L", 'Ŀ': "L",
	'Ŋ': "N", 'Ö': "OE", 'Ø': "OE", 'Œ': "OE", 'ß': "SS", 'ẞ': "SS", 'Þ': "TH", 'Ŧ': "T", 'Ü': "UE",
	// Letters of the region's languages that table A lacks, by their nearest.
	'Ɓ': "B", 'Ɗ': "D", 'Ƴ': "Y", 'Ɛ': "E", 'Ɔ': "O", 'Ɲ': "N", 'Ɣ': "G",
}

// arabic is table B for the letters of Arabic; vowel signs have no entry.
var arabic = map[rune]string{
	'ء': "XE", 'آ': "XAA", 'أ': "XAE", 'ؤ': "U", 'إ': "I", 'ئ': "XI", 'ا': "A", 'ب': "B", 'ة': "XTA", 'ت': "T",
	'ث': "XTH", 'ج': "J", 'ح': "XH", 'خ': "XKH", 'د': "D", 'ذ': "XDH", 'ر': "R", 'ز': "Z", 'س': "S", 'ش': "XSH",
	'ص': "XSS", 'ض': "XDZ", 'ط': "XTT", 'ظ': "XZZ", 'ع': "E", 'غ': "G", 'ف': "F", 'ق': "Q", 'ك': "K", 'ل': "L",
	'م': "M", 'ن': "N", 'ه': "H", 'و': "W", 'ى': "XAY", 'ي': "Y", 'ٱ': "XXA", 'پ': "P", 'چ': "XC", 'گ': "XG", 'ڤ': "V", 'ژ': "XJ", 'ک': "XKE", 'ی': "XYA",
}

// escapes are the writings of table B that begin with X and can be doubled.
var escapes = map[string]bool{
	"XTH": true, "XH": true, "XKH": true, "XDH": true, "XSH": true, "XSS": true, "XDZ": true, "XTT": true, "XZZ": true, "XC": true, "XG": true,
}
