package mrz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Proposal is one other reading of a whole zone in which all check digits hold.
// It is for a person to hold against the document; nothing takes it by itself.
type Proposal struct {
	// Lines is the zone so read.
	Lines []string
	// Repairs are the characters that differ from what was read, in order of line
	// and position. Sole tells that no other proposal was found.
	Repairs []Repair
}

const (
	// MaxProposals is the most proposals that Propose gives.
	MaxProposals = 8
	// maxTried bounds the zones that one call of Propose reads.
	maxTried = 512
	// maxWrong is how many wrong check digits are repaired one after the other; a
	// zone with more is to be read again.
	maxWrong = 5
)

// Propose looks for other readings of a zone whose check digits don't hold, or
// that has digits where only letters can stand or letters where only digits can.
// First such characters are turned into the likeliest of the other kind; then
// each field whose check digit is still wrong is tried with one character changed
// at a time, by what optical readers confuse. Proposals with the fewest changes
// come first. A zone without fault, and one beyond such repair, give none.
//
// year and error are as in ParseAt.
func Propose(lines []string, year int) ([]Proposal, error) {
	clean, err := normalise(lines)
	if err != nil {
		return nil, err
	}
	format, err := detect(clean)
	if err != nil {
		return nil, err
	}
	s := &search{year: year, original: clean, layout: layouts[format], seen: map[string]bool{}}
	s.from(s.byKind(), 0)
	slices.SortStableFunc(s.found, func(a, b Proposal) int { return cmp.Compare(len(a.Repairs), len(b.Repairs)) })
	s.found = s.found[:min(len(s.found), MaxProposals)]
	if len(s.found) == 1 {
		for i := range s.found[0].Repairs {
			s.found[0].Repairs[i].Sole = true
		}
	}
	return s.found, nil
}

// search is one call of Propose.
type search struct {
	year     int
	original []string
	layout   *layout
	seen     map[string]bool
	found    []Proposal
}

// from reads a zone and goes on from its first wrong check digit.
func (s *search) from(lines []string, depth int) {
	key := strings.Join(lines, "\n")
	if s.seen[key] || len(s.seen) >= maxTried {
		return
	}
	s.seen[key] = true
	d, err := ParseAt(lines, s.year)
	if err != nil {
		return
	}
	wrong := d.Wrong()
	if len(wrong) == 0 {
		if p := s.proposal(lines); len(p.Repairs) > 0 && !slices.Contains(d.Warnings, WarningBirth) && !slices.Contains(d.Warnings, WarningExpiry) {
			s.found = append(s.found, p)
		}
		return
	}
	if depth == maxWrong {
		return
	}
	repairs := d.Repairs
	if wrong[0].Field == FieldComposite {
		repairs = s.optional(lines)
	}
	for _, r := range repairs {
		if r.Field == wrong[0].Field {
			s.from(applied(lines, r), depth+1)
		}
	}
}

// optional proposes changes that only the composite digit sees: in the optional
// data of TD1 and TD2.
func (s *search) optional(lines []string) []Repair {
	l := s.layout
	if l.personal.to > 0 {
		return nil
	}
	d := Document{}
	for _, o := range l.optional {
		for pos := o.from; pos < o.to; pos++ {
			if lines[o.line][pos] == '<' {
				continue
			}
			for _, to := range []byte(confusions[lines[o.line][pos]]) {
				r := Repair{Field: FieldComposite, Pointer: fmt.Sprintf("/mrz/%d", o.line), Position: pos, From: lines[o.line][pos : pos+1], To: string(to)}
				if after := applied(lines, r); l.compositeDigit.of(after)[0] == CheckDigit(concat(l.composite, after)) {
					d.Repairs = append(d.Repairs, r)
				}
			}
		}
	}
	return d.Repairs
}

// applied is lines with one repair made.
func applied(lines []string, r Repair) []string {
	out := slices.Clone(lines)
	i := int(r.Pointer[len(r.Pointer)-1] - '0')
	out[i] = out[i][:r.Position] + r.To + out[i][r.Position+1:]
	return out
}

// The likeliest digit for a letter, and letter for a digit.
var (
	digitFor  = map[byte]byte{'O': '0', 'Q': '0', 'D': '0', 'I': '1', 'L': '1', 'Z': '2', 'S': '5', 'G': '6', 'T': '7', 'B': '8', 'A': '4'}
	letterFor = map[byte]byte{'0': 'O', '1': 'I', '2': 'Z', '5': 'S', '6': 'G', '7': 'T', '8': 'B', '4': 'A'}
)

// byKind turns letters into digits where only digits and fillers can stand, and
// digits into letters where only letters and fillers can.
func (s *search) byKind() []string {
	l := s.layout
	digits := []span{l.birth, l.birth.digit(), l.expiry, l.expiry.digit(), l.number.digit()}
	if l.personal.to > 0 {
		digits = append(digits, l.personal.digit())
	}
	if len(l.composite) > 0 {
		digits = append(digits, l.compositeDigit)
	}
	out := slices.Clone(s.original)
	turn := func(spans []span, by map[byte]byte) {
		for _, at := range spans {
			b := []byte(out[at.line])
			for pos := at.from; pos < at.to; pos++ {
				if to, ok := by[b[pos]]; ok {
					b[pos] = to
				}
			}
			out[at.line] = string(b)
		}
	}
	turn(digits, digitFor)
	turn([]span{l.issuer, l.nationality}, letterFor)
	out[l.name.line] = out[l.name.line][:l.name.from] + likelyName(l.name.of(out)) + out[l.name.line][l.name.to:]
	return out
}

// likelyName turns the digits of a name field into letters and drops misread
// fillers.
func likelyName(field string) string {
	return blank(strings.Map(func(r rune) rune {
		if to, ok := letterFor[byte(r)]; ok {
			return rune(to)
		}
		return r
	}, field))
}

// blank turns letters that stand for misread fillers back: single ones that
// readers take a filler for, after the name proper, with a filler on both sides.
func blank(field string) string {
	b := []byte(field)
	end := strings.Index(field, "<<")
	if end < 0 {
		return field
	}
	second := strings.Index(field[end+2:], "<<")
	if second < 0 {
		return field
	}
	for pos := end + 2 + second; pos < len(b); pos++ {
		if strings.IndexByte(confusions['<'], b[pos]) >= 0 && b[pos-1] == '<' && (pos+1 == len(b) || b[pos+1] == '<') {
			b[pos] = '<'
		}
	}
	return string(b)
}

const (
	// MaxNames is the most names that Document.Names gives: a probe takes ten, five of
	// them from its request.
	MaxNames = 5
	// longWord is the length from which a word may be two with a filler between them
	// that was read as a letter; longer words are rare in the region's names.
	longWord = 11
	// maxParted bounds the readings that parted gives.
	maxParted = MaxNames - 3
)

// parted gives readings of a name in which the longest word, if it is a very long
// one, is two words and a misread filler between them.
func parted(surname, given string) (out [][2]string) {
	both := [2]string{surname, given}
	longest, in := "", 0
	for i, part := range both {
		for _, w := range strings.Fields(part) {
			if len(w) >= longWord && len(w) > len(longest) {
				longest, in = w, i
			}
		}
	}
	for i := 2; i+2 < len(longest) && len(out) < maxParted; i++ {
		if strings.IndexByte(confusions['<'], longest[i]) >= 0 {
			reading := both
			reading[in] = strings.Replace(both[in], longest, longest[:i]+" "+longest[i+1:], 1)
			out = append(out, reading)
		}
	}
	return out
}

// proposal says what differs from the zone as read.
func (s *search) proposal(lines []string) Proposal {
	p := Proposal{Lines: lines}
	for i, line := range lines {
		for pos := range len(line) {
			if from := s.original[i][pos]; from != line[pos] {
				p.Repairs = append(p.Repairs, Repair{
					Field: s.layout.field(i, pos), Pointer: fmt.Sprintf("/mrz/%d", i), Position: pos, From: string(from), To: line[pos : pos+1],
				})
			}
		}
	}
	return p
}

// field names the field at a place, "" for what no Field constant stands for.
func (l *layout) field(line, pos int) string {
	at := func(s span) bool { return s.line == line && pos >= s.from && pos < s.to }
	for _, f := range []struct {
		name  string
		spans []span
	}{
		{FieldNumber, []span{l.number, l.number.digit()}},
		{FieldBirth, []span{l.birth, l.birth.digit()}},
		{FieldExpiry, []span{l.expiry, l.expiry.digit()}},
		{FieldName, []span{l.name}},
		{FieldSex, []span{l.sex}},
		{FieldIssuer, []span{l.issuer}},
		{FieldNationality, []span{l.nationality}},
		{FieldComposite, []span{l.compositeDigit}},
		{FieldPersonal, l.optional},
	} {
		if slices.ContainsFunc(f.spans, at) {
			return f.name
		}
	}
	if l.personal.to > 0 && at(l.personal.digit()) {
		return FieldPersonal
	}
	return ""
}
