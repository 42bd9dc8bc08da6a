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

// ListEntries lists entries page by page.
func (s *service) ListEntries(ctx context.Context, req gen.ListEntriesRequestObject) (gen.ListEntriesResponseObject, error) {
	p := req.Params
	cur, err := parseCursor(p.Cursor, "entries", string(p.Status), string(p.Category))
	if err != nil {
		return nil, err
	}
	if err := s.freshen(ctx, p.Consistency != gen.ListEntriesParamsConsistencyLocal, p.MinIndex); err != nil {
		return nil, err
	}
	limit := p.Limit
	def(&limit, defaultPage)
	found, next, err := s.deps.Entries.Entries(watchlist.EntryID(cur.After), limit, s.keeps(p.Status, p.Category))
	if err != nil {
		return nil, err
	}
	out := gen.ListEntries200JSONResponse{Items: s.listed(ctx, found)}
	if next != "" {
		cur.After = string(next)
		out.Next = cur.String()
	}
	return out, nil
}

// keeps is the filter of a list; "" lets everything through.
func (s *service) keeps(status gen.EntryStatus, category gen.Category) func(*watchlist.Entry) bool {
	now := s.opt.Now().UnixMilli()
	return func(e *watchlist.Entry) bool {
		return (status == "" || e.EffectiveStatus(now) == watchlist.Status(status)) &&
			(category == "" || e.Category == watchlist.Category(category))
	}
}

// listed words entries for a list and names them in the audit event.
func (s *service) listed(ctx context.Context, found []*watchlist.Entry) []gen.EntrySummary {
	c, now := callOf(ctx), s.opt.Now()
	out := make([]gen.EntrySummary, len(found))
	for i, e := range found {
		out[i] = summaryOut(e, now)
		c.event.Entries = append(c.event.Entries, e.ID)
	}
	return out
}

// SearchEntries finds entries by name or by text. What is searched for is neither
// logged nor audited; who, why and what was found is.
func (s *service) SearchEntries(ctx context.Context, req gen.SearchEntriesRequestObject) (gen.SearchEntriesResponseObject, error) {
	c, in := callOf(ctx), req.Body
	c.event.Purpose, c.event.Reason = watchlist.Purpose(in.Purpose), in.Reason
	switch {
	case in.Q == "" && in.Text == "":
		return nil, failField("invalid", "/q", "required", "q or text says what is looked for")
	case in.Q != "" && in.Text != "":
		return nil, failField("invalid", "/text", "conflict", "q and text don't go together: send one of them")
	case in.Text != "":
		return s.searchText(ctx, req)
	}
	c.event.Evidence = []watchlist.EvidenceKind{watchlist.EvidenceName}
	if err := s.freshen(ctx, req.Params.Consistency != gen.SearchEntriesParamsConsistencyLocal, req.Params.MinIndex); err != nil {
		return nil, err
	}
	limit := in.Limit
	def(&limit, defaultPage)
	table := s.deps.Families.Table()
	found, err := s.searchNames(ctx, in.Q, limit, s.keeps(in.Status, in.Category))
	if now := s.deps.Families.Table(); err == nil && now != table {
		// The table of spelling families changed meanwhile: say which one was used.
		table = now
		found, err = s.searchNames(ctx, in.Q, limit, s.keeps(in.Status, in.Category))
	}
	if err != nil {
		return nil, err
	}
	c.event.Models = map[string]string{"names": table.Version()}
	return gen.SearchEntries200JSONResponse{Items: s.listed(ctx, found), Names: table.Version()}, nil
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
