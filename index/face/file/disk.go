package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is a file being written.
type output interface {
	io.WriteCloser
	Sync() error
}

// disk is what writing needs of the file system; tests stop it at every step.
type disk interface {
	// create makes a file of mode 0600 that will have size bytes, or empties it,
	// and its folder with it.
	create(path string, size int64) (output, error)
	rename(from, to string) error
	// remove takes a file away; there may be none.
	remove(path string) error
	syncDir(path string) error
}

// realDisk is the operating system's.
type realDisk struct{}

// reserve is how many bytes stay free for what is no cache.
const reserve = 256 << 20

func (realDisk) create(path string, size int64) (output, error) {
	if err := room(filepath.Dir(path), size); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeFolder(filepath.Dir(path)); err == nil {
			f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("gallery file: %w", err)
	}
	return f, nil
}

// makeFolder makes the folder and makes its name durable.
func makeFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return realDisk{}.syncDir(filepath.Dir(path))
}

func (realDisk) rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("gallery file: %w", err)
	}
	return nil
}

func (realDisk) remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("gallery file: %w", err)
	}
	return nil
}

func (realDisk) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("gallery file: sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("gallery file: sync folder: %w", err)
	}
	return nil
}
