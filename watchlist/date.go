package watchlist

import (
	"fmt"
	"strconv"
	"strings"
)

// PartialDate is a Gregorian date whose month and day may be unknown (0). The
// zero value means "no date". Its text form is "1984", "1984-05" or
// "1984-05-17".
type PartialDate struct {
	Year  int `json:"-" cbor:"1,keyasint"`
	Month int `json:"-" cbor:"2,keyasint,omitempty"`
	Day   int `json:"-" cbor:"3,keyasint,omitempty"`
}

// ParsePartialDate reads "YYYY", "YYYY-MM" or "YYYY-MM-DD"; an empty string
// gives the zero value.
func ParsePartialDate(s string) (PartialDate, error) {
	var d PartialDate
	if s == "" {
		return d, nil
	}
	parts := strings.Split(s, "-")
	if len(parts) > 3 || len(parts[0]) != 4 {
		return d, fmt.Errorf("date must be YYYY, YYYY-MM or YYYY-MM-DD")
	}
	dst := []*int{&d.Year, &d.Month, &d.Day}
	for i, p := range parts {
		if i > 0 && len(p) != 2 {
			return PartialDate{}, fmt.Errorf("month and day have two digits")
		}
		for _, c := range p {
			if c < '0' || c > '9' {
				return PartialDate{}, fmt.Errorf("date must be YYYY, YYYY-MM or YYYY-MM-DD")
			}
		}
		n, err := strconv.Atoi(p)
		if err != nil || n == 0 {
			return PartialDate{}, fmt.Errorf("date must be YYYY, YYYY-MM or YYYY-MM-DD")
		}
		*dst[i] = n
	}
	if !d.Valid() {
		return PartialDate{}, fmt.Errorf("no such date in the calendar")
	}
	return d, nil
}

// IsZero reports whether no date is given.
func (d PartialDate) IsZero() bool { return d == PartialDate{} }

// Valid reports whether d is a date of the calendar, 1850 to 2150, or zero.
func (d PartialDate) Valid() bool {
	if d.IsZero() {
		return true
	}
	if d.Year < 1850 || d.Year > 2150 || d.Month < 0 || d.Month > 12 || d.Day < 0 || d.Month == 0 && d.Day != 0 {
		return false
	}
	return d.Day == 0 || d.Day <= daysIn(d.Year, d.Month)
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// String gives the text form, "" for the zero value.
func (d PartialDate) String() string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText implements encoding.TextMarshaler.
func (d PartialDate) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *PartialDate) UnmarshalText(b []byte) error {
	v, err := ParsePartialDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Birth is one recorded date of birth: a partial date, or the range From..To
// when To is set ("about 1980 to 1984").
type Birth struct {
	From PartialDate `json:"date" cbor:"1,keyasint"`
	To   PartialDate `json:"to,omitzero" cbor:"2,keyasint,omitzero"`
	// Place is free text, "" when unknown.
	Place string `json:"place,omitempty" cbor:"3,keyasint,omitempty"`
}
