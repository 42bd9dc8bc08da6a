package text

import (
	"errors"
	"fmt"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"

	"vigie/watchlist"
)

// errBleve marks a failure, or a panic, inside bleve. What bleve says is left out:
// it may hold a word.
var errBleve = errors.New("text index: bleve failed")

// guard turns a panic of bleve into an error, so that one bad query or entry never
// takes the node down. The panic's value is left out for the same reason.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: panic", errBleve)
	}
}

// words is the name of the analyser of folded text.
const words = "words"

// allFields is bleve's field of all others.
const allFields = "_all"

// newMapping says how contents are indexed: words and places, nothing stored.
func newMapping() (*mapping.IndexMappingImpl, error) {
	m := bleve.NewIndexMapping()
	if err := m.AddCustomAnalyzer(words, map[string]any{"type": custom.Name, "tokenizer": whitespace.Name}); err != nil {
		return nil, errBleve
	}
	doc := bleve.NewDocumentStaticMapping()
	for _, name := range Fields() {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.DocValues, f.IncludeTermVectors = words, false, false, true
		f.IncludeInAll = name != fieldStatus && name != fieldAction
		doc.AddFieldMappingsAt(name, f)
	}
	for _, name := range []string{filterStatus, filterCategory} {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.DocValues, f.IncludeTermVectors, f.IncludeInAll = keyword.Name, false, false, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	m.DefaultMapping, m.DefaultAnalyzer = doc, words
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	return m, nil
}

// newBleve makes an empty index in memory: scorch with no path writes no file.
func newBleve() (ix bleve.Index, err error) {
	defer guard(&err)
	m, err := newMapping()
	if err != nil {
		return nil, err
	}
	if ix, err = bleve.NewUsing("", m, scorch.Name, scorch.Name, nil); err != nil {
		return nil, errBleve
	}
	return ix, nil
}

// write puts documents into an index and takes others out, all at once.
func write(ix bleve.Index, put map[watchlist.EntryID]contents, remove []watchlist.EntryID) (err error) {
	defer guard(&err)
	if len(put)+len(remove) == 0 {
		return nil
	}
	b := ix.NewBatch()
	for id, c := range put {
		if err := b.Index(string(id), map[string]any(c)); err != nil {
			return errBleve
		}
	}
	for _, id := range remove {
		b.Delete(string(id))
	}
	if ix.Batch(b) != nil {
		return errBleve
	}
	return nil
}

// count gives the number of documents, 0 when bleve fails.
func count(ix bleve.Index) int {
	n, err := ix.DocCount()
	if err != nil {
		return 0
	}
	return int(n)
}
