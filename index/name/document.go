package name

import (
	index "github.com/blevesearch/bleve_index_api"

	"vigie/watchlist/names"
)

// document hands precomputed keywords to bleve. It takes the place of bleve's
// own document, whose mapping and analysis would do the work again.
type document struct {
	id     string
	fields []*field
}

// field is one keyword field with all its terms.
type field struct {
	name    string
	value   []byte
	options index.FieldIndexingOptions
	terms   index.TokenFrequencies
}

func newDocument(id string, tokens []*names.Token) *document {
	d := &document{id: id, fields: []*field{{
		name: "_id", value: []byte(id), options: index.IndexField | index.StoreField | index.SkipFreqNorm,
		terms: index.TokenFrequencies{id: frequency(id)},
	}}}
	byName := map[string]*field{}
	for _, t := range docTerms(tokens) {
		f := byName[t.field]
		if f == nil {
			f = &field{name: t.field, options: index.IndexField | index.SkipFreqNorm, terms: index.TokenFrequencies{}}
			byName[t.field] = f
			d.fields = append(d.fields, f)
		}
		f.terms[t.value] = frequency(t.value)
	}
	return d
}

func frequency(term string) *index.TokenFreq {
	f := &index.TokenFreq{Term: []byte(term)}
	f.SetFrequency(1)
	return f
}

// ID implements index.Document.
func (d *document) ID() string { return d.id }

// Size implements index.Document: an estimate in bytes.
func (d *document) Size() int { return 64 * len(d.fields) }

// VisitFields implements index.Document.
func (d *document) VisitFields(visit index.FieldVisitor) {
	for _, f := range d.fields {
		visit(f)
	}
}

// VisitComposite implements index.Document; there are no composite fields.
func (d *document) VisitComposite(index.CompositeFieldVisitor) {}

// HasComposite implements index.Document.
func (d *document) HasComposite() bool { return false }

// NumPlainTextBytes implements index.Document; it only feeds statistics.
func (d *document) NumPlainTextBytes() uint64 { return 0 }

// AddIDField implements index.Document; the id field is there already.
func (d *document) AddIDField() {}

// StoredFieldsBytes implements index.Document.
func (d *document) StoredFieldsBytes() uint64 { return uint64(len(d.id)) }

// Indexed implements index.Document.
func (d *document) Indexed() bool { return true }

// Name implements index.Field.
func (f *field) Name() string { return f.name }

// Value implements index.Field.
func (f *field) Value() []byte { return f.value }

// ArrayPositions implements index.Field.
func (f *field) ArrayPositions() []uint64 { return nil }

// EncodedFieldType implements index.Field: text.
func (f *field) EncodedFieldType() byte { return 't' }

// Analyze implements index.Field; the terms are there already.
func (f *field) Analyze() {}

// Options implements index.Field.
func (f *field) Options() index.FieldIndexingOptions { return f.options }

// AnalyzedLength implements index.Field.
func (f *field) AnalyzedLength() int { return len(f.terms) }

// AnalyzedTokenFrequencies implements index.Field.
func (f *field) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }

// NumPlainTextBytes implements index.Field; it only feeds statistics.
func (f *field) NumPlainTextBytes() uint64 { return 0 }
