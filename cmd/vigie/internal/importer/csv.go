package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// maxLine bounds one record of either format, in bytes.
const maxLine = 1 << 20

func (m *Mapping) delimiter() (rune, error) {
	switch m.Delimiter {
	case "":
		return ',', nil
	case "tab":
		return '\t', nil
	}
	r, n := utf8.DecodeRuneInString(m.Delimiter)
	if n != len(m.Delimiter) || r == utf8.RuneError || strings.ContainsRune("\r\n\"", r) {
		return 0, errors.New(" delimiter: use one character, or tab")
	}
	return r, nil
}

func (m *Mapping) decoder() (*encoding.Decoder, error) {
	switch strings.ToLower(m.Encoding) {
	case "", "utf-8", "utf8":
		return nil, nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder(), nil
	case "iso-8859-15":
		return charmap.ISO8859_15.NewDecoder(), nil
	}
	return nil, errors.New(" encoding: use utf-8, windows-1252 or iso-8859-15")
}

// CSV reads a CSV file whose first line holds the headers. It yields a record,
// or the problems of a line, never both; an error ends the sequence and means
// that the file as a whole can't be read with this mapping.
func CSV(b []byte, m *Mapping) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		rd, columns, err := openCSV(b, m)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			cells, err := rd.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var rec *Record
			if err != nil {
				err = csvProblem(err)
			} else {
				line, _ := rd.FieldPos(0)
				rec, err = m.record(line, columns, cells)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func openCSV(b []byte, m *Mapping) (*csv.Reader, map[string]int, error) {
	delim, err := m.delimiter()
	if err != nil {
		return nil, nil, err
	}
	dec, err := m.decoder()
	if err != nil {
		return nil, nil, err
	}
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return nil, nil, Problem{Line: 1, Detail: "the file is UTF-16: save it as CSV UTF-8"}
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if dec != nil {
		if b, err = dec.Bytes(b); err != nil {
			return nil, nil, fmt.Errorf("decode the file as %s: %w", m.Encoding, err)
		}
	}
	rd := csv.NewReader(bytes.NewReader(b))
	rd.Comma = delim
	header, err := rd.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, Problem{Line: 1, Detail: "the file is empty; its first line must hold the headers"}
	} else if err != nil {
		return nil, nil, csvProblem(err)
	}
	columns := map[string]int{}
	for i, h := range header {
		h = strings.TrimSpace(h)
		if _, twice := columns[h]; twice && h != "" {
			return nil, nil, Problem{Line: 1, Field: h, Detail: "two columns have this header"}
		}
		columns[h] = i
	}
	if detail := m.missing(columns); detail != "" {
		if len(columns) == 1 {
			detail += fmt.Sprintf(" (one column: is %q the delimiter?)", delim)
		}
		return nil, nil, Problem{Line: 1, Detail: detail}
	}
	return rd, columns, nil
}

// missing says which columns of the mapping the file lacks, in the mapping's
// order, "" for none.
func (m *Mapping) missing(columns map[string]int) string {
	var lacks []*Source
	for _, s := range m.sources() {
		if _, ok := columns[s.Column]; s.Column != "" && !ok {
			lacks = append(lacks, s)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	slices.SortStableFunc(lacks, func(a, b *Source) int { return a.line - b.line })
	text := make([]string, len(lacks))
	for i, s := range lacks {
		text[i] = fmt.Sprintf("%q (mapping line %d)", s.Column, s.line)
	}
	return fmt.Sprintf("the mapping names columns that the file lacks: %s; the file has: %s",
		strings.Join(text, ", "), strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
}

// csvProblem drops the cells from the reader's error and keeps line and rule.
func csvProblem(err error) error {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return err
	}
	if errors.Is(pe.Err, csv.ErrFieldCount) {
		return Problems{{Line: pe.Line, Detail: "the line has more or fewer columns than the headers"}}
	}
	return Problems{{Line: pe.Line, Detail: pe.Err.Error()}}
}

// Problems is everything that is wrong in one line.
type Problems []Problem

// Error implements error, one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// sources lists every source of the mapping.
func (m *Mapping) sources() []*Source {
	all := []*Source{
		&m.Category, &m.Action, &m.Status, &m.Sex, &m.Nationalities, &m.Facts, &m.Assessments, &m.LegalBasis, &m.Offence,
		&m.CaseReference, &m.Issued, &m.ReviewBy, &m.ExpiresAt, &m.ReleasableTo, &m.Caveats, &m.Specimen, &m.Photos,
	}
	for i := range m.Names {
		n := &m.Names[i]
		all = append(all, &n.Kind, &n.Script, &n.Full, &n.Surname, &n.Given)
	}
	for i := range m.Births {
		b := &m.Births[i]
		all = append(all, &b.Date, &b.To, &b.Place)
	}
	for i := range m.Documents {
		d := &m.Documents[i]
		all = append(all, &d.Type, &d.Number, &d.Issuer, &d.Expiry, &d.Status)
	}
	return all
}
