package blob

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/cluster/seal"
	"vigie/watchlist"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// net is a Peers over stores in the same process, with faults.
type net struct {
	mu     sync.Mutex
	stores map[watchlist.NodeID]*Store
	order  []watchlist.NodeID
	need   int
	down   map[watchlist.NodeID]bool
	pieces int                                       // Piece calls that succeeded
	fault  func(n int, piece []byte) ([]byte, error) // called with the count of Piece calls
	calls  int
}

var errDown = errors.New("link down")

func (n *net) Replicas() ([]watchlist.NodeID, int) { return n.order, n.need }
func (n *net) Sources() []watchlist.NodeID         { return n.order }

func (n *net) Push(_ context.Context, p watchlist.NodeID, id watchlist.BlobID, b []byte) error {
	n.mu.Lock()
	down, s := n.down[p], n.stores[p]
	n.mu.Unlock()
	if down {
		return errDown
	}
	return s.Accept(id, b)
}

func (n *net) Piece(_ context.Context, p watchlist.NodeID, id watchlist.BlobID, off int) ([]byte, int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down[p] {
		return nil, 0, errDown
	}
	piece, total, err := n.stores[p].Piece(id, off)
	if err != nil {
		return nil, 0, err
	}
	n.calls++
	if n.fault != nil {
		piece, err = n.fault(n.calls, bytes.Clone(piece))
		if err != nil {
			return nil, 0, err
		}
	}
	n.pieces++
	return piece, total, nil
}

func openStore(t *testing.T, dir string, peers Peers) *Store {
	t.Helper()
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return openWith(t, dir, key, peers)
}

func openWith(t *testing.T, dir string, key Sealer, peers Peers) *Store {
	t.Helper()
	s, err := Open(dir, Options{Sealer: key, Peers: peers, Logger: slog.New(slog.DiscardHandler), Retry: 60 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func photo(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31 + i>>8)
	}
	copy(b, "PLANTED-PHOTO-BYTES")
	return b
}

func newNet(t *testing.T, names ...watchlist.NodeID) *net {
	n := &net{stores: map[watchlist.NodeID]*Store{}, order: names, down: map[watchlist.NodeID]bool{}}
	for _, name := range names {
		n.stores[name] = openStore(t, t.TempDir(), nil)
	}
	return n
}

func TestPutGetAlone(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	want := photo(300_000)
	id, err := s.Put(context.Background(), want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(context.Background(), id)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("Get: %v, equal %v", err, bytes.Equal(got, want))
	}
	raw, err := os.ReadFile(s.path(id))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("PLANTED")) {
		t.Error("the blob lies on disk in clear")
	}
	if _, err := s.Get(context.Background(), Name([]byte("other"))); !errors.Is(err, watchlist.ErrNotFound) {
		t.Errorf("missing blob: %v, want ErrNotFound", err)
	}
	for _, n := range []int{0, MaxSize + 1} {
		if _, err := s.Put(context.Background(), make([]byte, n)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: %v, want ErrTooLarge", n, err)
		}
	}
}

func TestNamesThatArePaths(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	for _, id := range []watchlist.BlobID{"", "../../etc/passwd", "ABCD"} {
		if _, err := s.Get(context.Background(), id); !errors.Is(err, watchlist.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", id, err)
		}
		if _, _, err := s.Piece(id, 0); !errors.Is(err, watchlist.ErrNotFound) {
			t.Errorf("%q: piece: %v, want ErrNotFound", id, err)
		}
	}
}

func TestAcceptRefusesWrongName(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	if err := s.Accept(Name([]byte("a")), []byte("b")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error = %v, want ErrCorrupt", err)
	}
}

func TestPutNeedsMajority(t *testing.T) {
	n := newNet(t, "b", "c")
	n.need = 1
	s := openStore(t, t.TempDir(), n)
	n.down["b"] = true
	id, err := s.Put(context.Background(), photo(1000))
	if err != nil {
		t.Fatalf("one of two peers down: %v", err)
	}
	if !n.stores["c"].Has(id) {
		t.Error("Put returned before the peer held the blob")
	}
	n.down["c"] = true
	id, err = s.Put(context.Background(), photo(2000))
	if !errors.Is(err, ErrNotReplicated) || !s.Has(id) {
		t.Errorf("no peer: %v, local copy %v; want ErrNotReplicated and a copy", err, s.Has(id))
	}
}

func TestFetchResumesAtNextPeer(t *testing.T) {
	n := newNet(t, "b", "c")
	want := photo(5*PieceSize + 7)
	id, _ := n.stores["b"].Put(context.Background(), want)
	n.stores["c"].Put(context.Background(), want)
	n.fault = func(call int, p []byte) ([]byte, error) {
		if call == 4 {
			return nil, errDown
		}
		return p, nil
	}
	s := openStore(t, t.TempDir(), n)
	got, err := s.Get(context.Background(), id)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get: %v", err)
	}
	if n.pieces != 6 {
		t.Errorf("%d pieces fetched, want 6: none twice", n.pieces)
	}
	if !s.Has(id) {
		t.Error("the fetched blob was not kept")
	}
}

func TestFetchResumesAfterRestart(t *testing.T) {
	n := newNet(t, "b")
	want := photo(4 * PieceSize)
	id, _ := n.stores["b"].Put(context.Background(), want)
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n.fault = func(call int, p []byte) ([]byte, error) {
		if call == 3 {
			return nil, errDown
		}
		return p, nil
	}
	first := openWith(t, dir, key, n)
	if _, err := first.Get(context.Background(), id); err == nil {
		t.Fatal("the cut link gave no error")
	}
	first.Close()
	s := openWith(t, dir, key, n)
	got, err := s.Get(context.Background(), id)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get: %v", err)
	}
	if n.pieces != 4 {
		t.Errorf("%d pieces fetched, want 4: none twice", n.pieces)
	}
	if left, _ := os.ReadDir(s.partialDir()); len(left) != 0 {
		t.Errorf("%d pieces left behind", len(left))
	}
}

func TestFetchDetectsBadPeer(t *testing.T) {
	n := newNet(t, "b", "c")
	want := photo(2 * PieceSize)
	id, _ := n.stores["b"].Put(context.Background(), want)
	n.stores["c"].Put(context.Background(), want)
	n.fault = func(call int, p []byte) ([]byte, error) {
		if call <= 4 { // both tries at b
			p[9] ^= 1
		}
		return p, nil
	}
	s := openStore(t, t.TempDir(), n)
	got, err := s.Get(context.Background(), id)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get: %v", err)
	}
}

func TestDamagedBlobIsFetchedAgain(t *testing.T) {
	n := newNet(t, "b")
	want := photo(1000)
	id, _ := n.stores["b"].Put(context.Background(), want)
	s := openStore(t, t.TempDir(), n)
	if _, err := s.Get(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(s.path(id))
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(s.path(id), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(context.Background(), id)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get: %v", err)
	}
	if _, err := s.readLocal(id); err != nil {
		t.Errorf("the damaged copy was not replaced: %v", err)
	}
}

func TestWantFetchesWhenPeerReturns(t *testing.T) {
	n := newNet(t, "b")
	id, _ := n.stores["b"].Put(context.Background(), photo(1000))
	n.down["b"] = true
	s := openStore(t, t.TempDir(), n)
	s.Want(id, "not a name")
	if s.Wanted() != 1 {
		t.Fatalf("%d wanted, want 1", s.Wanted())
	}
	n.mu.Lock()
	n.down["b"] = false
	n.mu.Unlock()
	deadline := time.Now().Add(5 * time.Second)
	for s.Wanted() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the wanted blob was not fetched")
		}
		time.Sleep(time.Millisecond)
	}
	if !s.Has(id) {
		t.Error("the blob is not here")
	}
}

func TestOpenClearsTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, nil).Close()
	left := filepath.Join(dir, "tmp", "half-written")
	old := filepath.Join(dir, "partial", string(Name(nil))+".0")
	for _, f := range []string{left, old} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * partialLife)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	openStore(t, dir, nil)
	for _, f := range []string{left, old} {
		if _, err := os.Stat(f); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was left: %v", filepath.Base(f), err)
		}
	}
}

func TestDiskErrorNamesDiskFull(t *testing.T) {
	err := diskError(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !errors.Is(err, watchlist.ErrDiskFull) {
		t.Errorf("error = %v, want ErrDiskFull", err)
	}
}
