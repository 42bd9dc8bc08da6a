package text

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"

	"vigie/watchlist"
)

const (
	// maxLooked is how many entries of each part are looked at to find the best.
	maxLooked = 2000
	// maxTerms is how many words may begin as a query says. Bleve opens a reader for
	// each before it looks at the time.
	maxTerms = 1000
	// searchTime bounds a search.
	searchTime = 3 * time.Second
)

// found is one entry before it is cut to what is answered.
type found struct {
	id     watchlist.EntryID
	fields []string
	score  int
}

// Search finds entries by a query, the best first: more of its words, as they are
// written and in more telling fields; then by id. Errors: watchlist.FieldError with
// the pointer /text, the end of ctx or of the time for a search, a failure of bleve.
func (c *core) Search(ctx context.Context, q watchlist.TextQuery) (watchlist.TextResult, error) {
	p, err := parse(q.Text)
	if err != nil {
		return watchlist.TextResult{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	for {
		v := c.view.Load()
		out, err := v.search(ctx, p, q)
		if errors.Is(err, bleve.ErrorIndexClosed) && c.view.Load() != v {
			continue // a part was replaced meanwhile
		}
		return out, err
	}
}

// search goes over big, then small, in this order: an entry that is moved from one
// to the other meanwhile is seen in either. Small's is the newer of two.
func (v *view) search(ctx context.Context, p *parsed, q watchlist.TextQuery) (watchlist.TextResult, error) {
	all := map[watchlist.EntryID]found{}
	total := 0
	for _, part := range []bleve.Index{v.big, v.small} {
		for _, c := range p.clauses {
			if err := c.bounded(part); err != nil {
				return watchlist.TextResult{}, err
			}
		}
		res, err := searchPart(ctx, part, p, q)
		if err != nil {
			return watchlist.TextResult{}, err
		}
		total += int(res.Total)
		for _, hit := range res.Hits {
			id := watchlist.EntryID(hit.ID)
			if _, twice := all[id]; twice {
				total--
			}
			all[id] = p.rank(id, hit.Locations)
		}
	}
	list := make([]found, 0, len(all))
	for _, f := range all {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(string(a.id), string(b.id)))
	})
	out := watchlist.TextResult{Total: total, Index: v.applied}
	for _, f := range list[:min(len(list), max(q.K, 1))] {
		out.Matches = append(out.Matches, watchlist.TextMatch{Entry: f.id, Fields: f.fields})
	}
	return out, nil
}

// bounded refuses a beginning that too many words of a part have.
func (c clause) bounded(part bleve.Index) (err error) {
	defer guard(&err)
	if !c.prefix {
		return nil
	}
	for _, beginning := range slices.Compact([]string{c.words[len(c.words)-1], joined(c.words)}) {
		dict, err := part.FieldDictPrefix(c.field, []byte(beginning))
		if errors.Is(err, bleve.ErrorIndexClosed) {
			return bleve.ErrorIndexClosed
		} else if err != nil {
			return errBleve
		}
		n := 0
		for n <= maxTerms {
			if d, err := dict.Next(); err != nil || d == nil {
				break
			}
			n++
		}
		if dict.Close() != nil {
			return errBleve
		}
		if n > maxTerms {
			return wrong("too_broad", "more than 1,000 words begin so: write more of the word")
		}
	}
	return nil
}

// searchPart asks one part.
func searchPart(ctx context.Context, part bleve.Index, p *parsed, q watchlist.TextQuery) (res *bleve.SearchResult, err error) {
	defer guard(&err)
	req := bleve.NewSearchRequestOptions(p.query(q), maxLooked, 0, false)
	req.IncludeLocations = true
	req.SortBy([]string{"-_score", "_id"})
	res, err = part.SearchInContext(ctx, req)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("text search: %w", ctx.Err())
	case errors.Is(err, bleve.ErrorIndexClosed):
		return nil, bleve.ErrorIndexClosed
	case err != nil || res.Status != nil && res.Status.Failed > 0:
		return nil, errBleve
	}
	return res, nil
}

// rank says where the words of a query were found, and how much that weighs: each
// word found counts once, in its most telling field, and more as it is written.
func (p *parsed) rank(id watchlist.EntryID, locations search.FieldTermLocationMap) found {
	const asWritten = 3
	f := found{id: id}
	best := map[string]int{}
	for field, terms := range locations {
		w := weights[field]
		if w == 0 {
			continue // a filter
		}
		f.fields = append(f.fields, field)
		for term := range terms {
			if p.exact[term] {
				best[term] = max(best[term], asWritten*w)
			} else {
				best[term] = max(best[term], w)
			}
		}
	}
	for _, w := range best {
		f.score += w
	}
	slices.SortFunc(f.fields, func(a, b string) int { return cmp.Or(cmp.Compare(weights[b], weights[a]), strings.Compare(a, b)) })
	return f
}
