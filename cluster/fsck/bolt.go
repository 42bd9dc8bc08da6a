package fsck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The layout of a bbolt file, version 2, numbers in the machine's order, which is
// little-endian wherever vigie runs (go.etcd.io/bbolt/internal/common).
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltMetaLen    = 64 // of the meta record behind the page header
	boltHeaderLen  = 16
	boltBranch     = 0x01
	boltLeaf       = 0x02
	boltMeta       = 0x04
	boltFreelist   = 0x10
	boltBucketLeaf = 0x01
	boltNoFreelist = ^uint64(0)
	boltMaxDepth   = 64
)

// errPages: the pages of a file make no whole tree.
var errPages = errors.New("damaged pages")

// boltFile walks the pages of a bbolt file without mapping it: bbolt itself trusts
// every number it reads, and a wrong one can end the process.
type boltFile struct {
	f        *os.File
	size     int64
	pageSize uint64
	high     uint64 // page ids are below it
	root     uint64
	free     uint64
	used     map[uint64]bool
	// badMetas counts head pages that are not sound; one is.
	badMetas int
}

// walkBolt checks that the pages of a bbolt file lie within it, are of the right
// kind, are referred to once, that what they hold lies within them, and that every
// page is either in the tree or free. It returns how many pages are in use, and how
// many of the two head pages are not sound. The error wraps errPages on damage.
func walkBolt(path string) (pages, badMetas int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("open database: %w", err)
	}
	// Nothing was written.
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return 0, 0, fmt.Errorf("open database: %w", err)
	}
	b := &boltFile{f: f, size: st.Size(), used: map[uint64]bool{0: true, 1: true}}
	if err := b.meta(); err != nil {
		return 0, b.badMetas, err
	}
	if err := b.tree(b.root, 0); err != nil {
		return len(b.used), b.badMetas, err
	}
	return len(b.used), b.badMetas, b.freelist()
}

// meta finds the newest sound head page.
func (b *boltFile) meta() error {
	var best uint64
	found := false
	// The second head lies at the page size, which is only known from a head.
	at := []int64{0}
	for size := int64(1 << 10); size <= 1<<16; size <<= 1 {
		at = append(at, size)
	}
	for _, off := range at {
		p := make([]byte, boltHeaderLen+boltMetaLen)
		if _, err := b.f.ReadAt(p, off); err != nil {
			continue
		}
		m := p[boltHeaderLen:]
		h := fnv.New64a()
		h.Write(m[:boltMetaLen-8])
		size := uint64(binary.LittleEndian.Uint32(m[8:]))
		if binary.LittleEndian.Uint32(m) != boltMagic || binary.LittleEndian.Uint32(m[4:]) != boltVersion ||
			h.Sum64() != binary.LittleEndian.Uint64(m[boltMetaLen-8:]) || off != 0 && uint64(off) != size {
			continue
		}
		if tx := binary.LittleEndian.Uint64(m[48:]); !found || tx > best {
			best = tx
			b.pageSize = size
			b.root = binary.LittleEndian.Uint64(m[16:])
			b.free = binary.LittleEndian.Uint64(m[32:])
			b.high = binary.LittleEndian.Uint64(m[40:])
		}
		if found {
			b.badMetas = 0
		} else {
			b.badMetas, found = 1, true
		}
	}
	switch {
	case !found:
		b.badMetas = 2
		return fmt.Errorf("no sound head page: %w", errPages)
	case b.pageSize < 1<<10 || b.pageSize > 1<<16 || b.high < 2 || b.high > uint64(b.size)/b.pageSize:
		return fmt.Errorf("the file has %d bytes, its head asks for %d pages of %d: %w", b.size, b.high, b.pageSize, errPages)
	}
	return nil
}

// page reads a page with its overflow and marks it as used.
func (b *boltFile) page(id uint64) ([]byte, error) {
	if id < 2 || id >= b.high {
		return nil, fmt.Errorf("page %d of %d: %w", id, b.high, errPages)
	}
	var h [boltHeaderLen]byte
	if _, err := b.f.ReadAt(h[:], int64(id*b.pageSize)); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	over := uint64(binary.LittleEndian.Uint32(h[12:]))
	if binary.LittleEndian.Uint64(h[:]) != id || over >= b.high-id {
		return nil, fmt.Errorf("page %d has another's head: %w", id, errPages)
	}
	for i := id; i <= id+over; i++ {
		if b.used[i] {
			return nil, fmt.Errorf("page %d is used twice: %w", i, errPages)
		}
		b.used[i] = true
	}
	p := make([]byte, (over+1)*b.pageSize)
	if _, err := b.f.ReadAt(p, int64(id*b.pageSize)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return p, nil
}

func (b *boltFile) tree(id uint64, depth int) error {
	if depth > boltMaxDepth {
		return fmt.Errorf("page %d lies too deep: %w", id, errPages)
	}
	p, err := b.page(id)
	if err != nil {
		return err
	}
	return b.content(p, id, depth)
}

// content follows what a branch or leaf page refers to.
func (b *boltFile) content(p []byte, id uint64, depth int) error {
	flags, count := binary.LittleEndian.Uint16(p[8:]), int(binary.LittleEndian.Uint16(p[10:]))
	if flags != boltBranch && flags != boltLeaf || boltHeaderLen+count*16 > len(p) {
		return fmt.Errorf("page %d is neither branch nor leaf: %w", id, errPages)
	}
	for i := range count {
		at := boltHeaderLen + i*16
		e := p[at : at+16]
		if flags == boltBranch {
			if !within(p, at, binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]), 0) {
				return fmt.Errorf("page %d: a key lies outside: %w", id, errPages)
			}
			if err := b.tree(binary.LittleEndian.Uint64(e[8:]), depth+1); err != nil {
				return err
			}
			continue
		}
		kind, pos := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
		klen, vlen := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
		if kind > boltBucketLeaf || !within(p, at, pos, klen, vlen) {
			return fmt.Errorf("page %d: a value lies outside: %w", id, errPages)
		}
		if kind == boltBucketLeaf {
			v := at + int(pos) + int(klen)
			if err := b.bucket(p[v:v+int(vlen)], id, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func within(p []byte, at int, pos, klen, vlen uint32) bool {
	return uint64(at)+uint64(pos)+uint64(klen)+uint64(vlen) <= uint64(len(p))
}

// bucket follows a bucket's value: a root page elsewhere, or a small page inside.
func (b *boltFile) bucket(v []byte, id uint64, depth int) error {
	if len(v) < 16 {
		return fmt.Errorf("page %d: a bucket is cut short: %w", id, errPages)
	}
	if root := binary.LittleEndian.Uint64(v); root != 0 {
		return b.tree(root, depth+1)
	}
	if len(v) < 16+boltHeaderLen || depth > boltMaxDepth {
		return fmt.Errorf("page %d: a bucket is cut short: %w", id, errPages)
	}
	if binary.LittleEndian.Uint16(v[16+8:]) != boltLeaf {
		return fmt.Errorf("page %d: a bucket inside is no leaf: %w", id, errPages)
	}
	return b.content(v[16:], id, depth+1)
}

// freelist checks that the free pages are the ones that nothing uses.
func (b *boltFile) freelist() error {
	if b.free == boltNoFreelist {
		return nil
	}
	p, err := b.page(b.free)
	if err != nil {
		return err
	}
	count, at := uint64(binary.LittleEndian.Uint16(p[10:])), boltHeaderLen
	if count == 0xFFFF {
		count, at = binary.LittleEndian.Uint64(p[boltHeaderLen:]), boltHeaderLen+8
	}
	if binary.LittleEndian.Uint16(p[8:]) != boltFreelist || count > uint64(len(p)-at)/8 {
		return fmt.Errorf("the list of free pages is damaged: %w", errPages)
	}
	free := uint64(len(b.used))
	for i := range count {
		id := binary.LittleEndian.Uint64(p[uint64(at)+8*i:])
		if id >= b.high || b.used[id] {
			return fmt.Errorf("page %d is free and in use: %w", id, errPages)
		}
		b.used[id] = true
		free++
	}
	if free != b.high {
		return fmt.Errorf("%d pages are neither free nor in use: %w", b.high-free, errPages)
	}
	return nil
}
