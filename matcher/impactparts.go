package matcher

import (
	"context"
	"fmt"
	"iter"

	"vigie/watchlist"
)

// partsStep is how many entries are compared at a time.
const partsStep = 256

// List reads all entries of the registry, of one moment; it stops after an error.
// The entries are the reader's.
type List func() iter.Seq2[*watchlist.Entry, error]

// asParts gives an entry as the first encoder alone sees it: a photo that both
// encoders have seen has the first one's part of its template, all others are as they
// are. It gives e itself when there is no such photo.
func (m *Matcher) asParts(e *watchlist.Entry) *watchlist.Entry {
	first := m.c.Gallery.Model()
	var out *watchlist.Entry
	for i, f := range e.Faces {
		if f.Model == first || !watchlist.ModelHasPart(f.Model, first) {
			continue
		}
		t, err := watchlist.DecodeTemplate(f.Template)
		if err != nil {
			continue // nothing compares it
		}
		part, ok := m.c.Calibration.Part(f.Model, t)
		if !ok {
			continue
		}
		if out == nil {
			copied := *e
			copied.Faces = append([]watchlist.Face(nil), e.Faces...)
			out = &copied
		}
		out.Faces[i].Model, out.Faces[i].Template = first, watchlist.EncodeTemplate(part)
	}
	if out == nil {
		return e
	}
	return out
}

// searchParts adds to best the entries with photos that both encoders have seen, by
// the first encoder's part of them, which no gallery holds: it reads the whole list.
// Only an entry-impact test of an entry that the first encoder alone has seen does
// that.
func (q *query) searchParts(ctx context.Context, best map[watchlist.EntryID]faceHit) error {
	var batch []*watchlist.Entry
	flush := func() error {
		err := q.compareEntries(ctx, batch, func(h faceHit) {
			old, known := best[h.Entry]
			if q.meets(h) && (!known || q.preferred(h, old)) {
				best[h.Entry] = h
			}
		})
		batch = batch[:0]
		return err
	}
	for e, err := range q.m.c.List() {
		if err != nil {
			return fmt.Errorf("read the list: %w", err)
		}
		if part := q.m.asParts(e); part != e && e.Matchable(q.load.now) {
			batch = append(batch, part)
		}
		if len(batch) == partsStep {
			if err := flush(); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return flush()
}
