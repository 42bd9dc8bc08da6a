package names

import "strings"

// consonants writes the letters of Arabic and Ajami script in Latin letters, as
// the region's civil registers do (French-style for Mauritania): ذ ض ظ as d,
// ث as s, ق as k. Long vowels are in vowels below; ع and hamza are silent.
var consonants = map[rune]string{
	'ب': "b", 'ت': "t", 'ث': "s", 'ج': "j", 'ح': "h", 'خ': "kh", 'د': "d",
	'ذ': "d", 'ر': "r", 'ز': "z", 'س': "s", 'ش': "sh", 'ص': "s", 'ض': "d",
	'ط': "t", 'ظ': "d", 'غ': "gh", 'ف': "f", 'ق': "k", 'ك': "k", 'ل': "l",
	'م': "m", 'ن': "n", 'ه': "h", 'پ': "p", 'چ': "tch", 'ژ': "j", 'ک': "k",
	'گ': "g", 'ڭ': "g", 'ݣ': "g", 'ڤ': "v", 'ڢ': "v", 'ڥ': "v", 'ݒ': "p",
	'ݖ': "tch", 'ݧ': "ny", 'ں': "n", 'ڠ': "ng", 'ݝ': "g", 'ࢢ': "j", 'ڧ': "k",
	'ټ': "t", 'ډ': "d", 'ڽ': "ny", 'ۋ': "v", 'ہ': "h", 'ھ': "h",
}

func isArabic(r rune) bool {
	return r >= 0x0600 && r <= 0x06FF || r >= 0x0750 && r <= 0x077F || r >= 0x08A0 && r <= 0x08FF ||
		r >= 0xFB50 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC
}

// romanise writes one word of Arabic or N'Ko script in Latin letters. The Arabic
// article comes as a word of its own, as in Latin "El Hassan".
func romanise(src []rune) []Raw {
	if isNKo(src[0]) {
		return nko(src)
	}
	w := normalArabic(src)
	if len(w) == 0 {
		return nil
	}
	var out []Raw
	article := len(w) > 4 && w[0] == 'ا' && w[1] == 'ل'
	if article {
		out = append(out, Raw{Text: "al", Rich: "al", Source: "ال", Consonantal: true})
		w = w[2:]
	}
	if len(w) > 7 && string(w[:5]) == "عبدال" {
		// "Abd al-" written in one word meets the spelling in several.
		w = append([]rune("عبد"), w[5:]...)
	}
	t, rich := arabicLatin(w)
	if t == "" {
		return out
	}
	return append(out, Raw{Text: t, Rich: rich, Source: string(w), Consonantal: true, Article: article})
}

// normalArabic drops vowel signs and tatweel and folds the forms of alif, ya and
// ta marbuta, so that two keyboards' spellings of a word are equal.
func normalArabic(src []rune) []rune {
	w := make([]rune, 0, len(src))
	for _, r := range presentation(src) {
		switch {
		case r >= 0x064B && r <= 0x065F || r == 0x0640 || r == 0x0670 || r >= 0x0610 && r <= 0x061A || r >= 0x06D6 && r <= 0x06ED:
		case r == 'أ' || r == 'إ' || r == 'آ' || r == 'ٱ':
			w = append(w, 'ا')
		case r == 'ى' || r == 'ی' || r == 'ې' || r == 'ئ':
			w = append(w, 'ي')
		case r == 'ؤ':
			w = append(w, 'و')
		case r == 'ک':
			w = append(w, 'ك')
		case r >= 0x0660 && r <= 0x0669 || r >= 0x06F0 && r <= 0x06F9 || r == '،' || r == '؛' || r == '؟' || r == '۔':
		default:
			w = append(w, r)
		}
	}
	return w
}

// ambiguous are the letters that the region's and other Latin orthographies write in
// several ways; the phonetic rules read their rich form in each (consonant).
var ambiguous = map[rune]string{'ث': "th", 'ذ': "dh", 'ض': "dh", 'ظ': "dh", 'ق': "q"}

// arabicLatin spells a normalised Arabic word: و and ي are vowels between
// consonants and at the end, consonants at the beginning and between vowels. In the
// rich form a full stop keeps two letters apart that would be read as one (س and ه
// are no sh).
func arabicLatin(w []rune) (text, rich string) {
	var b, long strings.Builder
	for i, r := range w {
		from := b.Len()
		next := i+1 < len(w)
		vowelNext := next && strings.ContainsRune("اوي", w[i+1])
		switch r {
		case 'ا':
			b.WriteByte('a')
		case 'ع':
			if i == 0 {
				b.WriteByte('a')
			}
		case 'ء':
		case 'ة':
			b.WriteByte('a')
		case 'و':
			if next && (i == 0 || vowelNext) {
				b.WriteByte('w')
			} else {
				b.WriteString("ou")
			}
		case 'ي':
			switch {
			case next && i == 0:
				b.WriteByte('y')
			default:
				b.WriteByte('i')
			}
		default:
			b.WriteString(consonants[r])
		}
		s := b.String()[from:]
		if strings.HasPrefix(s, "h") || s == "j" && i > 0 && w[i-1] == 'ت' {
			long.WriteByte('.')
		}
		if a := ambiguous[r]; a != "" {
			s = a
		}
		long.WriteString(s)
	}
	return b.String(), long.String()
}
