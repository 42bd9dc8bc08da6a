package mrz

// Format is the layout of the zone.
type Format string

// The formats.
const (
	TD1  Format = "TD1"
	TD2  Format = "TD2"
	TD3  Format = "TD3"
	MRVA Format = "MRV-A"
	MRVB Format = "MRV-B"
)

// span is a field: a line, and its characters from and up to (exclusive), from 0.
type span struct{ line, from, to int }

// layout says where the fields of a format are. Positions follow Doc 9303 parts
// 4 to 7, counted from 0. A span with from == to is not in the format.
type layout struct {
	lines, width int
	code         span
	issuer       span
	name         span
	number       span
	nationality  span
	birth        span
	sex          span
	expiry       span
	optional     []span
	// composite lists what the composite check digit covers, in order; its
	// digit is at compositeDigit.
	composite      []span
	compositeDigit span
	// personal is TD3's optional data, which has a check digit of its own.
	personal span
	// longNumber: a number over nine characters goes on in the optional data.
	longNumber bool
}

var layouts = map[Format]*layout{
	TD3: {
		lines: 2, width: 44, code: span{0, 0, 2}, issuer: span{0, 2, 5}, name: span{0, 5, 44},
		number: span{1, 0, 9}, nationality: span{1, 10, 13}, birth: span{1, 13, 19}, sex: span{1, 20, 21},
		expiry: span{1, 21, 27}, optional: []span{{1, 28, 42}}, personal: span{1, 28, 42},
		composite:      []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 43}},
		compositeDigit: span{1, 43, 44},
	},
	TD2: {
		lines: 2, width: 36, code: span{0, 0, 2}, issuer: span{0, 2, 5}, name: span{0, 5, 36},
		number: span{1, 0, 9}, nationality: span{1, 10, 13}, birth: span{1, 13, 19}, sex: span{1, 20, 21},
		expiry: span{1, 21, 27}, optional: []span{{1, 28, 35}},
		composite:      []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 35}},
		compositeDigit: span{1, 35, 36}, longNumber: true,
	},
	TD1: {
		lines: 3, width: 30, code: span{0, 0, 2}, issuer: span{0, 2, 5}, name: span{2, 0, 30},
		number: span{0, 5, 14}, nationality: span{1, 15, 18}, birth: span{1, 0, 6}, sex: span{1, 7, 8},
		expiry: span{1, 8, 14}, optional: []span{{0, 15, 30}, {1, 18, 29}},
		composite:      []span{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}},
		compositeDigit: span{1, 29, 30}, longNumber: true,
	},
	MRVA: {
		lines: 2, width: 44, code: span{0, 0, 2}, issuer: span{0, 2, 5}, name: span{0, 5, 44},
		number: span{1, 0, 9}, nationality: span{1, 10, 13}, birth: span{1, 13, 19}, sex: span{1, 20, 21},
		expiry: span{1, 21, 27}, optional: []span{{1, 28, 44}},
	},
	MRVB: {
		lines: 2, width: 36, code: span{0, 0, 2}, issuer: span{0, 2, 5}, name: span{0, 5, 36},
		number: span{1, 0, 9}, nationality: span{1, 10, 13}, birth: span{1, 13, 19}, sex: span{1, 20, 21},
		expiry: span{1, 21, 27}, optional: []span{{1, 28, 36}},
	},
}

func (s span) of(lines []string) string { return lines[s.line][s.from:s.to] }

// digit is the place of the check digit that follows a field.
func (s span) digit() span { return span{s.line, s.to, s.to + 1} }

// CheckDigit computes the check digit of Doc 9303-3 section 4.9: weights 7, 3, 1
// repeated, digits as themselves, A to Z as 10 to 35, the filler as 0, modulo 10.
// It returns '0' to '9'; characters outside the set count as 0.
func CheckDigit(s string) byte {
	weights := [3]int{7, 3, 1}
	sum := 0
	for i := range len(s) {
		v := 0
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		}
		sum += v * weights[i%3]
	}
	return byte('0' + sum%10)
}
