package file

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// errLength: a file's plain bytes are not as long as its header says.
var errLength = errors.New("gallery file: the plain bytes are not as long as announced")

// partWriter seals plain bytes part by part and writes them out.
type partWriter struct {
	out    output
	sealer Sealer
	frame  frame
	buf    []byte
	seals  [][sealLen]byte
	// pause is called after each part; an error ends the writing.
	pause func() error
}

// bytes appends b.
func (w *partWriter) bytes(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), partLen-len(w.buf))
		if n == 0 {
			return errLength
		}
		w.buf = append(w.buf, b[:n]...)
		b = b[n:]
		if err := w.flushFull(); err != nil {
			return err
		}
	}
	return nil
}

// flushFull writes the buffer out when it is a whole part and not the last.
func (w *partWriter) flushFull() error {
	if len(w.buf) < partLen || len(w.seals) >= w.frame.parts()-1 {
		return nil
	}
	return w.flush()
}

func (w *partWriter) flush() error {
	i := len(w.seals)
	if i >= w.frame.parts() || len(w.buf) != w.frame.plainLen(i) {
		return errLength
	}
	sealed, err := w.sealer.Seal(w.buf, w.frame.ad(i))
	if err != nil {
		return fmt.Errorf("gallery file: %w", err)
	}
	if len(sealed) != len(w.buf)+int(w.frame.overhead) {
		return errors.New("gallery file: the seal is not as long as it was before")
	}
	if _, err := w.out.Write(sealed); err != nil {
		return err
	}
	w.seals = append(w.seals, [sealLen]byte(sealed[len(sealed)-sealLen:]))
	w.buf = w.buf[:0]
	return w.pause()
}

// close writes the last part.
func (w *partWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	if len(w.seals) != w.frame.parts() {
		return errLength
	}
	return nil
}

// newFrame draws an id for a file and asks the sealer what it adds.
func newFrame(s Sealer, kind uint16, plain uint64) (frame, error) {
	f := frame{kind: kind, plain: plain}
	if _, err := rand.Read(f.id[:]); err != nil {
		return f, fmt.Errorf("gallery file: draw an id: %w", err)
	}
	sealed, err := s.Seal(nil, nil)
	if err != nil {
		return f, fmt.Errorf("gallery file: %w", err)
	}
	if len(sealed) < sealLen || len(sealed) > maxOverhead {
		return f, errors.New("gallery file: the seal has an unusable length")
	}
	f.overhead = uint32(len(sealed))
	return f, nil
}

// write makes the file name in the folder hold a header and the parts that fill
// makes: first under a temporary name, then, synced, under its own.
func (d *Dir) write(ctx context.Context, f frame, name string, fill func(*partWriter) error) (ref Ref, err error) {
	tmp := d.path(name + tmpSuffix)
	out, err := d.disk.create(tmp, f.size())
	if err != nil {
		return ref, err
	}
	w := &partWriter{
		out: out, sealer: d.sealer, frame: f, buf: make([]byte, 0, min(partLen, f.plain)),
		pause: func() error { return d.pause(ctx) },
	}
	_, err = out.Write(f.header())
	if err == nil {
		err = fill(w)
	}
	if err == nil {
		err = w.close()
	}
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = d.disk.rename(tmp, d.path(name))
	}
	if err != nil {
		return ref, errors.Join(err, d.disk.remove(tmp))
	}
	if err := d.disk.syncDir(d.folder); err != nil {
		return ref, err
	}
	return Ref{ID: f.id, Size: f.size(), Digest: f.digest(w.seals)}, nil
}
