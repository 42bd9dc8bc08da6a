package feed

import (
	"bytes"
	"errors"
	"strconv"

	"vigie/watchlist"
)

// Bodies are the canonical CBOR of a record's groups, in the order of sharing.Each;
// nil for a group that is not shown, or that a kind of record has not. Behind the CBOR
// of the templates stand their values, face after face, as little-endian float32: they
// hardly compress, and travel apart from the rest.
type Bodies [6][]byte

// The bodies of the groups. releasable_to is in none of them: a recipient is not
// told who else receives. Ids of faces are not either: faces are named by place.
type (
	coreBody struct {
		Authority string             `cbor:"1,keyasint"`
		Category  watchlist.Category `cbor:"2,keyasint,omitempty"`
		Action    watchlist.Action   `cbor:"3,keyasint,omitempty"`
		Issued    int64              `cbor:"4,keyasint,omitempty"`
		ReviewBy  int64              `cbor:"5,keyasint,omitempty"`
		Caveats   []string           `cbor:"6,keyasint,omitempty"`
		Specimen  bool               `cbor:"7,keyasint,omitempty"`
	}
	identityBody struct {
		Names         []watchlist.Name    `cbor:"1,keyasint,omitempty"`
		Births        []watchlist.Birth   `cbor:"2,keyasint,omitempty"`
		Sex           watchlist.Sex       `cbor:"3,keyasint,omitempty"`
		Nationalities []watchlist.Country `cbor:"4,keyasint,omitempty"`
	}
	faceBody struct {
		Model string `cbor:"1,keyasint"`
		// Values is how many float32 the template has.
		Values int      `cbor:"2,keyasint"`
		Flags  []string `cbor:"3,keyasint,omitempty"`
	}
	documentsBody struct {
		Documents []watchlist.Document `cbor:"1,keyasint,omitempty"`
		Report    *reportBody          `cbor:"2,keyasint,omitempty"`
	}
	reportBody struct {
		Type      string                 `cbor:"1,keyasint"`
		Number    string                 `cbor:"2,keyasint"`
		NumberTo  string                 `cbor:"3,keyasint,omitempty"`
		Issuer    watchlist.Country      `cbor:"4,keyasint"`
		Status    watchlist.ReportStatus `cbor:"5,keyasint"`
		Reported  watchlist.PartialDate  `cbor:"6,keyasint"`
		Expiry    watchlist.PartialDate  `cbor:"7,keyasint,omitzero"`
		Reference string                 `cbor:"8,keyasint"`
	}
	caseBody struct {
		Facts         string `cbor:"1,keyasint,omitempty"`
		Assessments   string `cbor:"2,keyasint,omitempty"`
		LegalBasis    string `cbor:"3,keyasint"`
		Offence       string `cbor:"4,keyasint"`
		CaseReference string `cbor:"5,keyasint"`
	}
)

// EntryBodies gives the bodies of all groups of an entry.
func EntryBodies(e *watchlist.Entry) (Bodies, error) {
	faces, photos := make([]faceBody, len(e.Faces)), make([]string, len(e.Faces))
	var values []byte
	for i, f := range e.Faces {
		if len(f.Template)%4 != 0 {
			return Bodies{}, errMalformed
		}
		faces[i] = faceBody{Model: f.Model, Values: len(f.Template) / 4, Flags: f.Quality.Flags}
		values = append(values, f.Template...)
		photos[i] = string(f.Photo)
	}
	b, err := encodeBodies([6]any{
		coreBody{e.Origin.Authority, e.Category, e.Action, e.Issued, e.ReviewBy, e.Caveats, e.Specimen},
		identityBody{e.Names, e.Births, e.Sex, e.Nationalities},
		faces,
		documentsBody{Documents: e.Documents},
		photos,
		caseBody{e.Facts, e.Assessments, e.LegalBasis, e.Offence, e.CaseReference},
	})
	b[templatesAt] = append(b[templatesAt], values...)
	return b, err
}

// templatesAt is the place of the templates in Bodies.
const templatesAt = 2

// splitTemplates parts the body of the templates into its CBOR and its values.
func splitTemplates(b []byte) (faces []faceBody, head, values []byte, err error) {
	if values, err = unmarshalFirst(b, &faces); err != nil {
		return nil, nil, nil, err
	}
	return faces, b[:len(b)-len(values)], values, nil
}

// valuesSize is how many bytes of values belong to faces, -1 for impossible ones.
func valuesSize(faces []faceBody) int {
	n := 0
	for _, f := range faces {
		if f.Values < 0 || f.Values > 4096 {
			return -1
		}
		n += 4 * f.Values
	}
	return n
}

// ReportBodies gives the bodies of a reported document: its core and its documents.
func ReportBodies(r *watchlist.ReportedDocument) (Bodies, error) {
	return encodeBodies([6]any{
		coreBody{Authority: r.Origin.Authority, Specimen: r.Specimen},
		nil, nil,
		documentsBody{Report: &reportBody{r.Type, r.Number, r.NumberTo, r.Issuer, r.Status, r.Reported, r.Expiry, r.Reference}},
		nil, nil,
	})
}

func encodeBodies(parts [6]any) (b Bodies, err error) {
	for i, p := range parts {
		if p == nil {
			continue
		}
		if b[i], err = marshal(p); err != nil {
			return Bodies{}, err
		}
	}
	return b, nil
}

// exact decodes b into v and refuses every other encoding of the same value.
func exact(b []byte, v any) error {
	if err := unmarshal(b, v); err != nil {
		return err
	}
	again, err := marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return errMalformed
	}
	return nil
}

// Entry gives the read-only copy of an entry that the bodies make up; what they do
// not hold is empty, and the copy does not pass Entry.Validate where something
// required is withheld. What is there is checked as an own entry's would be: Entry
// fails on templates, names, dates or texts that Validate refuses.
func Entry(l Leaf, b Bodies) (*watchlist.Entry, error) {
	if l.Kind != KindEntry || l.Type != Put {
		return nil, errors.New("the leaf is not of an entry")
	}
	var c coreBody
	if err := exact(b[0], &c); err != nil {
		return nil, err
	}
	id := watchlist.EntryID(l.Record)
	e := &watchlist.Entry{
		ID: id, Origin: watchlist.Origin{Country: id.Origin(), Authority: c.Authority}, Category: c.Category, Action: c.Action,
		Status: watchlist.StatusActive, Revision: l.Revision, Issued: c.Issued, ReviewBy: c.ReviewBy, ExpiresAt: l.Expires,
		Caveats: c.Caveats, Specimen: c.Specimen, CreatedAt: l.Time, UpdatedAt: l.Time,
	}
	if err := fill(e, b); err != nil {
		return nil, err
	}
	return e, checkCopy(e)
}

// fill takes over the groups beside the core.
func fill(e *watchlist.Entry, b Bodies) error {
	var (
		identity  identityBody
		faces     []faceBody
		documents documentsBody
		photos    []string
		file      caseBody
	)
	var values []byte
	if b[templatesAt] != nil {
		var head []byte
		var err error
		if faces, head, values, err = splitTemplates(b[templatesAt]); err != nil || exact(head, &faces) != nil || valuesSize(faces) != len(values) {
			return errMalformed
		}
	}
	for i, v := range [6]any{1: &identity, 3: &documents, 4: &photos, 5: &file} {
		if v == nil || b[i] == nil {
			continue
		}
		if err := exact(b[i], v); err != nil {
			return err
		}
	}
	if documents.Report != nil || b[2] != nil && b[4] != nil && len(faces) != len(photos) || len(photos) > watchlist.MaxFaces {
		return errMalformed
	}
	e.Names, e.Births, e.Sex, e.Nationalities = identity.Names, identity.Births, identity.Sex, identity.Nationalities
	e.Documents = documents.Documents
	e.Facts, e.Assessments, e.LegalBasis, e.Offence, e.CaseReference = file.Facts, file.Assessments, file.LegalBasis, file.Offence, file.CaseReference
	for i, f := range faces {
		face := watchlist.Face{ID: strconv.Itoa(i + 1), Model: f.Model, Template: values[: 4*f.Values : 4*f.Values], AddedAt: e.UpdatedAt}
		face.Quality.Flags, values = f.Flags, values[4*f.Values:]
		if i < len(photos) {
			face.Photo = watchlist.BlobID(photos[i])
		}
		e.Faces = append(e.Faces, face)
	}
	return nil
}

// checkCopy validates a copy, with what is withheld filled in for the check alone.
func checkCopy(e *watchlist.Entry) error {
	c := *e
	if len(c.Names) == 0 && len(c.Faces) == 0 && len(c.Documents) == 0 {
		c.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "withheld"}}
	}
	for _, s := range []*string{&c.LegalBasis, &c.Offence, &c.CaseReference} {
		if *s == "" {
			*s = "withheld"
		}
	}
	if err := c.Validate(); err != nil {
		return errors.New("a record that its origin could not have written")
	}
	return nil
}

// Report gives the read-only copy of a reported document, checked as Entry does.
func Report(l Leaf, b Bodies) (*watchlist.ReportedDocument, error) {
	if l.Kind != KindReport || l.Type != Put {
		return nil, errors.New("the leaf is not of a reported document")
	}
	var (
		c coreBody
		d documentsBody
	)
	if err := errors.Join(exact(b[0], &c), exact(b[3], &d)); err != nil {
		return nil, errMalformed
	}
	if d.Report == nil || len(d.Documents) > 0 {
		return nil, errMalformed
	}
	id, p := watchlist.ReportID(l.Record), d.Report
	r := &watchlist.ReportedDocument{
		ID: id, Origin: watchlist.Origin{Country: id.Origin(), Authority: c.Authority}, Revision: l.Revision, Type: p.Type, Number: p.Number, NumberTo: p.NumberTo,
		Issuer: p.Issuer, Status: p.Status, Reported: p.Reported, Expiry: p.Expiry, Reference: p.Reference,
		KeepUntil: l.Expires, Specimen: c.Specimen, CreatedAt: l.Time, UpdatedAt: l.Time,
	}
	if err := r.Validate(); err != nil {
		return nil, errors.New("a record that its origin could not have written")
	}
	return r, nil
}
