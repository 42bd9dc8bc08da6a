package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"

	"vigie/api/gen"
	"vigie/watchlist"
)

const defaultPage = 100

// cursor is where a list goes on. It is opaque to clients, not secret.
type cursor struct {
	Version int    `json:"v"`
	After   string `json:"a"`
	// Filters is a hash of what the list was filtered by.
	Filters string `json:"f"`
}

func (c cursor) String() string {
	// A struct of strings always encodes.
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor for a list with these filters; "" begins anew.
func parseCursor(s string, filters ...string) (cursor, error) {
	want := cursor{Version: 1, Filters: filterHash(filters)}
	if s == "" {
		return want, nil
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Version != 1 || c.Filters != want.Filters {
		return cursor{}, fail("cursor_invalid")
	}
	return c, nil
}

func filterHash(filters []string) string {
	h := sha256.New()
	for _, f := range filters {
		h.Write([]byte(f + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// ListEntries lists entries page by page, or finds them by name.
func (s *service) ListEntries(ctx context.Context, req gen.ListEntriesRequestObject) (gen.ListEntriesResponseObject, error) {
	p := req.Params
	cur, err := parseCursor(p.Cursor, "entries", string(p.Status), string(p.Category), p.Q)
	if err != nil {
		return nil, err
	}
	if err := s.freshen(ctx, p.Consistency != gen.ListEntriesParamsConsistencyLocal, p.MinIndex); err != nil {
		return nil, err
	}
	now := s.opt.Now()
	keep := func(e *watchlist.Entry) bool {
		return (p.Status == "" || e.EffectiveStatus(now.UnixMilli()) == watchlist.Status(p.Status)) &&
			(p.Category == "" || e.Category == watchlist.Category(p.Category))
	}
	limit := p.Limit
	if limit == 0 {
		limit = defaultPage
	}
	var found []*watchlist.Entry
	var next watchlist.EntryID
	if p.Q != "" {
		found, err = s.searchNames(ctx, p.Q, limit, keep)
	} else {
		found, next, err = s.deps.Entries.Entries(watchlist.EntryID(cur.After), limit, keep)
	}
	if err != nil {
		return nil, err
	}
	out := gen.ListEntries200JSONResponse{Items: make([]gen.EntrySummary, len(found))}
	c := callOf(ctx)
	for i, e := range found {
		out.Items[i] = summaryOut(e, now)
		c.event.Entries = append(c.event.Entries, e.ID)
	}
	if next != "" {
		cur.After = string(next)
		out.Next = cur.String()
	}
	return out, nil
}

// maxNameHits is how many entries a name search looks at before filtering.
const maxNameHits = 500

// searchNames finds entries with names like q, most alike first.
func (s *service) searchNames(ctx context.Context, q string, limit int, keep func(*watchlist.Entry) bool) ([]*watchlist.Entry, error) {
	hits, err := s.deps.Names.Search(ctx, watchlist.NameQuery{Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: q}}, K: maxNameHits})
	if err != nil {
		return nil, err
	}
	seen := make(map[watchlist.EntryID]bool, len(hits))
	var found []*watchlist.Entry
	for _, h := range hits {
		if len(found) == limit {
			break
		}
		if seen[h.Entry] {
			continue
		}
		seen[h.Entry] = true
		e, err := s.deps.Entries.Entry(h.Entry)
		if errors.Is(err, watchlist.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if keep(e) {
			found = append(found, e)
		}
	}
	return found, nil
}

// GetEntry reads one entry.
func (s *service) GetEntry(ctx context.Context, req gen.GetEntryRequestObject) (gen.GetEntryResponseObject, error) {
	c := callOf(ctx)
	c.event.Entries = []watchlist.EntryID{watchlist.EntryID(req.Entry)}
	if err := s.freshen(ctx, req.Params.Consistency != gen.GetEntryParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	e, err := s.deps.Entries.Entry(watchlist.EntryID(req.Entry))
	if err != nil {
		return nil, err
	}
	c.headers["ETag"] = etag(e.Revision)
	return gen.GetEntry200JSONResponse(entryOut(e, s.opt.Now())), nil
}

// parseIfMatch reads one strong entity tag; 0 means that none was sent.
func parseIfMatch(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return 0, fail("if_match_invalid")
	}
	n, err := strconv.ParseUint(s[1:len(s)-1], 10, 64)
	if err != nil || n == 0 {
		return 0, fail("if_match_invalid")
	}
	return n, nil
}
