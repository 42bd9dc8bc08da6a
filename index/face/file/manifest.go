package file

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Manifest says what makes up a gallery at one raft index.
type Manifest struct {
	Tag Tag
	// Registry names the registry file that the gallery was derived from.
	Registry string
	// Applied is the raft index of the gallery, Oldest the first one that it can
	// still answer as of.
	Applied, Oldest uint64
	// Stamp is the stamp of the newest change, LastWho the highest number of an
	// identity so far.
	Stamp   uint64
	LastWho uint32
	// Skipped lists the entries with templates that can't be found, and how many.
	Skipped  []Skipped
	Segments []Part
}

// Skipped counts the templates of one entry that the gallery does not hold.
type Skipped struct {
	Entry string
	Count uint32
}

// Part is one segment of a gallery.
type Part struct {
	Ref
	// Stamp is that of the newest change when the file was written.
	Stamp uint64
	// Deaths lists rows that died after their file was written.
	Deaths []Death
}

// Ref names a segment's file and says how to recognise it.
type Ref struct {
	ID     ID
	Size   int64
	Digest [32]byte
}

// Death says by which change a row was taken out.
type Death struct {
	Row  uint32
	Died uint64
}

// maxList bounds the lists of a manifest while it is read.
const maxList = 1 << 28

// WriteManifest puts m in place of the folder's manifest, at once or not at all.
// The segments' files must be there.
func (d *Dir) WriteManifest(ctx context.Context, m *Manifest) error {
	plain := m.encode()
	f, err := newFrame(d.sealer, kindManifest, uint64(len(plain)))
	if err != nil {
		return err
	}
	_, err = d.write(ctx, f, manifestName, func(w *partWriter) error { return w.bytes(plain) })
	return err
}

// ReadManifest reads the folder's manifest. It wraps fs.ErrNotExist when there
// is none, and gives ErrCorrupt or ErrVersion when it can't be used.
func (d *Dir) ReadManifest() (*Manifest, error) {
	r, err := d.open(manifestName, kindManifest, [32]byte{})
	if err != nil {
		return nil, err
	}
	var plain []byte
	buf := r.buffer()
	for i := range r.frame.parts() {
		p, err := r.part(i, buf)
		if err != nil {
			_ = r.Close() // nothing was written
			return nil, err
		}
		plain = append(plain, p...)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("gallery file: %w", err)
	}
	return decodeManifest(plain)
}

func (m *Manifest) encode() []byte {
	b := m.Tag.encode()
	b = appendString(b, m.Registry)
	b = binary.LittleEndian.AppendUint64(b, m.Applied)
	b = binary.LittleEndian.AppendUint64(b, m.Oldest)
	b = binary.LittleEndian.AppendUint64(b, m.Stamp)
	b = binary.LittleEndian.AppendUint32(b, m.LastWho)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.Skipped)))
	for _, s := range m.Skipped {
		b = appendString(b, s.Entry)
		b = binary.LittleEndian.AppendUint32(b, s.Count)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.Segments)))
	for _, p := range m.Segments {
		b = append(b, p.ID[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(p.Size))
		b = append(b, p.Digest[:]...)
		b = binary.LittleEndian.AppendUint64(b, p.Stamp)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Deaths)))
		for _, x := range p.Deaths {
			b = binary.LittleEndian.AppendUint32(b, x.Row)
			b = binary.LittleEndian.AppendUint64(b, x.Died)
		}
	}
	return b
}

func decodeManifest(b []byte) (*Manifest, error) {
	c := cursor{b: b}
	m := &Manifest{Tag: Tag{Model: c.str(), Calibration: c.str()}}
	copy(m.Tag.Projection[:], c.take(len(m.Tag.Projection)))
	m.Tag.Dim = int(c.u32())
	m.Registry = c.str()
	m.Applied, m.Oldest = c.u64(), c.u64()
	m.Stamp, m.LastWho = c.u64(), c.u32()
	for range c.count() {
		m.Skipped = append(m.Skipped, Skipped{Entry: c.str(), Count: c.u32()})
		if c.bad {
			break
		}
	}
	for range c.count() {
		var p Part
		copy(p.ID[:], c.take(idLen))
		p.Size = int64(c.u64())
		copy(p.Digest[:], c.take(len(p.Digest)))
		p.Stamp = c.u64()
		for range c.count() {
			p.Deaths = append(p.Deaths, Death{Row: c.u32(), Died: c.u64()})
			if c.bad {
				break
			}
		}
		m.Segments = append(m.Segments, p)
		if c.bad {
			break
		}
	}
	if c.bad || len(c.b) > 0 {
		return nil, fmt.Errorf("malformed manifest: %w", ErrCorrupt)
	}
	return m, nil
}

// cursor reads values off the front of b; after a failure bad is set and all
// values are zero.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if c.bad || n > len(c.b) {
		c.bad = true
		return make([]byte, min(n, 64))
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

func (c *cursor) count() int {
	n := c.u32()
	if n > maxList {
		c.bad = true
		return 0
	}
	return int(n)
}

func (c *cursor) str() string {
	n := c.count()
	if c.bad || n > len(c.b) {
		c.bad = true
		return ""
	}
	return string(c.take(n))
}
