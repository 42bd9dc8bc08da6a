package mrz

import (
	"slices"
	"strings"
)

// fromArabic turns a name that was printed from Arabic script by table B of Doc
// 9303-3 back into Arabic letters, or gives "" when it does not look like one. The
// table drops short vowels, so that such a name compares badly as it is printed
// (DYALW for ديالو, Diallo).
//
// A name looks like one when all its words can be turned back and one of them has an
// escape with X, which no Latin name of the region has before H, S, T …, or is EBD; or when it
// has no letter but those of the table's consonants and A, and W or Y stands where
// a vowel is spoken. A Latin name that is taken for one loses nothing: it is searched
// as printed, too.
func fromArabic(name string) string {
	words := strings.Fields(name)
	escaped, vowelled := false, false
	out := make([]string, len(words))
	for i, w := range words {
		text, x := arabicWord(w)
		if text == "" {
			return ""
		}
		out[i] = text
		escaped = escaped || x || w == "EBD" // عبد, which begins many names
		vowelled = vowelled || spokenVowel(w)
	}
	if !escaped && !(vowelled && strings.Trim(name, " ABDFGHJKLMNQRSTWYZ") == "") {
		return ""
	}
	return strings.Join(out, " ")
}

// arabicWord turns one word back; escaped tells that it has an escape with X. It
// gives "" for a letter that the table does not print.
func arabicWord(w string) (text string, escaped bool) {
	var b strings.Builder
	for w != "" {
		n := 0
		for l := min(3, len(w)); l > 0; l-- {
			if r, ok := arabicLetters[w[:l]]; ok && (l == len(w) || !final[w[:l]]) {
				b.WriteRune(r)
				n = l
				break
			}
		}
		if n == 0 {
			return "", false
		}
		escaped = escaped || w[0] == 'X'
		w = w[n:]
	}
	return b.String(), escaped
}

// final are the writings of letters that only end a word; the Wolof MAXTAAR has none.
var final = map[string]bool{"XTA": true, "XAH": true, "XAY": true}

// spokenVowel reports whether W or Y stands for a vowel in a word: between
// consonants, or at the end after one.
func spokenVowel(w string) bool {
	consonant := func(c byte) bool { return strings.IndexByte("AWY", c) < 0 }
	for i := 1; i < len(w); i++ {
		if (w[i] == 'W' || w[i] == 'Y') && consonant(w[i-1]) && (i+1 == len(w) || consonant(w[i+1])) {
			return true
		}
	}
	return false
}

// arabicLetters is table B read backwards. Where two letters are written alike the
// commoner one stands.
var arabicLetters = backwards(arabic)

func backwards(table map[rune]string) map[string]rune {
	out := map[string]rune{"XAH": 'ة'}
	var letters []rune
	for r := range table {
		letters = append(letters, r)
	}
	slices.Sort(letters) // the basic letters come before their variants
	for _, r := range letters {
		if s := table[r]; out[s] == 0 {
			out[s] = r
		}
	}
	return out
}
