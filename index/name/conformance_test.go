package name

import (
	"context"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

func newIndex(t testing.TB) *Index {
	t.Helper()
	x, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestConformance(t *testing.T) { indextest.Run(t, newIndex, findNames[*Index]) }

// finder is what the conformance suite searches.
type finder interface {
	Search(ctx context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error)
}

func findNames[T finder](ctx context.Context, x T, e *watchlist.Entry) ([]watchlist.EntryID, error) {
	m, err := x.Search(ctx, watchlist.NameQuery{Names: e.Names, K: 20})
	var ids []watchlist.EntryID
	for _, one := range m {
		ids = append(ids, one.Entry)
	}
	return ids, err
}
