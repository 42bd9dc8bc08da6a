package docnum

import (
	"strings"
	"unicode"
)

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

// Fold puts characters of a normalised number together that optical reading
// confuses: O Q D with 0, I L with 1, Z with 2, S with 5, G with 6, B with 8.
func Fold(normal string) string {
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

// OneEdit reports whether folded numbers a and b differ by at most one
// character inserted, left out or changed, or by two neighbours swapped.
func OneEdit(a, b string) bool {
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
