package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// partReader opens the parts of one file. Its methods are safe for concurrent
// use.
type partReader struct {
	in     *os.File
	sealer Sealer
	frame  frame
	seals  [][sealLen]byte
}

// open begins to read a file of the given kind; the caller closes it.
func (d *Dir) open(name string, kind uint16, tag [32]byte) (*partReader, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, fmt.Errorf("gallery file: %w", err)
	}
	r, err := newPartReader(f, d.sealer, kind, tag)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func newPartReader(f *os.File, s Sealer, kind uint16, tag [32]byte) (*partReader, error) {
	var b [headerLen]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return nil, fmt.Errorf("no header: %w: %w", ErrCorrupt, err)
	}
	fr, err := parseHeader(b[:], kind)
	if err != nil {
		return nil, err
	}
	fr.tag = tag
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("gallery file: %w", err)
	}
	if st.Size() != fr.size() {
		return nil, fmt.Errorf("the file is not as long as its header says: %w", ErrCorrupt)
	}
	return &partReader{in: f, sealer: s, frame: fr, seals: make([][sealLen]byte, fr.parts())}, nil
}

func (r *partReader) Close() error { return r.in.Close() }

// part gives the plain bytes of part i. buf is memory for the sealed bytes, of
// maxSealed bytes.
func (r *partReader) part(i int, buf []byte) ([]byte, error) {
	at, n := r.frame.place(i)
	if _, err := r.in.ReadAt(buf[:n], at); err != nil {
		return nil, fmt.Errorf("gallery file: read: %w", err)
	}
	plain, err := r.sealer.Open(buf[:n], r.frame.ad(i))
	if err != nil || len(plain) != r.frame.plainLen(i) {
		return nil, fmt.Errorf("part %d: %w", i, ErrCorrupt)
	}
	r.seals[i] = [sealLen]byte(buf[n-sealLen : n])
	return plain, nil
}

func (r *partReader) buffer() []byte {
	return make([]byte, min(uint64(partLen), r.frame.plain)+uint64(r.frame.overhead))
}

// ReadSegment reads the file of ref, which was written under tag, on all cores.
// alloc gives the memory of the vectors, of the given number of values; nil for
// memory of the heap. It gives ErrCorrupt or ErrVersion when the file is not,
// byte for byte, what WriteSegment wrote, and wraps fs.ErrNotExist when it is
// gone.
func (d *Dir) ReadSegment(tag Tag, ref Ref, alloc func(n int) []float32) (s *Segment, err error) {
	r, err := d.open(ref.name(), kindSegment, tag.digest())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.frame.id != ref.ID || r.frame.size() != ref.Size {
		return nil, fmt.Errorf("another file lies in the place of a segment: %w", ErrCorrupt)
	}
	first, err := r.part(0, r.buffer())
	if err != nil {
		return nil, err
	}
	h, err := parseHead(first, r.frame.plain)
	if err != nil {
		return nil, err
	}
	in := newIntake(h, alloc)
	in.take(0, first)
	if err := r.rest(in); err != nil {
		return nil, err
	}
	if r.frame.digest(r.seals) != ref.Digest {
		return nil, fmt.Errorf("the digest of a segment differs: %w", ErrCorrupt)
	}
	return in.seg, in.seg.check()
}

// rest reads all parts but the first, on all cores.
func (r *partReader) rest(in *intake) error {
	var (
		wg   sync.WaitGroup
		next atomic.Int64
		fail atomic.Pointer[error]
	)
	for range min(runtime.GOMAXPROCS(0), r.frame.parts()-1) {
		wg.Go(func() {
			buf := r.buffer()
			for fail.Load() == nil {
				i := int(next.Add(1))
				if i >= r.frame.parts() {
					return
				}
				plain, err := r.part(i, buf)
				if err != nil {
					fail.CompareAndSwap(nil, &err)
					return
				}
				in.take(uint64(i)*partLen, plain)
			}
		})
	}
	wg.Wait()
	if err := fail.Load(); err != nil {
		return *err
	}
	return nil
}

// intake puts the plain bytes of a segment where they belong. Parts may come in
// any order and side by side: none shares a value with another.
type intake struct {
	seg  *Segment
	cols []column
}

func newIntake(h head, alloc func(int) []float32) *intake {
	if alloc == nil {
		alloc = func(n int) []float32 { return make([]float32, n) }
	}
	n := int(h.rows)
	values := n * int(h.stride)
	s := &Segment{
		Basis: make([]byte, h.basis), Stride: int(h.stride), Vectors: alloc(values)[:values],
		Born: make([]uint64, n), Died: make([]uint64, n), Who: make([]uint32, n), Name: make([]uint32, n), Names: make([]byte, h.names),
	}
	return &intake{seg: s, cols: h.columns(s)}
}

// take copies plain, which begins at byte from of the plain bytes.
func (in *intake) take(from uint64, plain []byte) {
	at := uint64(headLen)
	for _, c := range in.cols {
		lo, hi := max(at, from), min(at+c.size, from+uint64(len(plain)))
		if lo < hi {
			c.put(lo-at, plain[lo-from:hi-from])
		}
		at += pad8(c.size)
	}
}

// put writes b at byte at of the column; both are multiples of the value's size.
func (c column) put(at uint64, b []byte) {
	switch d := c.data.(type) {
	case []byte:
		copy(d[at:], b)
	case []float32:
		decode(d[at/4:][:len(b)/4], b)
	case []uint32:
		decode(d[at/4:][:len(b)/4], b)
	case []uint64:
		decode(d[at/8:][:len(b)/8], b)
	}
}
