package mrz

import (
	"fmt"
	"strings"

	"vigie/watchlist"
	"vigie/watchlist/country"
)

// Parse is ParseAt without a reference year: dates of birth and expiry are left
// zero, and their digits are in BirthDigits and ExpiryDigits.
func Parse(lines []string) (Document, error) { return ParseAt(lines, 0) }

// ParseAt reads a zone. Lines may be in lower case and have spaces around or
// between characters; a single line that holds line breaks is split.
//
// year is the current year, which decides the century: the date of birth is the
// latest one that is not after year, the date of expiry the one from 50 years
// before to 49 years after it.
//
// The error is a watchlist.ValidationError with pointers "/mrz" and "/mrz/0" …
// and the codes unknown_format, wrong_length and bad_character; it never holds
// what was read. A wrong check digit is no error: see Document.Checks.
func ParseAt(lines []string, year int) (Document, error) {
	clean, err := normalise(lines)
	if err != nil {
		return Document{}, err
	}
	format, err := detect(clean)
	if err != nil {
		return Document{}, err
	}
	l := layouts[format]
	d := Document{Format: format, Code: strings.ReplaceAll(l.code.of(clean), "<", "")}
	d.IssuerPrinted, d.Issuer = d.readCountry(l.issuer.of(clean), WarningIssuer, WarningIssuerUnassigned)
	d.NationalityPrinted, d.Nationality = d.readCountry(l.nationality.of(clean), WarningNationality, WarningNationalityUnassigned)
	d.readName(l.name.of(clean))
	d.readSex(l.sex.of(clean))
	d.readNumber(l, clean)
	d.readDates(l, clean, year)
	d.check(l, clean)
	d.proposeNames(l.name, clean)
	d.proposeCountry(FieldIssuer, l.issuer, d.IssuerPrinted, d.Issuer, clean)
	d.proposeCountry(FieldNationality, l.nationality, d.NationalityPrinted, d.Nationality, clean)
	return d, nil
}

// maxInput bounds a line before it is cleaned.
const maxInput = 200

// normalise splits, trims and capitalises the lines and checks their characters.
func normalise(lines []string) ([]string, error) {
	if len(lines) == 1 {
		lines = strings.FieldsFunc(lines[0], func(r rune) bool { return r == '\n' || r == '\r' })
	}
	var clean []string
	var errs watchlist.ValidationError
	for i, line := range lines {
		ptr := fmt.Sprintf("/mrz/%d", i)
		if i >= 4 {
			break
		}
		if len(line) > maxInput {
			errs = append(errs, watchlist.FieldError{Pointer: ptr, Code: CodeLength, Detail: "a line has 30, 36 or 44 characters"})
			continue
		}
		s := strings.ToUpper(strings.Join(strings.Fields(line), ""))
		if s == "" {
			continue
		}
		for _, r := range s {
			if !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '<') {
				errs = append(errs, watchlist.FieldError{Pointer: ptr, Code: CodeCharacter, Detail: "only A to Z, 0 to 9 and < occur in a machine-readable zone"})
				break
			}
		}
		clean = append(clean, s)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return clean, nil
}

// detect finds the format from the number and length of lines and the first
// letter.
func detect(lines []string) (Format, error) {
	width := map[int][]int{2: {36, 44}, 3: {30}}[len(lines)]
	if width == nil {
		return "", watchlist.ValidationError{{Pointer: "/mrz", Code: CodeFormat, Detail: "a machine-readable zone has two or three lines"}}
	}
	want := width[0]
	if len(width) == 2 && near(len(lines[0]), 44) > near(len(lines[0]), 36) {
		want = 44
	}
	var errs watchlist.ValidationError
	for i, s := range lines {
		if len(s) != want {
			errs = append(errs, watchlist.FieldError{
				Pointer: fmt.Sprintf("/mrz/%d", i), Code: CodeLength,
				Detail: fmt.Sprintf("this line has %d characters, a line of this format has %d", len(s), want),
			})
		}
	}
	if len(errs) > 0 {
		return "", errs
	}
	first := lines[0][0]
	switch {
	case want == 44 && first == 'P':
		return TD3, nil
	case want == 44 && first == 'V':
		return MRVA, nil
	case want == 36 && first == 'V':
		return MRVB, nil
	case want == 36 && strings.IndexByte("ACIP", first) >= 0:
		return TD2, nil
	case want == 30 && strings.IndexByte("ACI", first) >= 0:
		return TD1, nil
	}
	return "", watchlist.ValidationError{{Pointer: "/mrz/0", Code: CodeFormat, Detail: "the first letter is not that of a passport, visa or card of this size"}}
}

// near is higher the nearer n is to width.
func near(n, width int) int {
	if n > width {
		return width - n
	}
	return n - width
}

func (d *Document) warn(code string) { d.Warnings = append(d.Warnings, code) }

// readCountry reads a code of one to three letters. One that nobody has gives ""
// and a warning: as a nationality or issuer it would count as evidence.
func (d *Document) readCountry(s, unreadable, unassigned string) (printed string, c watchlist.Country) {
	printed = strings.TrimRight(s, "<")
	c = watchlist.Country(printed)
	switch {
	case c == "":
	case !c.Valid():
		d.warn(unreadable)
		c = ""
	case !country.Assigned(c):
		d.warn(unassigned)
		c = ""
	}
	return printed, c
}

func (d *Document) readSex(s string) {
	switch s {
	case "M":
		d.Sex = watchlist.SexMale
	case "F":
		d.Sex = watchlist.SexFemale
	case "<", "X":
		d.Sex = watchlist.SexUnspecified
	default:
		d.warn(WarningSex)
	}
}

// readName splits the name field: "<<" parts primary and secondary identifier, a
// single filler stands for a space or hyphen.
func (d *Document) readName(s string) {
	d.Truncated = s[len(s)-1] != '<'
	s = strings.Trim(s, "<")
	if s == "" {
		d.Truncated, d.NoSecondary = false, true
		d.warn(WarningNameEmpty)
		return
	}
	if strings.ContainsAny(s, "0123456789") {
		d.warn(WarningNameDigit)
	}
	blocks := nameBlocks(s)
	d.Surname, d.Given = words(blocks[0]), words(strings.Join(blocks[1:], "<"))
	d.NoSecondary = len(blocks) == 1
	if len(blocks) > 2 {
		// Doc 9303 knows two identifiers; more come from a misread filler.
		d.warn(WarningNameBlocks)
	}
	if likely := strings.Trim(likelyName(s), "<"); likely != s && likely != "" {
		b := nameBlocks(likely)
		d.LikelySurname, d.LikelyGiven = words(b[0]), words(strings.Join(b[1:], "<"))
	}
}

// nameBlocks parts the identifiers of a name field that is not all fillers.
func nameBlocks(s string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(s, "<<", "|"), func(r rune) bool { return r == '|' })
}

// words separates the words of an identifier by blanks.
func words(block string) string {
	return strings.Join(strings.FieldsFunc(block, func(r rune) bool { return r == '<' }), " ")
}

// readNumber reads the document number. In TD1 and TD2 a filler in place of the
// check digit says that the number goes on at the beginning of the optional data,
// up to its own check digit and a filler.
func (d *Document) readNumber(l *layout, lines []string) {
	d.Number = strings.TrimRight(l.number.of(lines), "<")
	for _, o := range l.optional {
		d.Optional = append(d.Optional, strings.Trim(o.of(lines), "<"))
	}
	if rest, _, ok := overflow(l, lines); ok {
		d.Number = l.number.of(lines) + rest
		d.Optional[0] = strings.Trim(l.optional[0].of(lines)[len(rest)+1:], "<")
	}
}

// overflow gives the rest of a long number and the place of its check digit.
func overflow(l *layout, lines []string) (rest string, digit span, ok bool) {
	if !l.longNumber || l.number.digit().of(lines) != "<" || strings.HasSuffix(l.number.of(lines), "<") {
		return "", span{}, false
	}
	o := l.optional[0]
	s := o.of(lines)
	end := strings.IndexByte(s, '<')
	if end < 0 {
		end = len(s)
	}
	if end < 2 {
		return "", span{}, false
	}
	at := o.from + end - 1
	return s[:end-1], span{o.line, at, at + 1}, true
}
