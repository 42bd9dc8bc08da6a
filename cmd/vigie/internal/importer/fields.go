package importer

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/watchlist"
)

// reader takes the fields of one line and collects its problems.
type reader struct {
	line    int
	columns map[string]int
	cells   []string
	found   Problems
}

func (r *reader) add(field, detail string) {
	r.found = append(r.found, Problem{Line: r.line, Field: field, Detail: detail})
}

// list gives the values of a source: none when the cell is empty and there is no
// constant.
func (r *reader) list(s *Source) []string {
	cell := ""
	if i, ok := r.columns[s.Column]; ok && s.Column != "" {
		cell = strings.TrimSpace(r.cells[i])
	}
	if !utf8.ValidString(cell) {
		r.add(s.Column, "not valid UTF-8: say encoding: windows-1252 in the mapping?")
		return nil
	}
	if cell == "" {
		if s.Value == "" {
			return nil
		}
		return []string{s.Value}
	}
	parts := []string{cell}
	if s.Split != "" {
		parts = strings.Split(cell, s.Split)
	}
	var out []string
	for _, v := range parts {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if len(s.Values) > 0 {
			t, ok := s.Values[strings.ToLower(v)]
			if !ok {
				r.add(s.Column, "the cell is not in the mapping's values")
				continue
			}
			v = t
		}
		out = append(out, v)
	}
	return out
}

// one gives the single value of a source, "" for none.
func (r *reader) one(s *Source) string {
	v := r.list(s)
	if len(v) == 0 {
		return ""
	}
	if len(v) > 1 {
		r.add(s.Column, "one value is expected")
	}
	return v[0]
}

// date gives a partial date in the source's format.
func (r *reader) date(s *Source) watchlist.PartialDate {
	v := r.one(s)
	if v == "" {
		return watchlist.PartialDate{}
	}
	if s.Format != "" {
		if t, err := time.Parse(s.Format, v); err == nil {
			return watchlist.PartialDate{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
		}
	}
	d, err := watchlist.ParsePartialDate(v)
	if err != nil {
		detail := "a date is YYYY, YYYY-MM or YYYY-MM-DD"
		if s.Format != "" {
			detail += ", or as the mapping's format"
		}
		r.add(s.Column, detail)
	}
	return d
}

// instant gives a full date as Unix milliseconds at midnight UTC.
func (r *reader) instant(s *Source, issued int64) int64 {
	if s.PlusDays != 0 && r.one(&Source{Column: s.Column}) == "" {
		return time.UnixMilli(issued).AddDate(0, 0, s.PlusDays).UnixMilli()
	}
	d := r.date(s)
	if d.IsZero() {
		return 0
	}
	if d.Day == 0 {
		r.add(s.Column, "a full date is needed: YYYY-MM-DD")
		return 0
	}
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).UnixMilli()
}

func (r *reader) countries(s *Source) []watchlist.Country {
	var out []watchlist.Country
	for _, v := range r.list(s) {
		out = append(out, watchlist.Country(strings.ToUpper(v)))
	}
	return out
}

// record makes a record from one line of cells.
func (m *Mapping) record(line int, columns map[string]int, cells []string) (*Record, error) {
	r := &reader{line: line, columns: columns, cells: cells}
	rec := &Record{Line: line}
	e := &rec.Entry
	e.Category = watchlist.Category(r.one(&m.Category))
	e.Action = watchlist.Action(r.one(&m.Action))
	e.Status = watchlist.Status(r.one(&m.Status))
	e.Sex = watchlist.Sex(strings.ToUpper(r.one(&m.Sex)))
	e.Nationalities = r.countries(&m.Nationalities)
	e.Facts, e.Assessments = r.one(&m.Facts), r.one(&m.Assessments)
	e.LegalBasis, e.Offence, e.CaseReference = r.one(&m.LegalBasis), r.one(&m.Offence), r.one(&m.CaseReference)
	e.Issued = r.instant(&m.Issued, 0)
	e.ExpiresAt = r.instant(&m.ExpiresAt, e.Issued)
	e.ReviewBy = r.instant(&m.ReviewBy, e.Issued)
	e.ReleasableTo = r.countries(&m.ReleasableTo)
	e.Caveats = r.list(&m.Caveats)
	e.Specimen = strings.EqualFold(r.one(&m.Specimen), "true")
	m.identity(r, e)
	for _, name := range r.list(&m.Photos) {
		if detail := CheckPhotoName(name); detail != "" {
			r.add(m.Photos.Column, detail)
			continue
		}
		rec.Photos = append(rec.Photos, name)
	}
	if len(r.found) > 0 {
		return nil, r.found
	}
	rec.finish()
	return rec, nil
}

// identity fills names, births and documents.
func (m *Mapping) identity(r *reader, e *watchlist.Entry) {
	for i := range m.Names {
		n := &m.Names[i]
		base := watchlist.Name{
			Kind: watchlist.NameKind(r.one(&n.Kind)), Script: watchlist.Script(r.one(&n.Script)),
			Surname: r.one(&n.Surname), Given: r.one(&n.Given),
		}
		full := r.list(&n.Full)
		if len(full) == 0 && base.Surname+base.Given != "" {
			e.Names = append(e.Names, base)
		}
		for _, f := range full {
			one := base
			one.Full = f
			e.Names = append(e.Names, one)
		}
	}
	for i := range m.Births {
		b := &m.Births[i]
		if d := r.date(&b.Date); !d.IsZero() {
			e.Births = append(e.Births, watchlist.Birth{From: d, To: r.date(&b.To), Place: r.one(&b.Place)})
		}
	}
	for i := range m.Documents {
		d := &m.Documents[i]
		if n := r.one(&d.Number); n != "" {
			e.Documents = append(e.Documents, watchlist.Document{
				Type: r.one(&d.Type), Number: n, Issuer: watchlist.Country(strings.ToUpper(r.one(&d.Issuer))),
				Expiry: r.date(&d.Expiry), Status: watchlist.DocumentStatus(r.one(&d.Status)),
			})
		}
	}
}

// CheckPhotoName says what is wrong with a photo's file name, "" for nothing: it
// must stay inside the photo folder and be an image by its extension.
func CheckPhotoName(name string) string {
	if !filepath.IsLocal(name) {
		return "a photo is named relative to the photo folder, without .."
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp":
		return ""
	}
	return fmt.Sprintf("a photo is a .jpg, .jpeg, .png or .webp file, not %q", filepath.Ext(name))
}
