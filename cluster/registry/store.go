package registry

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"vigie/watchlist/command"

	bolt "go.etcd.io/bbolt"
)

// Format is the newest layout of the file that this release knows. A file keeps
// the first one until something is written that only a newer one has: format 2
// begins with the first calibration decision, format 3 with the first reported
// document, format 4 with the first change proposed to the table of spelling
// families.
const Format uint16 = 4

// firstFormat is the layout of a file without such records.
const firstFormat uint16 = 1

const (
	// lockWait is how long Open waits for another process to let go of the file.
	lockWait = 2 * time.Second
	// mapSize is the address space set aside for the file, 4 GiB on 64-bit
	// machines: below it no reader ever holds up the writer.
	mapSize = 1 << (30 + 2*(^uint(0)>>63))
	// newSuffix names the file that Replace writes beside the old one.
	newSuffix = ".new"
)

// Sealer encrypts values at rest; ad binds a value to its place. Open returns
// memory of its own or fails. Both are safe for concurrent use.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// State is where the store stands: the last raft index applied, its term, the
// state hash, and how many records and entries there are.
type State struct {
	Index   uint64 `cbor:"1,keyasint"`
	Term    uint64 `cbor:"2,keyasint"`
	Hash    Sum    `cbor:"3,keyasint"`
	Records uint64 `cbor:"4,keyasint"`
	Entries uint64 `cbor:"5,keyasint"`
}

// Store is the registry of one node. Reads are safe for concurrent use with
// everything; Update, Replace and Close exclude each other.
type Store struct {
	path   string
	sealer Sealer
	// current is nil once closed.
	current atomic.Pointer[generation]
	// writer is held by Update, Replace and Close.
	writer sync.Mutex
	// watch is told of each commit; set once, before the store is used.
	watch func(sync bool) (end func(error))
}

// Open opens the registry at path, or makes an empty one. It removes what an
// interrupted Replace left. The folder must exist. It fails with ErrFormat on a
// file of a newer release, with ErrCorrupt when sealer does not fit, and when
// another process has the file open.
func Open(path string, sealer Sealer) (*Store, error) {
	if err := os.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("registry: remove unfinished restore: %w", err)
	}
	g, err := openGeneration(path, sealer)
	if err != nil {
		return nil, err
	}
	if err := syncDir(path); err != nil {
		return nil, errors.Join(err, g.db.Close())
	}
	s := &Store{path: path, sealer: sealer, watch: func(bool) func(error) { return func(error) {} }}
	s.current.Store(g)
	return s, nil
}

// Watch has begin told of each commit to the disk: it is called before, with true
// for a write that is synced, and what it returns after. Call it before the first
// Update.
func (s *Store) Watch(begin func(sync bool) (end func(error))) { s.watch = begin }

// Close waits for an Update or Replace under way and closes the file once the
// last reader is done. Later calls give ErrClosed.
func (s *Store) Close() error {
	s.writer.Lock()
	defer s.writer.Unlock()
	g := s.current.Swap(nil)
	if g == nil {
		return nil
	}
	return g.release()
}

// generation is one bbolt file in use. Restoring a state makes a new one; the
// old is closed when its last user lets go.
type generation struct {
	db     *bolt.DB
	sealer Sealer
	// secret is the key of the hidden keys, drawn for this file.
	secret []byte
	state  atomic.Pointer[State]
	// torn: the lines of the touched bucket were found damaged.
	torn atomic.Bool
	// users counts the readers, and one for being current. At 0 the file is
	// closed and nobody may enter.
	users atomic.Int64
}

// acquire gives the current generation to a reader, who must release it.
func (s *Store) acquire() (*generation, error) {
	for {
		g := s.current.Load()
		if g == nil {
			return nil, ErrClosed
		}
		// A count of 0 means that g was replaced just now: load again.
		for n := g.users.Load(); n > 0; n = g.users.Load() {
			if g.users.CompareAndSwap(n, n+1) {
				return g, nil
			}
		}
	}
}

func (g *generation) release() error {
	if g.users.Add(-1) > 0 {
		return nil
	}
	if err := g.db.Close(); err != nil {
		return fmt.Errorf("registry: close: %w", err)
	}
	return nil
}

func openGeneration(path string, sealer Sealer) (*generation, error) {
	return openFile(path, sealer, &bolt.Options{
		Timeout:         lockWait,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: mapSize,
		NoStatistics:    true,
	})
}

func openFile(path string, sealer Sealer, opt *bolt.Options) (g *generation, err error) {
	db, err := bolt.Open(path, 0o600, opt)
	if err != nil {
		return nil, fmt.Errorf("registry: open %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	g = &generation{db: db, sealer: sealer}
	g.users.Store(1)
	var fresh bool
	if err := db.View(func(tx *bolt.Tx) error {
		fresh, err = isFresh(tx)
		return err
	}); err != nil {
		return nil, err
	}
	if fresh && opt.ReadOnly {
		return nil, fmt.Errorf("registry: the file is empty: %w", ErrCorrupt)
	}
	if fresh {
		if err := db.Update(g.format); err != nil {
			return nil, fmt.Errorf("registry: make: %w", err)
		}
	}
	if err := db.View(g.load); err != nil {
		return nil, err
	}
	return g, nil
}

// isFresh tells a file without buckets from a registry, and refuses others.
func isFresh(tx *bolt.Tx) (bool, error) {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return false, errors.New("registry: the file is another kind of database")
		}
		return true, nil
	}
	v := meta.Get(metaFormat)
	if len(v) != 2 {
		return false, fmt.Errorf("registry: no format number: %w", ErrCorrupt)
	}
	if f := binary.BigEndian.Uint16(v); f > Format {
		return false, fmt.Errorf("registry: format %d, this release reads up to %d: %w", f, Format, ErrFormat)
	}
	return false, nil
}

// format lays out an empty registry.
func (g *generation) format(tx *bolt.Tx) error {
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	for _, b := range buckets() {
		if b.since > firstFormat {
			continue
		}
		if _, err := tx.CreateBucket([]byte(b.name)); err != nil {
			return err
		}
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	sealed, err := g.sealer.Seal(secret, metaAD(metaSecret))
	if err != nil {
		return err
	}
	if err := meta.Put(metaSecret, sealed); err != nil {
		return err
	}
	if err := meta.Put(metaFormat, binary.BigEndian.AppendUint16(nil, firstFormat)); err != nil {
		return err
	}
	if err := g.resetTouched(tx, 0); err != nil {
		return err
	}
	return g.putState(tx, State{})
}

// extend makes the bucket of a newer format, with all others that the file lacks
// up to that format, and raises the file's number, so that an older release
// refuses the file from now on.
func extend(tx *bolt.Tx, b bucket) (*bolt.Bucket, error) {
	for _, x := range buckets() {
		if x.since > firstFormat && x.since <= b.since {
			if _, err := tx.CreateBucketIfNotExists([]byte(x.name)); err != nil {
				return nil, err
			}
		}
	}
	bb, meta := tx.Bucket([]byte(b.name)), tx.Bucket(metaBucket)
	if b.since <= binary.BigEndian.Uint16(meta.Get(metaFormat)) {
		return bb, nil
	}
	return bb, meta.Put(metaFormat, binary.BigEndian.AppendUint16(nil, b.since))
}

// load reads what the generation keeps in memory.
func (g *generation) load(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	secret, err := g.sealer.Open(meta.Get(metaSecret), metaAD(metaSecret))
	if err != nil {
		return fmt.Errorf("registry bucket meta: %w: %w", ErrCorrupt, err)
	}
	g.secret = secret
	format := binary.BigEndian.Uint16(meta.Get(metaFormat)) // isFresh has checked it
	for _, b := range buckets() {
		if b.since <= format && tx.Bucket([]byte(b.name)) == nil {
			return fmt.Errorf("registry bucket %s is missing: %w", b.name, ErrCorrupt)
		}
	}
	st, err := g.getState(tx)
	if err != nil {
		return err
	}
	g.state.Store(&st)
	return nil
}

func (g *generation) getState(tx *bolt.Tx) (State, error) {
	var st State
	b, err := g.sealer.Open(tx.Bucket(metaBucket).Get(metaPosition), metaAD(metaPosition))
	if err != nil {
		return st, fmt.Errorf("registry bucket meta: %w: %w", ErrCorrupt, err)
	}
	if err := command.Unmarshal(b, &st); err != nil {
		return st, fmt.Errorf("registry bucket meta: %w: %w", ErrCorrupt, err)
	}
	return st, nil
}

func (g *generation) putState(tx *bolt.Tx, st State) error {
	b, err := command.Marshal(st)
	if err != nil {
		return err
	}
	sealed, err := g.sealer.Seal(b, metaAD(metaPosition))
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(metaPosition, sealed)
}

func metaAD(key []byte) []byte { return associated(string(metaBucket), key) }

// associated is what a sealed value is bound to.
func associated(bucket string, fileKey []byte) []byte {
	b := make([]byte, 0, len("vigie/registry/1")+len(bucket)+len(fileKey)+2)
	b = append(b, "vigie/registry/1"...)
	b = append(b, 0)
	b = append(b, bucket...)
	b = append(b, 0)
	return append(b, fileKey...)
}

// syncDir makes the name of the file at path durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("registry: sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("registry: sync folder: %w", err)
	}
	return nil
}
