package evalfaces

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"vigie/watchlist"
)

// cacheFile is the file of a Cache: a sequence of CBOR records (RFC 8742), each
// added when a photo is done.
const cacheFile = "vigie-templates.cbor"

// Cache keeps the templates of photos between runs, so that a run that was ended
// can go on. It holds biometric data: its folder is the user's alone, records are
// keyed by the photo's digest and tell no name. Safe for concurrent use.
type Cache struct {
	dir   string
	model string
	made  bool // the folder is ours

	mu   sync.Mutex
	file *os.File
	have map[[32]byte]record
	hits int
}

// record is one photo of the cache.
type record struct {
	Model     string                `cbor:"1,keyasint"`
	Digest    [32]byte              `cbor:"2,keyasint"`
	Reference []float32             `cbor:"3,keyasint,omitempty"`
	Probe     []float32             `cbor:"4,keyasint,omitempty"`
	Quality   watchlist.FaceQuality `cbor:"5,keyasint"`
	Refused   string                `cbor:"6,keyasint,omitempty"`
	Stages    []watchlist.StageTime `cbor:"7,keyasint,omitempty"`
}

// OpenCache opens the cache in a folder, which is made if it is missing and must
// else be closed to other users (mode 0700). Records of other models are left
// where they are; a record that was cut off is dropped.
func OpenCache(dir, model string) (*Cache, error) {
	c := &Cache{dir: dir, model: model, have: map[[32]byte]record{}}
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the cache folder: %w", err)
		}
		c.made = true
	case err != nil:
		return nil, fmt.Errorf("open the cache: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("open the cache: %s is no folder", dir)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("open the cache: %s is open to other users (mode %#o) and would hold biometric data; use a folder of its own, or chmod 700 it", dir, info.Mode().Perm())
	}
	f, err := os.OpenFile(filepath.Join(dir, cacheFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	c.file = f
	if err := c.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("read the cache: %w", err)
	}
	return c, nil
}

// load reads the records and leaves the file ready to be added to.
func (c *Cache) load() error {
	d := cbor.NewDecoder(bufio.NewReaderSize(c.file, 1<<20))
	whole := 0
	for {
		var r record
		if err := d.Decode(&r); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("%s is damaged after %d bytes; remove it: %w", cacheFile, whole, err)
			}
			break
		}
		whole = d.NumBytesRead()
		if r.Model == c.model {
			c.have[r.Digest] = r
		}
	}
	if err := c.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err := c.file.Seek(int64(whole), io.SeekStart)
	return err
}

// get gives the record of a photo.
func (c *Cache) get(digest [32]byte) (record, bool) {
	if c == nil {
		return record{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.have[digest]
	if ok {
		c.hits++
	}
	return r, ok
}

// put adds a record.
func (c *Cache) put(r record) error {
	if c == nil {
		return nil
	}
	r.Model = c.model
	b, err := cbor.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a template for the cache: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.file.Write(b); err != nil {
		return fmt.Errorf("write the cache: %w", plain(err))
	}
	return nil
}

// Hits is how many photos were found in the cache.
func (c *Cache) Hits() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits
}

// Close ends the cache. Unless it is kept, its file is removed, and its folder
// where OpenCache made it and nothing else is in it.
func (c *Cache) Close(keep bool) error {
	if c == nil {
		return nil
	}
	err := c.file.Close()
	if keep {
		return err
	}
	err = errors.Join(err, os.Remove(filepath.Join(c.dir, cacheFile)))
	if c.made {
		err = errors.Join(err, os.Remove(c.dir))
	}
	return err
}

// extract makes the templates of a photo, or takes them from the cache. With
// probeOnly, the reference template is not made. A photo that the pipeline refuses
// is a result.
func extract(ctx context.Context, engine Engine, cache *Cache, photo []byte, probeOnly bool) (PhotoResult, []watchlist.StageTime, error) {
	digest := sha256.Sum256(photo)
	if r, ok := cache.get(digest); ok && (probeOnly || r.Reference != nil || r.Refused != "") {
		return PhotoResult{Template: r.Reference, Probe: r.Probe, Quality: r.Quality, Refused: r.Refused}, r.Stages, nil
	}
	var (
		sample    watchlist.FaceSample
		reference []float32
		stages    []watchlist.StageTime
		err       error
	)
	if probeOnly {
		sample, stages, err = engine.Extract(ctx, watchlist.Photo{Bytes: photo})
	} else {
		sample, reference, stages, err = engine.Both(ctx, watchlist.Photo{Bytes: photo})
	}
	if ctx.Err() != nil {
		return PhotoResult{}, nil, ctx.Err()
	}
	res := PhotoResult{Template: reference, Probe: sample.Template, Quality: sample.Quality}
	if err != nil {
		var refused *watchlist.FaceError
		if !errors.As(err, &refused) || refused.Code == watchlist.FaceEngineAbsent || refused.Code == watchlist.FaceEngineOverload {
			return PhotoResult{}, nil, err
		}
		res, stages = PhotoResult{Refused: refused.Code}, nil
	}
	return res, stages, cache.put(record{Digest: digest, Reference: res.Template, Probe: res.Probe, Quality: res.Quality, Refused: res.Refused, Stages: stages})
}
