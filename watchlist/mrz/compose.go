package mrz

import (
	"fmt"
	"strings"
)

// Fields is what Compose prints. Texts are folded with Transliterate, and what
// does not fit is cut off, a name as Doc 9303 cuts it: at the end.
type Fields struct {
	// Code is the document code, such as "P" or "ID".
	Code string
	// Issuer and Nationality are printed as they are.
	Issuer, Nationality string
	// Surname and Given hold words separated by spaces or hyphens. Given may be "".
	Surname, Given string
	Number         string
	// Birth and Expiry are six characters, fillers for unknown parts.
	Birth, Expiry string
	// Sex is M, F or <.
	Sex      string
	Optional string
}

// Compose prints a zone with its check digits. A document number of over nine
// characters goes on in the optional data where the format allows it, with a
// check digit over the number alone. It fails for an unknown format and for
// fields that can't be printed.
func Compose(f Format, in Fields) ([]string, error) {
	l := layouts[f]
	if l == nil {
		return nil, fmt.Errorf("no format %q", f)
	}
	if len(in.Birth) != 6 || len(in.Expiry) != 6 || len(in.Sex) != 1 {
		return nil, fmt.Errorf("a date has six characters, the sex one")
	}
	c := composer{lines: make([][]byte, l.lines)}
	for i := range c.lines {
		c.lines[i] = []byte(strings.Repeat("<", l.width))
	}
	number, optional := fillers(in.Number), fillers(in.Optional)
	long := len(number) > 9 && l.longNumber
	if long {
		optional = number[9:] + string(CheckDigit(number)) + "<" + optional
		if len(number) > 9+l.optional[0].to-l.optional[0].from-2 {
			return nil, fmt.Errorf("the document number does not fit the format")
		}
	}
	c.put(l.code, in.Code)
	c.put(l.issuer, in.Issuer)
	c.put(l.nationality, in.Nationality)
	c.put(l.name, NameField(in.Surname, in.Given))
	c.put(l.number, number)
	c.put(l.birth, in.Birth)
	c.put(l.sex, in.Sex)
	c.put(l.expiry, in.Expiry)
	c.put(l.optional[0], optional)
	if !long {
		c.digit(l.number.digit(), l.number)
	}
	c.digit(l.birth.digit(), l.birth)
	c.digit(l.expiry.digit(), l.expiry)
	if l.personal.to > 0 {
		c.digit(l.personal.digit(), l.personal)
	}
	if len(l.composite) > 0 {
		c.digit(l.compositeDigit, l.composite...)
	}
	out := c.text()
	if _, err := normalise(out); err != nil {
		return nil, fmt.Errorf("the fields hold characters that no zone has: %w", err)
	}
	return out, nil
}

// composer is a zone being printed.
type composer struct{ lines [][]byte }

func (c *composer) put(at span, text string) {
	copy(c.lines[at.line][at.from:at.to], text)
}

func (c *composer) digit(at span, of ...span) {
	c.lines[at.line][at.from] = CheckDigit(concat(of, c.text()))
}

func (c *composer) text() []string {
	out := make([]string, len(c.lines))
	for i, l := range c.lines {
		out[i] = string(l)
	}
	return out
}

// NameField prints a name as the name field of a zone begins: the words of the
// surname, two fillers, those of the given names; without given names no second
// identifier. It is not cut to a width.
func NameField(surname, given string) string {
	s := fillers(surname)
	if g := fillers(given); g != "" {
		s += "<<" + g
	}
	return s
}

// fillers folds a text and puts one filler for each run of other characters.
func fillers(s string) string {
	words := strings.FieldsFunc(Transliterate(s), func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') })
	return strings.Join(words, "<")
}
