package name

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/google/go-cmp/cmp"

	"vigie/benchmarks/gen"
)

// bleveDocument hands precomputed keywords to bleve. It takes the place of bleve's
// own document, whose mapping and analysis would do the work again.
type bleveDocument struct {
	id     string
	fields []*bleveField
}

// bleveField is one keyword field with all its terms.
type bleveField struct {
	name    string
	value   []byte
	options index.FieldIndexingOptions
	terms   index.TokenFrequencies
}

func newBleveDocument(id string, d doc, lexicon []word) *bleveDocument {
	out := &bleveDocument{id: id, fields: []*bleveField{{
		name: "_id", value: []byte(id), options: index.IndexField | index.StoreField | index.SkipFreqNorm,
		terms: index.TokenFrequencies{id: frequency(id)},
	}}}
	byName := map[field]*bleveField{}
	for _, w := range d.words {
		lexicon[w].keys(func(t term) {
			f := byName[t.field]
			if f == nil {
				f = &bleveField{name: bleveName(t.field), options: index.IndexField | index.SkipFreqNorm, terms: index.TokenFrequencies{}}
				byName[t.field] = f
				out.fields = append(out.fields, f)
			}
			f.terms[t.value] = frequency(t.value)
		})
	}
	return out
}

func bleveName(f field) string { return "field" + strconv.Itoa(int(f)) }

func frequency(term string) *index.TokenFreq {
	f := &index.TokenFreq{Term: []byte(term)}
	f.SetFrequency(1)
	return f
}

// ID implements index.Document.
func (d *bleveDocument) ID() string { return d.id }

// Size implements index.Document: an estimate in bytes.
func (d *bleveDocument) Size() int { return 64 * len(d.fields) }

// VisitFields implements index.Document.
func (d *bleveDocument) VisitFields(visit index.FieldVisitor) {
	for _, f := range d.fields {
		visit(f)
	}
}

// VisitComposite implements index.Document; there are no composite fields.
func (d *bleveDocument) VisitComposite(index.CompositeFieldVisitor) {}

// HasComposite implements index.Document.
func (d *bleveDocument) HasComposite() bool { return false }

// NumPlainTextBytes implements index.Document; it only feeds statistics.
func (d *bleveDocument) NumPlainTextBytes() uint64 { return 0 }

// AddIDField implements index.Document; the id field is there already.
func (d *bleveDocument) AddIDField() {}

// StoredFieldsBytes implements index.Document.
func (d *bleveDocument) StoredFieldsBytes() uint64 { return uint64(len(d.id)) }

// Indexed implements index.Document.
func (d *bleveDocument) Indexed() bool { return true }

// Name implements index.Field.
func (f *bleveField) Name() string { return f.name }

// Value implements index.Field.
func (f *bleveField) Value() []byte { return f.value }

// ArrayPositions implements index.Field.
func (f *bleveField) ArrayPositions() []uint64 { return nil }

// EncodedFieldType implements index.Field: text.
func (f *bleveField) EncodedFieldType() byte { return 't' }

// Analyze implements index.Field; the terms are there already.
func (f *bleveField) Analyze() {}

// Options implements index.Field.
func (f *bleveField) Options() index.FieldIndexingOptions { return f.options }

// AnalyzedLength implements index.Field.
func (f *bleveField) AnalyzedLength() int { return len(f.terms) }

// AnalyzedTokenFrequencies implements index.Field.
func (f *bleveField) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }

// NumPlainTextBytes implements index.Field; it only feeds statistics.
func (f *bleveField) NumPlainTextBytes() uint64 { return 0 }

// fuzzyReader is the part of bleve's reader that walks a dictionary with a
// Levenshtein automaton.
type fuzzyReader interface {
	FieldDictFuzzy(field, term string, fuzziness int, prefix string) (index.FieldDict, error)
}

// TestAgainstBleve holds the postings and the near spellings against a bleve index
// of the same names: every key finds the same names, and every word the same
// near spellings, in one segment as in many.
func TestAgainstBleve(t *testing.T) {
	x := newIndex(t)
	list := append(gen.Names(6, 4000), "Maria Da Silva", "محمد ولد الشيخ", "Müller Ly Ba", "M. Nd. Sy")
	if err := x.Rebuild(entriesOf(list[:2600]), 1); err != nil {
		t.Fatal(err)
	}
	for i, n := range list[2600:] {
		if i == 1200 {
			settle(x)
		}
		put(t, x, uint64(i+2), entryOf(2600+i, n))
	}
	settle(x)
	st := x.state.Load()
	if len(st.segments) < 2 || len(st.delta) == 0 {
		t.Fatalf("%d segments, %d in the delta; the test wants several", len(st.segments), len(st.delta))
	}
	reader := bleveReader(t, st)
	terms, texts := map[term]bool{}, map[string]bool{}
	for _, w := range st.lexicon {
		w.keys(func(k term) { terms[k] = true })
		texts[w.Text] = true
	}
	for k := range terms {
		s := x.newSearcher(st)
		s.openers = 1
		s.find(map[term]mask{k: 1})
		s.mark()
		if diff := cmp.Diff(bleveHolding(t, reader, k), s.marked()); diff != "" {
			t.Fatalf("key %v: bleve and the postings differ:\n%s", k, diff)
		}
		x.release(s)
	}
	for text := range texts {
		s := x.newSearcher(st)
		s.findSimilar(text, 1)
		want := x.newSearcher(st)
		for _, near := range bleveSimilar(t, reader, text) {
			want.find(map[term]mask{{fieldToken, near}: 1})
		}
		slices.Sort(s.words)
		slices.Sort(want.words)
		if diff := cmp.Diff(want.words, s.words); diff != "" {
			t.Fatalf("near %s: bleve and the dictionary differ:\n%s", text, diff)
		}
		x.release(want)
		x.release(s)
	}
}

// marked lists the entry versions with a mask.
func (s *searcher) marked() []uint32 {
	out := []uint32{}
	for part, seen := range s.seen[:len(s.masks)] {
		for _, f := range seen {
			seqs, _ := s.st.bearers(part, f)
			out = append(out, seqs...)
		}
	}
	slices.Sort(out)
	return out
}

func bleveReader(t *testing.T, st *state) index.IndexReader {
	t.Helper()
	queue := index.NewAnalysisQueue(1)
	t.Cleanup(queue.Close)
	x, err := scorch.NewScorch(scorch.Name, map[string]any{"path": ""}, queue)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	b := index.NewBatch()
	add := func(d doc) { b.Update(newBleveDocument(strconv.Itoa(int(d.seq[0])), d, st.lexicon)) }
	for _, s := range st.segments {
		s.docs(add)
	}
	for _, d := range st.delta {
		add(d)
	}
	if err := x.Batch(b); err != nil {
		t.Fatal(err)
	}
	r, err := x.Reader()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// bleveHolding lists the entry versions that bleve finds under a key.
func bleveHolding(t *testing.T, reader index.IndexReader, k term) []uint32 {
	t.Helper()
	r, err := reader.TermFieldReader(context.Background(), []byte(k.value), bleveName(k.field), false, false, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := []uint32{}
	for {
		d, err := r.Next(nil)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			slices.Sort(out)
			return out
		}
		id, err := reader.ExternalID(d.ID)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, uint32(n))
	}
}

// bleveSimilar lists the spellings that bleve's automaton accepts.
func bleveSimilar(t *testing.T, reader index.IndexReader, text string) (out []string) {
	t.Helper()
	k := fuzziness(len(text))
	if k == 0 {
		return []string{text}
	}
	d, err := reader.(fuzzyReader).FieldDictFuzzy(bleveName(fieldToken), text, k, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for {
		e, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			return out
		}
		out = append(out, e.Term)
	}
}
