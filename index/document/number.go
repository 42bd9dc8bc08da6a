package document

import (
	"strings"
	"unicode"
)

// minEdit is the shortest folded number for which one edit is looked for: of
// shorter ones too many are one edit apart by chance.
const minEdit = 6

// Normalise returns the form in which document numbers are compared: capital
// letters A to Z and digits, everything else dropped. Arabic-Indic and full-width
// digits count as digits. It returns "" when nothing is left.
func Normalise(number string) string {
	var b strings.Builder
	b.Grow(len(number))
	for _, r := range number {
		switch r = unicode.ToUpper(r); {
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r >= 0x0660 && r <= 0x0669: // Arabic-Indic
			b.WriteByte('0' + byte(r-0x0660))
		case r >= 0x06F0 && r <= 0x06F9: // extended Arabic-Indic
			b.WriteByte('0' + byte(r-0x06F0))
		case r >= 0xFF10 && r <= 0xFF19: // full width
			b.WriteByte('0' + byte(r-0xFF10))
		}
	}
	return b.String()
}

// fold puts characters together that optical reading confuses.
func fold(normal string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'O', 'Q', 'D':
			return '0'
		case 'I', 'L':
			return '1'
		case 'Z':
			return '2'
		case 'S':
			return '5'
		case 'G':
			return '6'
		case 'B':
			return '8'
		}
		return r
	}, normal)
}

// oneEdit reports whether folded numbers a and b differ by at most one
// character inserted, left out or changed, or by two neighbours swapped.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case len(a) < len(b):
		return a == b[1:]
	case len(a) == 0:
		return true
	case a[1:] == b[1:]:
		return true
	}
	return len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}

// neighbourhood calls yield with a folded number and, when it is long enough,
// with every string that lacks one of its characters. The bytes are valid until
// yield returns.
func neighbourhood(folded string, yield func([]byte)) {
	var space [48]byte
	buf := append(space[:0], folded...)
	yield(buf)
	if len(folded) < minEdit {
		return
	}
	for i := range len(folded) {
		if i > 0 && folded[i] == folded[i-1] {
			continue // the same string again
		}
		yield(append(append(buf[:0], folded[:i]...), folded[i+1:]...))
	}
}
