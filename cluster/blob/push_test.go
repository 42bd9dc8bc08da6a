package blob

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	"vigie/watchlist"
)

// hungNet is a net whose peer "hung" takes pushes and never answers.
type hungNet struct {
	*net
	now, most atomic.Int64
}

func (n *hungNet) Push(ctx context.Context, p watchlist.NodeID, id watchlist.BlobID, b []byte) error {
	if p != "hung" {
		return n.net.Push(ctx, p, id, b)
	}
	n.most.Store(max(n.most.Load(), n.now.Add(1)))
	defer n.now.Add(-1)
	<-ctx.Done()
	return ctx.Err()
}

// TestHungPeerHoldsFewBlobs: a peer that hangs keeps only a few blobs in memory,
// and does not slow Put down as long as others make a majority.
func TestHungPeerHoldsFewBlobs(t *testing.T) {
	n := &hungNet{net: newNet(t, "hung", "c")}
	n.need = 1
	s := openStore(t, t.TempDir(), n)
	for i := range 5 * maxPushes {
		id, err := s.Put(context.Background(), photo(1000+i))
		if err != nil {
			t.Fatal(err)
		}
		if !n.stores["c"].Has(id) {
			t.Error("Put returned before the other peer held the blob")
		}
	}
	s.Close()
	if most := n.most.Load(); most < 1 || most > maxPushes {
		t.Errorf("%d pushes to one peer at once, want 1 to %d", most, maxPushes)
	}
}

// TestKnownBlobIsMadeDurable: a blob that is there already may owe its folder a
// sync; it is acknowledged only after that.
func TestKnownBlobIsMadeDurable(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	var synced []string
	s.syncDir = func(dir string) error {
		synced = append(synced, dir)
		return nil
	}
	id := Name(photo(100))
	for range 2 {
		synced = nil
		if err := s.Accept(id, photo(100)); err != nil {
			t.Fatal(err)
		}
		if len(synced) != 2 || synced[0] != filepath.Dir(s.path(id)) || synced[1] != s.dir {
			t.Errorf("synced %q, want the blob's folder and the store's", synced)
		}
	}
	s.syncDir = func(string) error { return context.DeadlineExceeded }
	if err := s.Accept(id, photo(100)); err == nil {
		t.Error("a blob was acknowledged though its folder could not be synced")
	}
}
