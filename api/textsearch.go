package api

import (
	"context"
	"errors"

	"vigie/api/gen"
	"vigie/watchlist"
)

// maxTextHits is how many entries a text search looks at before those are left out
// that have expired, or have not, since the index does not know the time.
const maxTextHits = 2000

// searchText finds entries by text. The answer sees what the read level asks for: the
// index is waited for, up to min_index and, unless the read is local, up to the list
// that the leader confirmed.
func (s *service) searchText(ctx context.Context, req gen.SearchEntriesRequestObject) (gen.SearchEntriesResponseObject, error) {
	in, local := req.Body, req.Params.Consistency == gen.SearchEntriesParamsConsistencyLocal
	if err := s.freshen(ctx, !local, req.Params.MinIndex); err != nil {
		return nil, err
	}
	upTo := uint64(max(req.Params.MinIndex, 0))
	if !local {
		upTo = max(upTo, s.deps.Consistency.Stamp().AppliedIndex)
	}
	wctx, cancel := context.WithTimeout(ctx, s.opt.ReadPatience)
	defer cancel()
	if err := s.deps.Texts.Wait(wctx, upTo); err != nil {
		return nil, behind(ctx, err)
	}
	res, err := s.deps.Texts.Search(ctx, watchlist.TextQuery{
		Text: in.Text, Status: storedStatus(in.Status), Category: watchlist.Category(in.Category), K: maxTextHits,
	})
	if err != nil {
		return nil, err
	}
	limit := in.Limit
	def(&limit, defaultPage)
	found, fields, more, err := s.textHits(res, limit, s.keeps(in.Status, in.Category))
	if err != nil {
		return nil, err
	}
	out := gen.SearchEntries200JSONResponse{Items: s.listed(ctx, found), TextIndex: int64(res.Index), Truncated: more}
	for i := range out.Items {
		out.Items[i].Matched = fields[i]
	}
	return out, nil
}

// storedStatus is the status that entries of an effective status are stored with.
func storedStatus(s gen.EntryStatus) watchlist.Status {
	if watchlist.Status(s) == watchlist.StatusExpired {
		return watchlist.StatusActive
	}
	return watchlist.Status(s)
}

// textHits reads the entries that were found, and says whether there are more.
func (s *service) textHits(res watchlist.TextResult, limit int, keep func(*watchlist.Entry) bool) (found []*watchlist.Entry, fields [][]string, more bool, err error) {
	more = res.Total > len(res.Matches)
	for _, m := range res.Matches {
		e, err := s.deps.Entries.Entry(m.Entry)
		if errors.Is(err, watchlist.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, nil, false, err
		}
		if !keep(e) {
			continue
		}
		if len(found) == limit {
			return found, fields, true, nil
		}
		found, fields = append(found, e), append(fields, m.Fields)
	}
	return found, fields, more, nil
}
