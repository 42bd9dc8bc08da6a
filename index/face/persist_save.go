package face

import (
	"context"
	"fmt"
	"runtime"

	"vigie/index/face/file"
)

// export is a view of the gallery with what a manifest needs besides.
type export struct {
	store   *store
	view    *view
	lastWho uint32
	skipped []file.Skipped
}

// export takes the present state and lists the entries with skipped templates. It
// holds the writer up for a moment at a time: an entry that changes after the
// view was taken may be listed as it is then, which does no harm, since a start
// from the files is told of it.
func (g *Gallery) export() export {
	const some = 512
	g.mu.Lock()
	defer g.mu.Unlock()
	e := export{store: g.w, view: g.w.view(), lastWho: g.w.lastWho}
	for key, id := range e.store.ids {
		e.skipped = append(e.skipped, file.Skipped{Entry: string(id), Count: e.store.owners[key].skipped})
		if len(e.skipped)%some == 0 {
			g.mu.Unlock()
			runtime.Gosched()
			g.mu.Lock()
		}
	}
	return e
}

// save writes the segments that have no file, then the manifest, and removes
// what it does not name. The caller holds mu.
func (k *Keeper) save(ctx context.Context) (written int64, err error) {
	e := k.Gallery.export()
	defer runtime.KeepAlive(e.view)
	if e.store != k.store {
		k.store, k.files = e.store, map[uint32]kept{}
	}
	v := e.view
	m := &file.Manifest{
		Tag: k.tag, Registry: k.registry, Applied: v.applied, Oldest: v.oldest,
		Stamp: v.stamp, LastWho: e.lastWho, Skipped: e.skipped,
	}
	m.Tag.Dim = v.dim
	files := map[uint32]kept{}
	var refs []file.Ref
	for _, p := range v.parts() {
		f, ok := k.files[p.seg.id]
		if !ok || f.n != p.n {
			s, err := p.record(v.stamp)
			if err != nil {
				return written, err
			}
			f = kept{n: p.n, stamp: v.stamp}
			if f.ref, err = k.dir.WriteSegment(ctx, m.Tag, s); err != nil {
				return written, err
			}
			written += f.ref.Size
			k.files[p.seg.id] = f
		}
		files[p.seg.id] = f
		refs = append(refs, f.ref)
		m.Segments = append(m.Segments, file.Part{Ref: f.ref, Stamp: f.stamp, Deaths: p.deaths(f.stamp, v.stamp)})
	}
	if err := k.dir.WriteManifest(ctx, m); err != nil {
		return written, err
	}
	k.files = files
	k.counts.applied.Store(v.applied)
	if err := k.dir.Sweep(refs); err != nil {
		return written, fmt.Errorf("remove old files: %w", err)
	}
	return written, nil
}

// record is the part as a file holds it, with the deaths up to a stamp. It shares
// the part's memory.
func (p *part) record(stamp uint64) (*file.Segment, error) {
	basis, err := p.seg.basis.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("face gallery: basis: %w", err)
	}
	s := &file.Segment{
		Basis: basis, Stride: p.seg.stride, Vectors: p.seg.vectors[:p.n*p.seg.stride],
		Born: p.seg.born[:p.n], Died: make([]uint64, p.n), Who: p.seg.who[:p.n], Name: p.seg.name[:p.n], Names: p.names,
	}
	for i := range s.Died {
		if d := p.seg.died[i].Load(); d <= stamp {
			s.Died[i] = d
		}
	}
	return s, nil
}

// deaths lists the part's rows that died after one stamp and up to another.
func (p *part) deaths(after, to uint64) (list []file.Death) {
	for i := range p.n {
		if d := p.seg.died[i].Load(); d > after && d <= to {
			list = append(list, file.Death{Row: uint32(i), Died: d})
		}
	}
	return list
}

// giveUp removes all files: what they show is not, or will not be, the
// registry's state. The caller holds mu.
func (k *Keeper) giveUp() {
	k.ready, k.store, k.files = false, nil, map[uint32]kept{}
	k.counts.applied.Store(0)
	err := k.dir.Drop()
	if err == nil {
		err = k.dir.Sweep(nil)
	}
	if err != nil {
		k.log.Error("the gallery's old files can't be removed", "error", err)
	}
}

// freeSpace removes the files that no manifest names, for others to have the
// room. The caller holds mu.
func (k *Keeper) freeSpace() {
	var refs []file.Ref
	if m, err := k.dir.ReadManifest(); err == nil {
		for _, p := range m.Segments {
			refs = append(refs, p.Ref)
		}
	}
	for id, f := range k.files {
		if !named(refs, f.ref) {
			delete(k.files, id)
		}
	}
	if err := k.dir.Sweep(refs); err != nil {
		k.log.Error("the gallery's unfinished files can't be removed", "error", err)
	}
}

func named(refs []file.Ref, r file.Ref) bool {
	for _, x := range refs {
		if x == r {
			return true
		}
	}
	return false
}
