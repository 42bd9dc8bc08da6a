package face

import (
	"encoding/binary"
	"fmt"
	"sync"

	"vigie/index/face/codes"
	"vigie/index/face/file"
	"vigie/watchlist"
)

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
		s = newSegment(w.lastID, width, upToBlock(n))
		return s.vectors
	})
	if err != nil {
		return nil, err
	}
	if f.Stride != width || f.Rows() == 0 {
		return nil, fmt.Errorf("%d rows of %d values: %w", f.Rows(), f.Stride, errUnfit)
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
			if !soundName(s.names, s.name[i]) {
				return fmt.Errorf("a row's names are cut short: %w", errUnfit)
			}
			if died != 0 {
				continue
			}
			id, _ := namesAt(s.names, s.name[i])
			w.photos += photosAt(s.names, s.name[i])
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

// soundName reports whether namesAt can read the names at a place below the end.
func soundName(names []byte, at uint32) bool {
	b := names[at:]
	for range 2 {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return false
		}
		b = b[uint64(w)+n:]
	}
	return true
}
