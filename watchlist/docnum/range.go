package docnum

import (
	"errors"
	"strconv"
)

// MaxRange is the most numbers of a Range.
const MaxRange = 1_000_000

// Range is a run of document numbers of one length, such as those of a box of
// blank documents: a fixed beginning, then digits that count from From to To.
type Range struct {
	// Prefix is the beginning, normalised; Digits is how many digits follow.
	Prefix   string
	Digits   int
	From, To uint64
}

// NewRange makes the run from one number to another, both included. Its errors
// say which rule is broken, and never a number.
func NewRange(from, to string) (Range, error) {
	a, b := Normalise(from), Normalise(to)
	if len(a) != len(b) || a == "" {
		return Range{}, errors.New("the first and last number of a run have the same length")
	}
	// The digits that count are all those at the end, so that the run does not
	// depend on where the two numbers begin to differ.
	start := len(a)
	for start > 0 && isDigit(a[start-1]) && isDigit(b[start-1]) && len(a)-start < 18 {
		start--
	}
	if a[:start] != b[:start] {
		return Range{}, errors.New("the first and last number of a run differ only in the digits at their end")
	}
	r := Range{Prefix: a[:start], Digits: len(a) - start}
	if r.Digits == 0 {
		return Range{}, errors.New("the numbers of a run end with digits")
	}
	// Neither fails: there are at most 18 digits.
	r.From, _ = strconv.ParseUint(a[start:], 10, 64)
	r.To, _ = strconv.ParseUint(b[start:], 10, 64)
	switch {
	case r.To < r.From:
		return Range{}, errors.New("the last number of a run lies before the first")
	case r.To-r.From >= MaxRange:
		return Range{}, errors.New("a run has at most 1000000 numbers")
	}
	return r, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Contains reports whether a normalised number lies in the run. With folded, the
// number may also have characters that readers confuse with the run's.
func (r Range) Contains(normal string, folded bool) bool {
	if len(normal) != len(r.Prefix)+r.Digits {
		return false
	}
	prefix, digits := normal[:len(r.Prefix)], normal[len(r.Prefix):]
	if folded {
		digits = Fold(digits)
	}
	if prefix != r.Prefix && !(folded && Fold(prefix) == Fold(r.Prefix)) {
		return false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return err == nil && n >= r.From && n <= r.To
}
