package names

import "strings"

// vowels reads a run of vowels, w and y, and emits its class.
func (s *scanner) vowels() {
	start := s.i
	if start == 0 && s.beginning() {
		return
	}
	end := s.i
	for end < len(s.w) {
		c := s.w[end]
		if isVowel(c) || c == 'y' || c == 'w' {
			end++
			continue
		}
		break
	}
	run := s.w[s.i:end]
	s.i = end
	if cls := vowelClass(run); cls != "" {
		s.units = append(s.units, unit{cls})
	}
}

// beginning reads a glide at the beginning of a word: W for ou, u and w before a
// vowel, Y for i and y before a vowel.
func (s *scanner) beginning() bool {
	switch {
	case s.consonantal && (s.at(0) == 'y' || s.at(0) == 'w'):
		// Arabic script writes a vowel at the beginning with alif.
		s.emit(1, strings.ToUpper(s.w[:1]))
	case s.has("ou") && (isVowel(s.at(2)) && s.at(2) != 'u'):
		s.emit(2, "W")
	case s.at(0) == 'w', s.at(0) == 'u' && isVowel(s.at(1)) && s.at(1) != 'u':
		s.emit(1, "W")
	case s.at(0) == 'y', s.at(0) == 'i' && isVowel(s.at(1)) && s.at(1) != 'i':
		if s.at(0) == 'y' && !isVowel(s.at(1)) {
			return false
		}
		s.emit(1, "Y")
	default:
		return false
	}
	return true
}

// vowelClass gives the class of a vowel run.
func vowelClass(run string) string {
	if run == "" {
		return ""
	}
	for _, r := range vowelRuns {
		if strings.HasPrefix(run, r.prefix) {
			return r.class
		}
	}
	return "u"
}

// vowelRuns is read in order; the first prefix that fits decides.
var vowelRuns = []struct{ prefix, class string }{
	{"aou", "o"},
	{"aw", "o"},
	{"au", "o"},
	{"ao", "o"},
	{"ay", "e"},
	{"ai", "e"},
	{"ae", "e"},
	{"a", "a"},
	{"ee", "i"},
	{"ea", "i"},
	{"e", "e"},
	{"ye", "e"},
	{"ia", "i"},
	{"i", "i"},
	{"y", "i"},
	{"oua", "u"},
	{"ou", "u"},
	{"oo", "u"},
	{"o", "o"},
	{"w", "u"}, // after a consonant: Swareh as Souaré
}

// skeletonOf gives the retrieval key of a sound: its consonants; with a single
// consonant also the class of its first vowel (A, E for e and i, U for o and u),
// since one consonant alone would join half the list; without any consonant the
// whole sound.
func skeletonOf(sound string) string {
	var cons []byte
	vowel := byte(0)
	for i := 0; i < len(sound); i++ {
		c := sound[i]
		if c >= 'A' && c <= 'Z' {
			cons = append(cons, c)
			continue
		}
		if vowel == 0 {
			vowel = coarse(c)
		}
	}
	switch {
	case len(cons) == 0:
		return "=" + sound
	case len(cons) == 1 && vowel != 0:
		return string(cons) + "|" + string(vowel)
	}
	return string(cons)
}

func coarse(c byte) byte {
	switch c {
	case 'a':
		return 'A'
	case 'e', 'i':
		return 'E'
	}
	return 'U'
}
