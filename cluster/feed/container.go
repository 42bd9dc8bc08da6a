package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A container is one file that holds what the network would give, for a courier. It is
// no more trusted than the network: every part is verified by itself.
//
//	magic "VIGIEFC\x01"
//	part*  type u8, length u32 big-endian, bytes
//	end    type 0, length 32, SHA-256 of all before it
const containerMagic = "VIGIEFC\x01"

// PartType says what a part of a container is.
type PartType uint8

// The types of part, in the order in which they are written and read. A type may come
// several times in a row.
const (
	partEnd PartType = iota
	// PartCertificate is a signed certificate.
	PartCertificate
	// PartKey is a wrapped content key behind its generation (u32 big-endian).
	PartKey
	// PartCheckpoint is a signed checkpoint.
	PartCheckpoint
	// PartConsistency is the proof, hash after hash, from the size that the file was
	// made for to the checkpoint's; the frames' ends have proofs of their own.
	PartConsistency
	// PartRevocations is a signed revocation set.
	PartRevocations
	// PartFrame is a frame.
	PartFrame
	// PartFrameProof is the proof from the end of the frame before it to the
	// checkpoint; none for a frame that ends with it.
	PartFrameProof
	// PartFrontier is the frontier at the checkpoint's size, hash after hash.
	PartFrontier
	// PartTable is the table of bucket hashes.
	PartTable
	// PartBucket is a bucket.
	PartBucket
	partTypes
)

// ContainerWriter writes one container. It is for one goroutine.
type ContainerWriter struct {
	w    io.Writer
	sum  hash.Hash
	last PartType
}

// NewContainerWriter begins a container.
func NewContainerWriter(w io.Writer) (*ContainerWriter, error) {
	c := &ContainerWriter{w: w, sum: sha256.New()}
	return c, c.write([]byte(containerMagic))
}

func (c *ContainerWriter) write(b []byte) error {
	c.sum.Write(b)
	if _, err := c.w.Write(b); err != nil {
		return fmt.Errorf("write container: %w", err)
	}
	return nil
}

// follows reports whether a part of type t may come after one of type last.
func follows(last, t PartType) bool {
	return t > partEnd && t < partTypes && (t >= last || t == PartFrame && last == PartFrameProof)
}

// Add writes one part.
func (c *ContainerWriter) Add(t PartType, b []byte) error {
	if !follows(c.last, t) || len(b) > MaxFrame {
		return errors.New("write container: a part out of order or too long")
	}
	c.last = t
	if err := c.write(binary.BigEndian.AppendUint32([]byte{byte(t)}, uint32(len(b)))); err != nil {
		return err
	}
	return c.write(b)
}

// Close writes the end; it does not close the underlying writer.
func (c *ContainerWriter) Close() error {
	return c.write(append(binary.BigEndian.AppendUint32([]byte{byte(partEnd)}, sha256.Size), c.sum.Sum(nil)...))
}

// ContainerReader reads one container, part by part, and never holds more than one.
type ContainerReader struct {
	r    io.Reader
	sum  hash.Hash
	last PartType
	done bool
}

// NewContainerReader begins to read.
func NewContainerReader(r io.Reader) (*ContainerReader, error) {
	c := &ContainerReader{r: r, sum: sha256.New()}
	b, err := c.read(len(containerMagic))
	if err != nil || string(b) != containerMagic {
		return nil, reject(Malformed, "container")
	}
	return c, nil
}

func (c *ContainerReader) read(n int) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, c.r, int64(n)); err != nil {
		return nil, reject(Malformed, "container cut off")
	}
	c.sum.Write(buf.Bytes())
	return buf.Bytes(), nil
}

// Next gives the next part; io.EOF after the last one, and only if the file was whole.
func (c *ContainerReader) Next() (PartType, []byte, error) {
	if c.done {
		return 0, nil, io.EOF
	}
	want := c.sum.Sum(nil)
	head, err := c.read(5)
	if err != nil {
		return 0, nil, err
	}
	t, n := PartType(head[0]), binary.BigEndian.Uint32(head[1:])
	if t != partEnd && !follows(c.last, t) || n > MaxFrame || t == partEnd && n != sha256.Size {
		return 0, nil, reject(Malformed, "part of a container")
	}
	b, err := c.read(int(n))
	if err != nil {
		return 0, nil, err
	}
	if t != partEnd {
		c.last = t
		return t, b, nil
	}
	c.done = true
	if !bytes.Equal(b, want) {
		return 0, nil, reject(Malformed, "container changed")
	}
	if m, _ := c.r.Read(make([]byte, 1)); m > 0 {
		return 0, nil, reject(Malformed, "bytes after the container")
	}
	return 0, nil, io.EOF
}

// JoinHashes and SplitHashes put hashes of 32 bytes one after the other and apart.
func JoinHashes(list [][]byte) []byte { return bytes.Join(list, nil) }

// SplitHashes is the reverse of JoinHashes, for at most 130 hashes.
func SplitHashes(b []byte) ([][]byte, error) {
	if len(b)%sha256.Size != 0 || len(b) > 130*sha256.Size {
		return nil, reject(Malformed, "list of hashes")
	}
	out := make([][]byte, 0, len(b)/sha256.Size)
	for i := 0; i < len(b); i += sha256.Size {
		out = append(out, b[i:i+sha256.Size:i+sha256.Size])
	}
	return out, nil
}
