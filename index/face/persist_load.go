package face

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"vigie/index/face/codes"
)

// errUnfit: sound files that are of no use here.
var errUnfit = errors.New("the files belong to another gallery")

// rowMeaning names what a row stands for. It is part of every file's tag, so that
// rows of an earlier release, each of which was one photo, are never loaded.
const rowMeaning = "means of photos that agree/1"

// projectionDigest is a digest of what a space makes of fixed templates, of the
// meaning of rows, of the score from which photos agree, and of which other models'
// templates are rows: it differs between two spaces that don't give the same rows.
func projectionDigest(space Space) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(binary.LittleEndian.AppendUint64([]byte(rowMeaning), math.Float64bits(space.Agreement())))
	if _, ok := space.(Parts); ok {
		h.Write([]byte("parts of composite templates/1"))
	}
	if d, ok := space.(divided); ok {
		h.Write([]byte("without " + d.elsewhere))
	}
	x := uint32(1)
	for _, dim := range []int{128, 512} {
		for range 8 {
			t := make([]float32, dim)
			for i := range t {
				x = x*1664525 + 1013904223
				t[i] = (float32(x>>8)/(1<<24) - 0.5) / 4
			}
			p, err := projectTemplate(space, t)
			if err != nil {
				p = nil // a length that the space refuses
			}
			b := binary.LittleEndian.AppendUint32(nil, uint32(len(p)))
			for _, v := range p {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
			h.Write(b)
		}
	}
	h.Sum(sum[:0])
	return sum
}

// Recall names the registry file that all later calls speak of. The first time,
// an empty gallery takes over the files that were written for that registry,
// under this space; Applied then tells how far they reach. Files that do not fit
// are removed, with one line in the log that says why.
func (k *Keeper) Recall(registry string) {
	k.take()
	defer k.mu.Unlock()
	k.begin.Do(func() {
		k.dir.Pace(pacePart)
		k.work.Add(1)
		go k.run()
	})
	if registry == k.registry {
		return
	}
	first := k.registry == "" && k.Applied() == 0
	k.registry = registry
	if !first {
		k.giveUp()
		return
	}
	begin := time.Now()
	switch err := k.safeLoad(registry); {
	case err == nil:
		k.ready = true
		k.log.Info("the gallery is loaded from its files", "templates", k.Size(), "index", k.Applied(), "took", time.Since(begin).Round(time.Millisecond).String())
	case errors.Is(err, fs.ErrNotExist) && len(k.files) == 0:
		k.log.Info("the gallery has no files, or not all, and is built from the registry", "reason", err)
		k.giveUp()
	default:
		k.log.Warn("the gallery's files do not fit, it is built from the registry", "reason", err)
		k.giveUp()
	}
}

// safeLoad is load; a panic becomes an error that says nothing of the data, so
// that no file can keep a node from starting.
func (k *Keeper) safeLoad(registry string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic of type %T", r)
		}
	}()
	return k.load(registry)
}

// load puts the files' state in place of the empty gallery. The caller holds mu.
func (k *Keeper) load(registry string) error {
	m, err := k.dir.ReadManifest()
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	tag := k.tag
	switch tag.Dim = m.Tag.Dim; {
	case m.Tag.Model != tag.Model:
		return fmt.Errorf("another model: %w", errUnfit)
	case m.Tag.Calibration != tag.Calibration:
		return fmt.Errorf("another calibration: %w", errUnfit)
	case m.Tag != tag:
		return fmt.Errorf("this release projects templates in another way: %w", errUnfit)
	case m.LastWho > math.MaxUint32/2:
		return fmt.Errorf("most identity numbers are used up: %w", errUnfit)
	case m.Registry != registry:
		return fmt.Errorf("another registry: %w", errUnfit)
	}
	g := k.Gallery
	g.mu.Lock()
	w := newStore(g.space, g.kernel, g.w.history, g.w.sizes)
	g.mu.Unlock()
	w.base, w.applied, w.stamp, w.lastWho, w.dim = m.Oldest, m.Applied, m.Stamp, m.LastWho, m.Tag.Dim
	l := loader{w: w, bases: map[string]*codes.Basis{}}
	files := map[uint32]kept{}
	for i := range m.Segments {
		p := &m.Segments[i]
		s, err := l.read(k.dir, m.Tag, p)
		if err != nil {
			return fmt.Errorf("segment %d of %d: %w", i+1, len(m.Segments), err)
		}
		files[s.id] = kept{ref: p.Ref, n: s.n, stamp: p.Stamp}
	}
	if err := l.finish(m); err != nil {
		return err
	}
	g.replace(w)
	k.store, k.files = w, files
	k.counts.applied.Store(m.Applied)
	return nil
}
