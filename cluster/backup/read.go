package backup

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"vigie/cluster"
	"vigie/cluster/blob"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/cluster/snapshot"
)

// Archive is a backup being read, from front to end: Records, then Rest, once. It
// implements cluster.RestoreSource.
type Archive struct {
	manifest Manifest
	key      *seal.Key
	plain    io.Reader // what age gives
	tar      *tar.Reader
	next     *tar.Header // read ahead; nil at the end
}

// Open begins to read a backup with the private keys that it was made for. An error
// that wraps *age.NoIdentityMatchError means that none of them fits.
func Open(r io.Reader, identities ...age.Identity) (*Archive, error) {
	plain, err := age.Decrypt(r, identities...)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	a := &Archive{plain: plain, tar: tar.NewReader(plain)}
	if err := a.advance(); err != nil {
		return nil, err
	}
	if a.next == nil || a.next.Name != nameManifest || a.next.Size > maxManifest {
		return nil, fmt.Errorf("no manifest: %w", ErrDamaged)
	}
	b, err := a.take()
	if err != nil {
		return nil, err
	}
	if a.manifest, err = parseManifest(b); err != nil {
		return nil, err
	}
	if a.key, err = seal.Parse(a.manifest.StateKey); err != nil {
		return nil, fmt.Errorf("state key: %w", ErrDamaged)
	}
	return a, nil
}

// Manifest says what the backup holds.
func (a *Archive) Manifest() Manifest { return a.manifest }

// advance reads the next header.
func (a *Archive) advance() error {
	h, err := a.tar.Next()
	if errors.Is(err, io.EOF) {
		a.next = nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("read backup: %w: %w", ErrDamaged, err)
	}
	a.next = h
	return nil
}

// take reads the file at hand into memory and goes to the next one.
func (a *Archive) take() ([]byte, error) {
	if a.next.Size > maxFile {
		return nil, fmt.Errorf("a file of %d bytes: %w", a.next.Size, ErrDamaged)
	}
	b := make([]byte, a.next.Size)
	if _, err := io.ReadFull(a.tar, b); err != nil {
		return nil, fmt.Errorf("read backup: %w: %w", ErrDamaged, err)
	}
	return b, a.advance()
}

// stateReader joins the pieces of the state.
type stateReader struct {
	a   *Archive
	buf []byte
}

// Read implements io.Reader.
func (s *stateReader) Read(p []byte) (int, error) {
	for len(s.buf) == 0 {
		if s.a.next == nil || !strings.HasPrefix(s.a.next.Name, prefixState) {
			return 0, io.EOF
		}
		b, err := s.a.take()
		if err != nil {
			return 0, err
		}
		s.buf = b
	}
	n := copy(p, s.buf)
	s.buf = s.buf[n:]
	return n, nil
}

// Records hands over every record of the state and then gives the state that they add
// up to, which must be the manifest's.
func (a *Archive) Records(add func(registry.Record) error) (registry.State, error) {
	r, err := snapshot.NewReader(&stateReader{a: a}, a.key)
	if err != nil {
		return registry.State{}, err
	}
	st := r.State()
	if st.Hash.String() != a.manifest.StateHash || st.Index != a.manifest.Index || st.Entries != a.manifest.Entries {
		return st, fmt.Errorf("manifest and state differ: %w", ErrDamaged)
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return st, nil
		}
		if err != nil {
			return st, err
		}
		if err := add(rec); err != nil {
			return st, err
		}
	}
}

// Rest hands over the blobs, each checked against its name, and the files of the audit
// log with their key, and reads on to the very end, where age vouches for the whole.
func (a *Archive) Rest(onBlob func(plain []byte) error, onAudit func(name string, b []byte) error) error {
	blobs, audits := 0, 0
	for a.next != nil {
		name := a.next.Name
		b, err := a.take()
		if err != nil {
			return err
		}
		if id, ok := strings.CutPrefix(name, prefixBlob); ok {
			if string(blob.Name(b)) != id {
				return fmt.Errorf("a blob's bytes and name differ: %w", ErrDamaged)
			}
			blobs++
			err = onBlob(b)
		} else if file, ok := strings.CutPrefix(name, prefixAudit); ok {
			if file != cluster.AuditKeyName {
				audits++
			}
			err = onAudit(file, b)
		} else {
			err = fmt.Errorf("an unknown file: %w", ErrDamaged)
		}
		if err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, a.plain); err != nil {
		return fmt.Errorf("read backup: %w: %w", ErrDamaged, err)
	}
	if blobs != a.manifest.Blobs || audits != a.manifest.AuditFiles {
		return fmt.Errorf("%d blobs and %d audit files, the manifest says %d and %d: %w", blobs, audits, a.manifest.Blobs, a.manifest.AuditFiles, ErrDamaged)
	}
	return nil
}
