package names

import "strings"

// The sound of a word is a string over capital consonants and small vowels. The
// rules below respell each orthography to it. Abbreviations: fr French, en
// English (The Gambia, Sierra Leone), pt Portuguese, wo Wolof, ff Fula, bm
// Bambara and Mandinka, ha Hassaniya in French letters. V is a vowel.
//
//	written                                   sound  example
//	di dy di+V (fr), j (en wo bm), dj (pt)    J      Diop, Jobe, Djaló
//	thi ti ty + V (fr), ch (en), tch (pt), c (wo)  C  Thiam, Cham, Caam
//	ch (fr), sh, s, ss, z, ç, c+e/i           S      Cheikh, Sheikh; also C for ch
//	gn ni+V (fr), ny (en), nh (pt), ñ (wo)    N      Niasse, Nyass, Nhasse, Ñas
//	gu+e/i (fr pt), g                         G      Guèye, Gaye; g+e/i also J
//	c qu k q ck                               K      Camara, Kamara, Queita
//	kh (fr), x (wo), h (en)                   K or silent  Sokhna, Soxna, Sohna
//	h                                         silent Haïdara, Aïdara, Hydara
//	v (ha pt), f, ph                          F      Vall, Fall
//	final p                                   B      Diop, Diob
//	ou u w + V at the beginning               W      Ouattara, Watara, Uatara
//	i y + V at the beginning                  Y      Yoro, Ioro
//	w y between vowels                        silent Diawara, Djaura
//	n before b p                              M      Danbele, Dembélé
//	final ng nge ngue ŋ                       N or NG Bojang, Bodian
//	a vowel before a beginning mb nd nj ng    silent Embaló, Mballo
//	doubled letters                           single Jallow, Jalow
//
// In Arabic script each letter is read by itself, save for what the region writes with
// two (ti, di, ni before a vowel), and some in several ways: ب also as p, ج and ق as g,
// ث as t, ذ ض ظ as z.
//
// Vowels: a; e (é è ai ay ei ey aye); i (i y ee); o (o au aw ow); u (ou oo u).

// maxSounds caps the alternative sounds of one word.
const maxSounds = 4

// unit is a piece of the sound with its readings, likeliest first.
type unit []string

// soundsOf gives the sounds of a respelt word, likeliest first, at most
// maxSounds, all different. Consonantal words have no short vowels between their
// letters, so rules about neighbours don't apply to them.
func soundsOf(rich string, consonantal bool) []string {
	sc := scanner{w: squeeze(servantForm(rich)), consonantal: consonantal}
	sc.run()
	sounds := []string{join(sc.units, -1, 0)}
	for i, u := range sc.units {
		for k := 1; k < len(u); k++ {
			if s := join(sc.units, i, k); len(sounds) < maxSounds && !contains(sounds, s) {
				sounds = append(sounds, s)
			}
		}
	}
	return sounds
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// join concatenates the first readings, but reading k of unit i.
func join(units []unit, i, k int) string {
	var b strings.Builder
	last := byte(0)
	for n, u := range units {
		s := u[0]
		if n == i {
			s = u[k]
		}
		for j := 0; j < len(s); j++ {
			if s[j] != last || s[j] < 'a' {
				b.WriteByte(s[j])
				last = s[j]
			}
		}
	}
	return b.String()
}

// servantForm gives the many spellings of "Abd al-" at the beginning of a longer
// word one form: Abdourahmane, Abderrahmane, Abdoulrahman.
func servantForm(w string) string {
	if len(w) < 8 || !strings.HasPrefix(w, "abd") {
		return w
	}
	rest := w[3:]
	for _, v := range []string{"ou", "u", "e", "a", "o", "i"} {
		if strings.HasPrefix(rest, v) {
			rest = rest[len(v):]
			break
		}
	}
	if len(rest) > 3 && (rest[0] == 'l' && !isVowel(rest[1]) || rest[0] == 'r' && rest[1] == 'r') {
		rest = rest[1:]
	}
	if len(rest) < 4 || isVowel(rest[0]) {
		return w
	}
	return "abdou" + rest
}

// squeeze drops doubled consonants, so that the scanner sees one letter per
// sound.
func squeeze(w string) string {
	b := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		c := w[i]
		if n := len(b); n > 0 && b[n-1] == c && !isVowel(c) {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

func isVowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	}
	return false
}

type scanner struct {
	w           string
	i           int
	units       []unit
	consonantal bool
}

func (s *scanner) at(k int) byte {
	if k >= 0 && k < len(s.w) {
		return s.w[k]
	}
	return 0
}

func (s *scanner) has(p string) bool { return strings.HasPrefix(s.w[s.i:], p) }

func (s *scanner) emit(n int, readings ...string) {
	s.i += n
	s.units = append(s.units, readings)
}

// glide reports i or y at k followed by a vowel: the palatal sign of French
// spellings (Di-allo, Thi-am, Ni-asse).
func (s *scanner) glide(k int) bool {
	return (s.at(k) == 'i' || s.at(k) == 'y') && isVowel(s.at(k+1))
}

func (s *scanner) run() {
	s.prosthesis()
	for s.i < len(s.w) {
		c := s.w[s.i]
		switch {
		case isVowel(c) || c == 'y' || c == 'w':
			s.vowels()
		default:
			s.consonant(c)
		}
	}
}

// prosthesis skips the vowel that Portuguese and Arabic spellings put before a
// prenasal: Embaló, Indjai, امباي.
func (s *scanner) prosthesis() {
	if len(s.w) < 5 || !isVowel(s.w[0]) || s.w[0] == 'o' {
		return
	}
	rest := s.w[1:]
	switch {
	case strings.HasPrefix(rest, "mb") && s.w[0] != 'u', strings.HasPrefix(rest, "ndj"), strings.HasPrefix(rest, "nj"),
		strings.HasPrefix(rest, "nd") && s.w[0] == 'i' && isVowel(s.at(3)) && s.at(3) != 'i':
		s.i = 1
	}
}

func (s *scanner) consonant(c byte) {
	switch c {
	case 'b', 'j', 'q':
		s.arabicLetter(c)
	case 'l', 'r', 'f', 'm':
		s.emit(1, strings.ToUpper(string(c)))
	case 'v':
		s.emit(1, "F")
	case 'z':
		s.emit(1, "S")
	case 'h':
		s.i++
	case 'c':
		s.letterC()
	case 'd':
		s.letterD()
	case 'g':
		s.letterG()
	case 'k':
		if s.at(s.i+1) == 'h' {
			s.emit(2, "K", "")
			return
		}
		s.emit(1, "K")
	case 'n':
		s.letterN()
	case 'p':
		switch {
		case s.at(s.i+1) == 'h':
			s.emit(2, "F")
		case s.i == len(s.w)-1:
			s.emit(1, "B")
		default:
			s.emit(1, "P")
		}
	case 's':
		switch {
		case s.has("sch"):
			s.emit(3, "S")
		case s.at(s.i+1) == 'h':
			s.emit(2, "S")
		default:
			s.emit(1, "S")
		}
	case 't':
		s.letterT()
	case 'x':
		s.emit(1, "K", "", "KS")
	default:
		s.i++
	}
}

// arabicLetter reads letters that stand for several sounds when they come from
// Arabic script: ب for p too, ج and ق for g.
func (s *scanner) arabicLetter(c byte) {
	switch {
	case c == 'b' && s.consonantal:
		s.emit(1, "B", "P")
	case c == 'j' && s.consonantal:
		s.emit(1, "J", "G")
	case c == 'q' && s.consonantal:
		s.emit(1, "K", "G")
	case c == 'q' && s.at(s.i+1) == 'u' && isVowel(s.at(s.i+2)):
		s.emit(2, "K")
	case c == 'q':
		s.emit(1, "K")
	default:
		s.emit(1, strings.ToUpper(string(c)))
	}
}

func (s *scanner) letterC() {
	next := s.at(s.i + 1)
	switch {
	case next == 'h':
		s.emit(2, "C", "S")
	case next == 'k', next == 'q' && s.at(s.i+2) == 'u':
		s.i++
	case next == 'e' || next == 'i' || next == 'y':
		if s.i == 0 {
			s.emit(1, "S", "C")
			return
		}
		s.emit(1, "S")
	case s.i == 0 || next == s.at(s.i+2) && isVowel(next):
		s.emit(1, "K", "C")
	default:
		s.emit(1, "K")
	}
}

func (s *scanner) letterD() {
	n := 1
	if s.at(s.i+1) == 'h' {
		n = 2
	}
	switch {
	case s.at(s.i+1) == 'j':
		n = 2
		if s.glide(s.i + 2) {
			n = 3
		}
		s.emit(n, "J")
	case s.at(s.i+1) == 'g' && s.at(s.i+2) == 'e':
		s.emit(2, "J")
	case s.glide(s.i+n) && !s.consonantal:
		s.emit(n+1, "J")
	case s.glide(s.i + n):
		s.emit(n+1, "J", "D")
	case n == 2 && s.consonantal:
		s.emit(n, "D", "S")
	default:
		s.emit(n, "D")
	}
}

func (s *scanner) letterG() {
	next, third := s.at(s.i+1), s.at(s.i+2)
	switch {
	case next == 'n' && isVowel(third):
		if s.glide(s.i + 2) {
			s.emit(3, "N")
			return
		}
		s.emit(2, "N")
	case next == 'b':
		s.i++
	case next == 'h':
		s.emit(2, "G")
	case next == 'u' && (third == 'e' || third == 'i' || third == 'y'):
		s.emit(2, "G")
	case next == 'e' || next == 'i':
		s.emit(1, "G", "J")
	default:
		s.emit(1, "G")
	}
}

func (s *scanner) letterN() {
	rest := s.w[s.i:]
	next := s.at(s.i + 1)
	switch {
	case rest == "ng" || rest == "nge" || rest == "ngue" || rest == "ngh":
		s.emit(len(rest), "N", "NG")
	case (next == 'b' || next == 'p') && !s.consonantal:
		s.emit(1, "M")
	case next == 'h' && isVowel(s.at(s.i+2)):
		s.emit(2, "N")
	case s.glide(s.i+1) && (s.at(s.i+1) == 'y' || s.i == 0):
		s.emit(2, "N")
	default:
		s.emit(1, "N")
	}
}

func (s *scanner) letterT() {
	n := 1
	if s.at(s.i+1) == 'h' {
		n = 2
	}
	switch {
	case s.has("tch"):
		n = 3
		if s.glide(s.i + 3) {
			n = 4
		}
		s.emit(n, "C")
	case s.has("tj"):
		s.emit(2, "J")
	case s.glide(s.i + n):
		s.emit(n+1, "C", "T")
	case n == 2 && s.consonantal:
		s.emit(2, "S", "T")
	case n == 2:
		s.emit(2, "T", "S")
	default:
		s.emit(1, "T")
	}
}
