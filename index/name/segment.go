package name

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"vigie/watchlist/names"
)

// doc is one name of one entry.
type doc struct {
	// seq is the number of the entry's version, see state.
	seq    uint32
	name   uint16
	weak   bool
	tokens []uint32
}

// segment is an immutable bleve index of names that was built in one batch and
// lives in memory. docs are in bleve's own order.
type segment struct {
	docs   []doc
	reader index.IndexReader
	fuzzy  fuzzyReader
}

// fuzzyReader is the part of bleve's reader that walks a dictionary with a
// Levenshtein automaton.
type fuzzyReader interface {
	FieldDictFuzzy(field, term string, fuzziness int, prefix string) (index.FieldDict, error)
}

// errBleve marks a failure, or a panic, inside bleve.
var errBleve = errors.New("name index: bleve failed")

// guard turns a panic of bleve into an error, so that one bad query or batch
// never takes the node down. The panic's value is left out: it may hold a term.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: panic", errBleve)
	}
}

// buildSegment indexes docs in one batch.
func buildSegment(docs []doc, lexicon []*names.Token) (s *segment, err error) {
	defer guard(&err)
	queue := index.NewAnalysisQueue(1)
	defer queue.Close()
	x, err := scorch.NewScorch(scorch.Name, map[string]any{"path": ""}, queue)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	if err := x.Open(); err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	// The reader outlives the index: it holds the segment in memory, and closing
	// the index only ends its goroutines.
	defer x.Close()
	b := index.NewBatch()
	for i, d := range docs {
		b.Update(newDocument(strconv.Itoa(i), tokensOf(d, lexicon)))
	}
	if err := x.Batch(b); err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	r, err := x.Reader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	fr, ok := r.(fuzzyReader)
	if !ok {
		return nil, fmt.Errorf("%w: the reader has no fuzzy dictionary", errBleve)
	}
	s = &segment{reader: r, fuzzy: fr}
	s.docs, err = ordered(r, docs)
	return s, err
}

// ordered gives docs in bleve's order: a batch is a map, so the order is random.
func ordered(r index.IndexReader, docs []doc) ([]doc, error) {
	out := make([]doc, len(docs))
	ids, err := r.DocIDReaderAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	defer ids.Close()
	n := 0
	for {
		id, err := ids.Next()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBleve, err)
		}
		if id == nil {
			break
		}
		ext, err := r.ExternalID(id)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBleve, err)
		}
		i, err := strconv.Atoi(ext)
		if err != nil || id.Value() >= uint64(len(out)) || i >= len(docs) {
			return nil, fmt.Errorf("%w: unexpected document", errBleve)
		}
		out[id.Value()] = docs[i]
		n++
	}
	if n != len(docs) {
		return nil, fmt.Errorf("%w: %d documents of %d", errBleve, n, len(docs))
	}
	return out, nil
}

func tokensOf(d doc, lexicon []*names.Token) []*names.Token {
	t := make([]*names.Token, len(d.tokens))
	for i, id := range d.tokens {
		t[i] = lexicon[id]
	}
	return t
}

// visit calls f with the number of each document that holds the term.
func (s *segment) visit(t term, f func(doc uint32)) (err error) {
	defer guard(&err)
	r, err := s.reader.TermFieldReader(context.Background(), []byte(t.value), t.field, false, false, false)
	if err != nil {
		return fmt.Errorf("%w: %w", errBleve, err)
	}
	defer r.Close()
	var tfd index.TermFieldDoc
	for {
		d, err := r.Next(&tfd)
		if err != nil {
			return fmt.Errorf("%w: %w", errBleve, err)
		}
		if d == nil {
			return nil
		}
		f(uint32(d.ID.Value()))
	}
}

// similar lists the tok terms that differ from word by at most k letters.
func (s *segment) similar(word string, k int) (out []string, err error) {
	defer guard(&err)
	dict, err := s.fuzzy.FieldDictFuzzy(fieldToken, word, k, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBleve, err)
	}
	defer dict.Close()
	for {
		e, err := dict.Next()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBleve, err)
		}
		if e == nil {
			return out, nil
		}
		out = append(out, e.Term)
	}
}
