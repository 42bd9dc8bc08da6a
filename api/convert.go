package api

import (
	"strings"
	"time"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/country"
)

// The conversions list every field one by one: a field added to the domain
// doesn't reach the wire by accident.

// list converts a slice, and gives an empty one instead of nil.
func list[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}

// optional is list, but nil when there is nothing.
func optional[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	return list(in, f)
}

func cast[B, A ~string](a A) B { return B(string(a)) }

func castAll[B, A ~string](in []A) []B { return optional(in, cast[B, A]) }

func nameOut(n watchlist.Name) gen.Name {
	return gen.Name{Kind: gen.NameKind(n.Kind), Script: gen.Script(n.Script), Full: n.Full, Surname: n.Surname, Given: n.Given}
}

func nameIn(n gen.Name) watchlist.Name {
	return watchlist.Name{
		Kind: watchlist.NameKind(n.Kind), Script: watchlist.Script(n.Script),
		Full: strings.TrimSpace(n.Full), Surname: strings.TrimSpace(n.Surname), Given: strings.TrimSpace(n.Given),
	}
}

func birthOut(b watchlist.Birth) gen.Birth {
	return gen.Birth{Date: b.From.String(), To: b.To.String(), Place: b.Place}
}

func documentOut(d watchlist.Document) gen.Document {
	return gen.Document{
		Type: gen.DocumentType(d.Type), Number: d.Number, Issuer: string(d.Issuer),
		Expiry: d.Expiry.String(), Status: gen.DocumentStatus(d.Status),
	}
}

func boxOut(b watchlist.Box) gen.Box {
	return gen.Box{Left: b.Left, Top: b.Top, Right: b.Right, Bottom: b.Bottom}
}

func boxes(in []watchlist.Box) []gen.Box { return optional(in, boxOut) }

// boxIn gives nil for the zero box, which nobody can mean.
func boxIn(b gen.Box) *watchlist.Box {
	if b == (gen.Box{}) {
		return nil
	}
	return &watchlist.Box{Left: b.Left, Top: b.Top, Right: b.Right, Bottom: b.Bottom}
}

func qualityOut(q watchlist.FaceQuality) gen.FaceQuality {
	out := gen.FaceQuality{
		InterEyePx: finite(q.InterEye), Sharpness: finite(q.Sharpness), Dark: finite(q.Dark), Bright: finite(q.Bright),
		Flags: q.Flags, Measures: q.Measures,
		Components: optional(q.Components, func(c watchlist.QualityComponent) gen.QualityComponent {
			return gen.QualityComponent{Name: c.Name, Value: finite(c.Value), Score: c.Score}
		}),
	}
	if a, ok := q.Advice(); ok {
		out.Advice = adviceOut(a)
	}
	return out
}

func adviceOut(a watchlist.Advice) gen.Advice {
	return gen.Advice{Fr: a.French, En: a.English, Pt: a.Portuguese}
}

func measuredOut(m watchlist.FaceMeasure) gen.FaceMeasure {
	return gen.FaceMeasure{Component: m.Component, Value: finite(m.Value), Limit: finite(m.Limit)}
}

// faceOut converts a face of an entry; reviewBy is the entry's.
func faceOut(f watchlist.Face, reviewBy int64) gen.Face {
	out := gen.Face{Id: f.ID, Model: f.Model, Quality: qualityOut(f.Quality), HasPhoto: f.Photo != ""}
	if f.AddedAt != 0 {
		out.AddedAt = millis(f.AddedAt)
	}
	if by := f.ReplaceBy(reviewBy); by != 0 {
		out.ReplaceBy = millis(by)
	}
	return out
}

func stampOut(s watchlist.ListStamp) gen.Stamp {
	return gen.Stamp{
		Node: string(s.Node), AppliedIndex: int64(s.AppliedIndex), StateHash: s.StateHash,
		AgeMs: s.AgeMillis, Connected: s.Connected, Diverged: s.Diverged, Entries: s.Entries,
	}
}

func entryOut(e *watchlist.Entry, now time.Time) gen.Entry {
	return gen.Entry{
		Id: string(e.ID), Origin: gen.Origin{Country: string(e.Origin.Country), Authority: e.Origin.Authority},
		Category: gen.Category(e.Category), Action: gen.Action(e.Action),
		Status: gen.EntryStatus(e.EffectiveStatus(now.UnixMilli())), Revision: int64(e.Revision),
		Names: list(e.Names, nameOut), Births: optional(e.Births, birthOut), Sex: gen.Sex(e.Sex),
		Nationalities: castAll[gen.Country](e.Nationalities), Documents: optional(e.Documents, documentOut),
		Faces: list(e.Faces, func(f watchlist.Face) gen.Face { return faceOut(f, e.ReviewBy) }), Facts: e.Facts, Assessments: e.Assessments,
		LegalBasis: e.LegalBasis, Offence: e.Offence, CaseReference: e.CaseReference,
		Issued: millis(e.Issued), ReviewBy: millis(e.ReviewBy), ExpiresAt: millis(e.ExpiresAt),
		ReleasableTo: castAll[gen.Country](e.ReleasableTo), Caveats: e.Caveats, Specimen: e.Specimen,
		CreatedAt: millis(e.CreatedAt), UpdatedAt: millis(e.UpdatedAt), WithdrawnReason: e.WithdrawnReason,
	}
}

func summaryOut(e *watchlist.Entry, now time.Time) gen.EntrySummary {
	return gen.EntrySummary{
		Id: string(e.ID), Category: gen.Category(e.Category), Action: gen.Action(e.Action),
		Status: gen.EntryStatus(e.EffectiveStatus(now.UnixMilli())), Revision: int64(e.Revision),
		Names: list(e.Names, nameOut), Births: optional(e.Births, birthOut), Faces: len(e.Faces), Specimen: e.Specimen,
		ReviewBy: millis(e.ReviewBy), ExpiresAt: millis(e.ExpiresAt), UpdatedAt: millis(e.UpdatedAt),
	}
}

// inputOf gives the part of an entry that a client edits, for a merge patch.
func inputOf(e *watchlist.Entry) gen.EntryInput {
	return gen.EntryInput{
		Category: gen.Category(e.Category), Action: gen.Action(e.Action), Status: gen.EntryInputStatus(e.Status),
		Names: optional(e.Names, nameOut), Births: optional(e.Births, birthOut), Sex: gen.Sex(e.Sex),
		Nationalities: castAll[gen.Country](e.Nationalities), Documents: optional(e.Documents, documentOut),
		Facts: e.Facts, Assessments: e.Assessments,
		LegalBasis: e.LegalBasis, Offence: e.Offence, CaseReference: e.CaseReference,
		Issued: millis(e.Issued), ReviewBy: millis(e.ReviewBy), ExpiresAt: millis(e.ExpiresAt),
		ReleasableTo: castAll[gen.Country](e.ReleasableTo), Caveats: e.Caveats, Specimen: e.Specimen,
	}
}

// applyInput writes a client's fields over e, and leaves id, origin, faces and
// stamps alone. It returns a watchlist.ValidationError for dates that aren't in
// the calendar; the other rules are Entry.Validate's.
func applyInput(e *watchlist.Entry, in *gen.EntryInput) error {
	var errs watchlist.ValidationError
	e.Category, e.Action = watchlist.Category(in.Category), watchlist.Action(in.Action)
	if in.Status != "" {
		e.Status = watchlist.Status(in.Status)
	}
	e.Names = optional(in.Names, nameIn)
	e.Births = nil
	for i, b := range in.Births {
		e.Births = append(e.Births, birthIn(b.Date, b.To, b.Place, "/births/"+itoa(i), &errs))
	}
	e.Sex = watchlist.Sex(in.Sex)
	e.Nationalities = countriesIn(in.Nationalities, "/nationalities", &errs)
	e.Documents = nil
	for i, d := range in.Documents {
		e.Documents = append(e.Documents, documentIn(d, "/documents/"+itoa(i), &errs))
	}
	e.Facts, e.Assessments = in.Facts, in.Assessments
	e.LegalBasis, e.Offence, e.CaseReference = in.LegalBasis, in.Offence, in.CaseReference
	e.Issued, e.ReviewBy, e.ExpiresAt = in.Issued.UnixMilli(), in.ReviewBy.UnixMilli(), in.ExpiresAt.UnixMilli()
	e.ReleasableTo = countriesIn(in.ReleasableTo, "/releasable_to", &errs)
	e.Caveats = append([]string(nil), in.Caveats...)
	e.Specimen = in.Specimen
	if len(errs) > 0 {
		return errs
	}
	return nil
}

func birthIn(date, to, place, pointer string, errs *watchlist.ValidationError) watchlist.Birth {
	return watchlist.Birth{From: dateIn(date, pointer+"/date", errs), To: dateIn(to, pointer+"/to", errs), Place: place}
}

func documentIn(d gen.Document, pointer string, errs *watchlist.ValidationError) watchlist.Document {
	return watchlist.Document{
		Type: string(d.Type), Number: strings.TrimSpace(d.Number), Issuer: countryIn(d.Issuer, pointer+"/issuer", errs),
		Expiry: dateIn(d.Expiry, pointer+"/expiry", errs), Status: watchlist.DocumentStatus(d.Status),
	}
}

// countryIn refuses a code that no state or organisation has: it would count as
// another country than any.
func countryIn(code, pointer string, errs *watchlist.ValidationError) watchlist.Country {
	c := watchlist.Country(code)
	if c != "" && !country.Assigned(c) {
		*errs = append(*errs, watchlist.FieldError{Pointer: pointer, Code: "unknown_country", Detail: "neither ISO 3166-1 nor ICAO Doc 9303 has this code"})
	}
	return c
}

func countriesIn(in []gen.Country, pointer string, errs *watchlist.ValidationError) []watchlist.Country {
	var out []watchlist.Country
	for i, c := range in {
		out = append(out, countryIn(c, pointer+"/"+itoa(i), errs))
	}
	return out
}

func dateIn(s, pointer string, errs *watchlist.ValidationError) watchlist.PartialDate {
	d, err := watchlist.ParsePartialDate(s)
	if err != nil {
		*errs = append(*errs, watchlist.FieldError{Pointer: pointer, Code: "malformed", Detail: "no such date in the calendar, or outside 1850 to 2150"})
	}
	return d
}
