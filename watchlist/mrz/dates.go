package mrz

import (
	"strconv"
	"strings"

	"vigie/watchlist"
)

// readDates reads both dates of the zone; see ParseAt for the century.
func (d *Document) readDates(l *layout, lines []string, year int) {
	d.BirthDigits, d.ExpiryDigits = l.birth.of(lines), l.expiry.of(lines)
	b, ok := birth(d.BirthDigits, year)
	if !ok {
		d.warn(WarningBirth)
	}
	e, ok := expiry(d.ExpiryDigits, year)
	if !ok {
		d.warn(WarningExpiry)
	}
	d.Birth, d.Expiry = b, e
}

// parts splits YYMMDD; unknown parts (fillers) are -1. ok is false for
// characters that are neither digits nor fillers, and for impossible months.
func parts(s string) (yy, mm, dd int, ok bool) {
	read := func(p string) (int, bool) {
		if strings.Contains(p, "<") {
			return -1, strings.Trim(p, "<0123456789") == ""
		}
		n, err := strconv.Atoi(p)
		return n, err == nil
	}
	var okY, okM, okD bool
	yy, okY = read(s[0:2])
	mm, okM = read(s[2:4])
	dd, okD = read(s[4:6])
	if mm == 0 {
		mm = -1
	}
	if dd == 0 {
		dd = -1
	}
	return yy, mm, dd, okY && okM && okD && mm <= 12 && dd <= 31
}

// birth reads a date of birth. A year with one unknown digit is a range of ten
// years; a wholly unknown year gives no date, which is not an error.
func birth(s string, year int) (watchlist.Birth, bool) {
	yy, mm, dd, ok := parts(s)
	if !ok {
		return watchlist.Birth{}, false
	}
	if year == 0 {
		return watchlist.Birth{}, true
	}
	if yy < 0 {
		if s[0] != '<' && s[1] == '<' {
			lo := latest(int(s[0]-'0')*10, year)
			hi := min(lo+9, year)
			return watchlist.Birth{From: watchlist.PartialDate{Year: lo}, To: watchlist.PartialDate{Year: hi}}, true
		}
		return watchlist.Birth{}, true
	}
	p := partial(latest(yy, year), mm, dd)
	if !p.Valid() {
		return watchlist.Birth{}, false
	}
	return watchlist.Birth{From: p}, true
}

// latest is the last year that ends in yy and is not after year.
func latest(yy, year int) int {
	y := year - year%100 + yy
	if y > year {
		y -= 100
	}
	return y
}

// expiry reads a date of expiry; documents without an end print fillers.
func expiry(s string, year int) (watchlist.PartialDate, bool) {
	yy, mm, dd, ok := parts(s)
	if !ok {
		return watchlist.PartialDate{}, false
	}
	if year == 0 || yy < 0 {
		return watchlist.PartialDate{}, true
	}
	y := year - year%100 + yy
	switch {
	case y > year+49:
		y -= 100
	case y < year-50:
		y += 100
	}
	p := partial(y, mm, dd)
	if !p.Valid() {
		return watchlist.PartialDate{}, false
	}
	return p, true
}

// partial makes a partial date; a day without a month is not kept.
func partial(y, mm, dd int) watchlist.PartialDate {
	p := watchlist.PartialDate{Year: y}
	if mm > 0 {
		p.Month = mm
		if dd > 0 {
			p.Day = dd
		}
	}
	return p
}
