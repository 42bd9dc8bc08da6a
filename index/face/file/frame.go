package file

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Version is the version of the frame and of what the parts hold. A file of
// another one gives ErrVersion. 1 held bases for codes in two planes.
const Version uint16 = 2

const (
	magic     = "VIGIEGAL"
	headerLen = len(magic) + 2 + 2 + 4 + 8 + idLen
	idLen     = 16
	// sealLen is how many of a sealed part's last bytes go into the digest of the
	// file: the authenticator of an AEAD stands there.
	sealLen = 16
	// partLen is how many plain bytes a part holds; a multiple of 8, so that no
	// value lies in two parts.
	partLen = 1 << 20
	// maxOverhead and maxPlain bound what a header may claim.
	maxOverhead = 1 << 10
	maxPlain    = 1 << 40

	kindSegment  = 1
	kindManifest = 2
	kindWhole    = 3
)

var (
	// ErrCorrupt: the file is damaged, cut, of another node, or not the one that
	// belongs here. Which of them can't be told.
	ErrCorrupt = errors.New("file is damaged or belongs to another node or index")
	// ErrVersion: another release wrote the file in a format of its own.
	ErrVersion = errors.New("file has another format than this release writes")
)

// Sealer encrypts the parts under the node's key; ad binds a part to its place.
// Seal adds the same number of bytes to every value. Open returns memory of its
// own or fails. Both are safe for concurrent use.
type Sealer interface {
	Seal(plain, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// ID names one file; it is drawn by chance and never used again.
type ID [idLen]byte

// frame is the header of a file and what the parts are bound to.
type frame struct {
	kind     uint16
	overhead uint32
	plain    uint64
	id       ID
	// tag is the digest of the Tag; zero for a manifest.
	tag [sha256.Size]byte
}

func (f *frame) header() []byte {
	b := make([]byte, 0, headerLen)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint16(b, Version)
	b = binary.LittleEndian.AppendUint16(b, f.kind)
	b = binary.LittleEndian.AppendUint32(b, f.overhead)
	b = binary.LittleEndian.AppendUint64(b, f.plain)
	return append(b, f.id[:]...)
}

// parseHeader reads a header of the given kind.
func parseHeader(b []byte, kind uint16) (frame, error) {
	var f frame
	if len(b) < headerLen || string(b[:len(magic)]) != magic {
		return f, fmt.Errorf("no header: %w", ErrCorrupt)
	}
	b = b[len(magic):]
	if v := binary.LittleEndian.Uint16(b); v != Version {
		return f, fmt.Errorf("format %d, this release has %d: %w", v, Version, ErrVersion)
	}
	f.kind = binary.LittleEndian.Uint16(b[2:])
	f.overhead = binary.LittleEndian.Uint32(b[4:])
	f.plain = binary.LittleEndian.Uint64(b[8:])
	copy(f.id[:], b[16:])
	if f.kind != kind || f.overhead < sealLen || f.overhead > maxOverhead || f.plain > maxPlain {
		return f, fmt.Errorf("impossible header: %w", ErrCorrupt)
	}
	return f, nil
}

// parts is the number of parts, at least one.
func (f *frame) parts() int { return max(1, int((f.plain+partLen-1)/partLen)) }

// size is the length of the whole file in bytes.
func (f *frame) size() int64 {
	return int64(headerLen) + int64(f.plain) + int64(f.parts())*int64(f.overhead)
}

// place gives where sealed part i lies in the file, and its length.
func (f *frame) place(i int) (at int64, n int) {
	at = int64(headerLen) + int64(i)*int64(partLen+f.overhead)
	return at, f.plainLen(i) + int(f.overhead)
}

// plainLen is the number of plain bytes of part i.
func (f *frame) plainLen(i int) int {
	return int(min(partLen, f.plain-uint64(i)*partLen))
}

// ad is the associated data of part i.
func (f *frame) ad(i int) []byte {
	b := append([]byte("vigie/gallery\x00"), f.header()...)
	b = append(b, f.tag[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(i))
	last := byte(0)
	if i == f.parts()-1 {
		last = 1
	}
	return append(b, last)
}

// digest is SHA-256 over the header and the last bytes of every sealed part, in
// order. The seals authenticate the parts, so it tells files apart without
// hashing all their bytes.
func (f *frame) digest(seals [][sealLen]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(f.header())
	for i := range seals {
		h.Write(seals[i][:])
	}
	h.Sum(sum[:0])
	return sum
}
