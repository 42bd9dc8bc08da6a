package face

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"vigie/index/face/codes"
	"vigie/index/face/file"
	"vigie/watchlist"
)

// errUnfit: sound files that are of no use here.
var errUnfit = errors.New("the files belong to another gallery")

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
	g.mu.Lock()
	defer g.mu.Unlock()
	g.w.replaced.Store(true)
	g.w = w
	g.publish()
	g.kick()
	k.store, k.files = w, files
	k.counts.applied.Store(m.Applied)
	return nil
}

// loader makes a store out of files.
type loader struct {
	w     *store
	bases map[string]*codes.Basis // by their bytes
	segs  []*segment
}

// read makes a segment, without codes, out of a file and what died since.
func (l *loader) read(d *file.Dir, tag file.Tag, p *file.Part) (*segment, error) {
	w := l.w
	width := stride(tag.Dim)
	var s *segment
	f, err := d.ReadSegment(tag, p.Ref, func(values int) []float32 {
		w.lastID++
		n := values / width
		s = newSegment(w.lastID, width, (n+codes.Lanes-1)/codes.Lanes*codes.Lanes)
		return s.vectors
	})
	if err != nil {
		return nil, err
	}
	if f.Stride != width {
		return nil, fmt.Errorf("rows of %d values: %w", f.Stride, errUnfit)
	}
	if s.basis, err = l.basis(f.Basis, width); err != nil {
		return nil, err
	}
	s.n, s.names = f.Rows(), f.Names
	copy(s.born, f.Born)
	copy(s.who, f.Who)
	copy(s.name, f.Name)
	for i, died := range f.Died {
		if died != 0 {
			s.kill(i, died)
		}
	}
	for _, x := range p.Deaths {
		if int(x.Row) >= s.n || s.died[x.Row].Load() != 0 || x.Died <= p.Stamp {
			return nil, fmt.Errorf("impossible death: %w", errUnfit)
		}
		s.kill(int(x.Row), x.Died)
	}
	l.segs = append(l.segs, s)
	w.segs[s.id] = s
	w.rows += s.n
	w.dead += s.dead
	w.live += s.live()
	return s, nil
}

func (l *loader) basis(data []byte, width int) (*codes.Basis, error) {
	if b := l.bases[string(data)]; b != nil {
		return b, nil
	}
	b, err := codes.ParseBasis(data)
	if err != nil {
		return nil, fmt.Errorf("basis: %w", err)
	}
	if b.Dim() != width {
		return nil, fmt.Errorf("basis of %d values: %w", b.Dim(), errUnfit)
	}
	l.bases[string(data)] = b
	return b, nil
}

// finish lists the entries, on one core, and computes the codes on the others.
func (l *loader) finish(m *file.Manifest) error {
	w := l.w
	var wg sync.WaitGroup
	var failed error
	wg.Go(func() {
		failed = l.own(m)
	})
	each(len(l.segs), func(i int) { l.segs[i].encode(l.segs[i].basis, w.kernel) })
	wg.Wait()
	if failed != nil {
		return failed
	}
	largest := 0
	for _, s := range l.segs {
		w.sealed = append(w.sealed, cover(s))
		if s.n > largest {
			largest, w.basis = s.n, s.basis
		}
	}
	if w.basis != nil && w.basis.ID() != codes.DefaultBasis(stride(w.dim), defaultSpread).ID() {
		w.fitted = largest
	}
	w.changed = true
	return nil
}

// own notes whose the living rows are.
func (l *loader) own(m *file.Manifest) error {
	w := l.w
	w.owners = make(map[ownerKey]owner, w.live)
	for _, s := range l.segs {
		for i := range s.n {
			died := s.died[i].Load()
			if s.born[i] > m.Stamp || died > m.Stamp || s.who[i] > m.LastWho {
				return fmt.Errorf("a row lies ahead of the manifest: %w", errUnfit)
			}
			if died != 0 {
				continue
			}
			id, _ := namesAt(s.names, s.name[i])
			key := keyOf(id)
			o, known := w.owners[key]
			if known && o.who != s.who[i] {
				return fmt.Errorf("rows of one entry have two numbers: %w", errUnfit)
			}
			o.who = s.who[i]
			o.first = w.slots.add(slot{seg: s.id, pos: uint32(i), next: o.first})
			w.owners[key] = o
		}
	}
	for _, x := range m.Skipped {
		key := keyOf(watchlist.EntryID(x.Entry))
		o, known := w.owners[key]
		if !known {
			w.lastWho++
			o.who = w.lastWho
		}
		o.skipped = x.Count
		w.owners[key], w.ids[key] = o, watchlist.EntryID(x.Entry)
		w.skipped += int(x.Count)
	}
	return nil
}
