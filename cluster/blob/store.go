package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"vigie/watchlist"
)

// Sizes, in bytes.
const (
	// MaxSize is the largest blob.
	MaxSize = 4 << 20
	// PieceSize is how much of a blob one transfer step carries.
	PieceSize = 256 << 10
)

// Errors of the store; wrapped with details that hold no content.
var (
	// ErrTooLarge: the blob exceeds MaxSize, or is empty.
	ErrTooLarge = errors.New("blob is empty or larger than 4 MiB")
	// ErrNotReplicated is what Put fails with on too few voters.
	ErrNotReplicated = watchlist.ErrNotReplicated
	// ErrCorrupt: the bytes don't match their name or their seal.
	ErrCorrupt = errors.New("blob is damaged")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("blob store is closed")
)

// Sealer encrypts and authenticates bytes at rest.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// Peers is the rest of the cluster, as the store sees it.
type Peers interface {
	// Replicas returns the other voters, and how many of them must hold a blob
	// so that with this node a majority does.
	Replicas() (peers []watchlist.NodeID, need int)
	// Sources returns the other nodes to fetch from, the best first.
	Sources() []watchlist.NodeID
	// Push stores a blob on a peer, durably, before it returns.
	Push(ctx context.Context, peer watchlist.NodeID, id watchlist.BlobID, plain []byte) error
	// Piece fetches at most PieceSize bytes from offset, and the blob's size.
	// The error wraps watchlist.ErrNotFound when the peer has no such blob.
	Piece(ctx context.Context, peer watchlist.NodeID, id watchlist.BlobID, offset int) (piece []byte, total int, err error)
}

// Options sets up a Store.
type Options struct {
	Sealer Sealer
	// Peers is nil for a store on its own.
	Peers  Peers
	Logger *slog.Logger
	// Retry is the longest pause between two tries for wanted blobs; 0 means
	// 30 s. The first pause is a sixtieth of it.
	Retry time.Duration
	// Disk refuses blobs that there is no room for, and times writes; nil for no
	// such watch.
	Disk Disk
}

// Disk watches the disk under the store.
type Disk interface {
	// Room is nil while there is room, else an error that wraps
	// watchlist.ErrDiskFull.
	Room() error
	// Begin is called before a write, with true for one that is synced; what it
	// returns is called after.
	Begin(sync bool) (end func(error))
}

// anyDisk watches nothing.
type anyDisk struct{}

// Room implements Disk.
func (anyDisk) Room() error { return nil }

// Begin implements Disk.
func (anyDisk) Begin(bool) func(error) { return func(error) {} }

// Store is one node's blobs. Close it to stop its background work.
type Store struct {
	dir string
	opt Options

	// background runs work whose context cancel ends; only spawn and Open use it.
	background func(func(context.Context))
	cancel     context.CancelFunc
	wg         sync.WaitGroup
	flight     singleflight.Group

	mu     sync.Mutex
	closed bool
	wanted map[watchlist.BlobID]struct{}
	wake   chan struct{}

	count counters

	slots   map[watchlist.NodeID]chan struct{} // pushes under way, per peer
	syncDir func(string) error                 // tests watch it

	cacheMu   sync.Mutex // the blob served last, for its next piece
	cacheID   watchlist.BlobID
	cacheData []byte
}

// partialLife is how long pieces of an interrupted fetch are kept.
const partialLife = 7 * 24 * time.Hour

// Open opens the store in dir, makes what is missing, removes temporary files
// that a crash left, and starts the background fetcher.
func Open(dir string, opt Options) (*Store, error) {
	if opt.Retry == 0 {
		opt.Retry = 30 * time.Second
	}
	if opt.Disk == nil {
		opt.Disk = anyDisk{}
	}
	s := &Store{dir: dir, opt: opt, wanted: make(map[watchlist.BlobID]struct{}), wake: make(chan struct{}, 1), slots: make(map[watchlist.NodeID]chan struct{}), syncDir: syncDir}
	if err := os.RemoveAll(s.tmpDir()); err != nil {
		return nil, fmt.Errorf("clearing temporary blobs: %w", err)
	}
	for _, d := range []string{s.tmpDir(), s.partialDir()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("making the blob folder: %w", diskError(err))
		}
	}
	if err := s.dropOldPartials(time.Now().Add(-partialLife)); err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.background = func(f func(context.Context)) { s.wg.Go(func() { f(life) }) }
	if opt.Peers != nil {
		s.background(s.fetchWanted)
	}
	return s, nil
}

// Close stops background work and waits for it. Local reads go on working.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

// spawn runs f in the background unless the store is closed; f's context ends
// with the store.
func (s *Store) spawn(f func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.background(f)
	return true
}

// Name returns the id of a blob.
func Name(plain []byte) watchlist.BlobID {
	h := sha256.Sum256(plain)
	return watchlist.BlobID(hex.EncodeToString(h[:]))
}

// Put stores a blob durably on this node and on enough other voters to make a
// majority, and returns its id. On ErrNotReplicated the id is valid and the
// local copy stays. watchlist.ErrDiskFull is wrapped when this node's disk is
// full. Putting a blob twice is harmless.
func (s *Store) Put(ctx context.Context, plain []byte) (watchlist.BlobID, error) {
	id := Name(plain)
	if err := s.Accept(id, plain); err != nil {
		return "", err
	}
	if s.opt.Peers == nil {
		return id, nil
	}
	return id, s.push(ctx, id, plain)
}

// Accept stores a blob that a peer pushed, on this node only. It refuses bytes
// that don't match the name.
func (s *Store) Accept(id watchlist.BlobID, plain []byte) error {
	if len(plain) == 0 || len(plain) > MaxSize {
		return ErrTooLarge
	}
	if Name(plain) != id {
		return fmt.Errorf("%w: bytes and name differ", ErrCorrupt)
	}
	if _, err := s.readLocal(id); err == nil {
		// Another call may have put it there a moment ago, or before a crash, and
		// not have synced the folders yet.
		if err := s.syncFolders(id); err != nil {
			return fmt.Errorf("storing blob %s: %w", id, diskError(err))
		}
		return nil
	}
	if err := s.opt.Disk.Room(); err != nil {
		return fmt.Errorf("storing blob %s: %w", id, err)
	}
	sealed, err := s.opt.Sealer.Seal(plain, []byte(id))
	if err != nil {
		return fmt.Errorf("sealing a blob: %w", err)
	}
	end := s.opt.Disk.Begin(true)
	err = s.writeDurable(id, sealed)
	end(err)
	if err != nil {
		return fmt.Errorf("storing blob %s: %w", id, diskError(err))
	}
	s.mu.Lock()
	delete(s.wanted, id)
	s.mu.Unlock()
	return nil
}

// Get returns a blob from this node or, failing that, from a peer, which also
// stores it here. The error wraps watchlist.ErrNotFound when no node that
// answered has it. The caller may change the bytes.
func (s *Store) Get(ctx context.Context, id watchlist.BlobID) ([]byte, error) {
	if !id.Valid() {
		return nil, fmt.Errorf("blob: %w", watchlist.ErrNotFound)
	}
	plain, err := s.readLocal(id)
	if err == nil {
		return plain, nil
	}
	if s.opt.Peers == nil {
		return nil, fmt.Errorf("blob %s: %w", id, err)
	}
	if errors.Is(err, ErrCorrupt) {
		s.opt.Logger.Error("blob store: a blob on disk is damaged, fetching it again", "blob", string(id))
	}
	plain, err = s.fetchShared(ctx, id)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), plain...), nil
}

// Local is Get for what is on this node's disk; it asks no peer.
func (s *Store) Local(id watchlist.BlobID) ([]byte, error) {
	if !id.Valid() {
		return nil, fmt.Errorf("blob: %w", watchlist.ErrNotFound)
	}
	plain, err := s.readLocal(id)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", id, err)
	}
	return plain, nil
}

// Has reports whether the blob is on this node's disk. It does not read it.
func (s *Store) Has(id watchlist.BlobID) bool {
	if !id.Valid() {
		return false
	}
	_, err := os.Stat(s.path(id))
	return err == nil
}

// Piece returns at most PieceSize bytes of a local blob from offset, and the
// blob's size: the serving half of a fetch. The bytes must not be changed.
func (s *Store) Piece(id watchlist.BlobID, offset int) ([]byte, int, error) {
	if !id.Valid() {
		return nil, 0, fmt.Errorf("blob: %w", watchlist.ErrNotFound)
	}
	s.cacheMu.Lock()
	defer s.cacheMu.Unlock()
	if s.cacheID != id {
		plain, err := s.readLocal(id)
		if err != nil {
			return nil, 0, fmt.Errorf("blob %s: %w", id, err)
		}
		s.cacheID, s.cacheData = id, plain
	}
	total := len(s.cacheData)
	if offset < 0 || offset >= total {
		return nil, total, fmt.Errorf("blob %s: offset out of range", id)
	}
	end := min(offset+PieceSize, total)
	piece := s.cacheData[offset:end]
	if end == total {
		s.cacheID, s.cacheData = "", nil
	}
	return piece, total, nil
}

// readLocal reads, opens and checks one blob.
func (s *Store) readLocal(id watchlist.BlobID) ([]byte, error) {
	sealed, err := os.ReadFile(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, watchlist.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading a blob: %w", err)
	}
	plain, err := s.opt.Sealer.Open(sealed, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("%w: its seal is broken", ErrCorrupt)
	}
	if Name(plain) != id {
		return nil, fmt.Errorf("%w: bytes and name differ", ErrCorrupt)
	}
	return plain, nil
}

func (s *Store) path(id watchlist.BlobID) string {
	return filepath.Join(s.dir, string(id[:2]), string(id))
}

func (s *Store) tmpDir() string     { return filepath.Join(s.dir, "tmp") }
func (s *Store) partialDir() string { return filepath.Join(s.dir, "partial") }
