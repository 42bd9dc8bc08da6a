package mrz

import (
	"fmt"
	"strings"

	"vigie/watchlist"
	"vigie/watchlist/country"
)

// check compares all check digits and proposes repairs for the wrong ones.
func (d *Document) check(l *layout, lines []string) {
	if _, digit, ok := overflow(l, lines); ok {
		// Doc 9303 does not say whether the digit covers the filler in its usual
		// place, and states print both (its own example fits both).
		rest := span{digit.line, l.optional[0].from, digit.from}
		spans := []span{l.number, rest}
		if with := []span{l.number, l.number.digit(), rest}; CheckDigit(concat(with, lines)) == digit.of(lines)[0] {
			spans = with
		}
		d.one(FieldNumber, spans, digit, lines, false)
	} else {
		d.one(FieldNumber, []span{l.number}, l.number.digit(), lines, false)
	}
	d.one(FieldBirth, []span{l.birth}, l.birth.digit(), lines, false)
	d.one(FieldExpiry, []span{l.expiry}, l.expiry.digit(), lines, false)
	if l.personal.to > 0 {
		d.one(FieldPersonal, []span{l.personal}, l.personal.digit(), lines, true)
	} else {
		d.Checks = append(d.Checks, Check{Field: FieldPersonal, Status: StatusAbsent})
	}
	if len(l.composite) == 0 {
		d.Checks = append(d.Checks, Check{Field: FieldComposite, Status: StatusAbsent})
		return
	}
	d.one(FieldComposite, l.composite, l.compositeDigit, lines, false)
}

// one compares one check digit. An empty optional field may have a filler for
// its digit.
func (d *Document) one(field string, spans []span, digit span, lines []string, optional bool) {
	text := concat(spans, lines)
	printed := digit.of(lines)[0]
	c := Check{Field: field, Pointer: fmt.Sprintf("/mrz/%d", digit.line), Position: digit.from}
	switch {
	case printed == CheckDigit(text):
		c.Status = StatusOK
	case printed == '<' && optional && strings.Trim(text, "<") == "":
		c.Status = StatusAbsent
	default:
		c.Status = StatusWrong
		if field != FieldComposite {
			d.propose(field, spans, digit, lines)
		}
	}
	d.Checks = append(d.Checks, c)
}

func concat(spans []span, lines []string) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.of(lines))
	}
	return b.String()
}

// confusions lists what an optical reader takes one character for, likeliest
// first.
var confusions = map[byte]string{
	'0': "OQD", 'O': "0QD", 'Q': "0O", 'D': "0O", '1': "I", 'I': "1L", 'L': "1", '2': "Z", 'Z': "2",
	'5': "S", 'S': "5", '6': "G", 'G': "6", '8': "B", 'B': "8", '7': "T", 'T': "7", '4': "A", 'A': "4",
	'<': "KLC", 'K': "<", 'C': "<", 'U': "V", 'V': "U",
}

// propose lists single readings that make the check digit right; where some of
// them make the composite digit right too, only those. Dates and the
// check digit itself hold digits only, so letters are not proposed there.
func (d *Document) propose(field string, spans []span, digit span, lines []string) {
	digitsOnly := field == FieldBirth || field == FieldExpiry
	var found, agreed []Repair
	l := layouts[d.Format]
	try := func(line, pos int, digits bool) {
		from := lines[line][pos]
		if from == '<' && (pos+1 == len(lines[line]) || lines[line][pos+1] == '<') {
			return // the end of a text, not a letter misread within it
		}
		for _, to := range []byte(confusions[from]) {
			if digits && (to < '0' || to > '9') {
				continue
			}
			changed := append([]string(nil), lines...)
			changed[line] = lines[line][:pos] + string(to) + lines[line][pos+1:]
			if digit.of(changed)[0] != CheckDigit(concat(spans, changed)) {
				continue
			}
			r := Repair{Field: field, Pointer: fmt.Sprintf("/mrz/%d", line), Position: pos, From: string(from), To: string(to)}
			found = append(found, r)
			if len(l.composite) > 0 && l.compositeDigit.of(changed)[0] == CheckDigit(concat(l.composite, changed)) {
				agreed = append(agreed, r)
			}
		}
	}
	for _, s := range spans {
		for pos := s.from; pos < s.to; pos++ {
			try(s.line, pos, digitsOnly)
		}
	}
	try(digit.line, digit.from, true)
	if len(agreed) > 0 {
		found = agreed
	}
	for i := range found {
		found[i].Sole = len(found) == 1
	}
	d.Repairs = append(d.Repairs, found...)
}

// proposeNames proposes letters for digits in the name field, which has none and
// no check digit either.
func (d *Document) proposeNames(name span, lines []string) {
	letters := map[byte]string{'0': "O", '1': "I", '2': "Z", '5': "S", '6': "G", '8': "B", '7': "T", '4': "A"}
	for pos := name.from; pos < name.to; pos++ {
		if to := letters[lines[name.line][pos]]; to != "" {
			d.Repairs = append(d.Repairs, Repair{
				Field: FieldName, Pointer: fmt.Sprintf("/mrz/%d", name.line), Position: pos,
				From: lines[name.line][pos : pos+1], To: to,
			})
		}
	}
}

// proposeCountry proposes single readings that make an assigned code of one that
// is not.
func (d *Document) proposeCountry(field string, at span, printed string, read watchlist.Country, lines []string) {
	if printed == "" || read != "" {
		return
	}
	first := len(d.Repairs)
	text := at.of(lines)
	for i := range len(text) {
		for _, to := range []byte(confusions[text[i]]) {
			if c := watchlist.Country(strings.TrimRight(text[:i]+string(to)+text[i+1:], "<")); country.Assigned(c) {
				d.Repairs = append(d.Repairs, Repair{
					Field: field, Pointer: fmt.Sprintf("/mrz/%d", at.line), Position: at.from + i, From: text[i : i+1], To: string(to),
				})
			}
		}
	}
	if len(d.Repairs) == first+1 {
		d.Repairs[first].Sole = true
	}
}
