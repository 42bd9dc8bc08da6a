package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxKeyFile is far more than a keyset of many rotations needs.
const maxKeyFile = 64 << 10

// ErrPermissions: a key file that others may read or change.
var ErrPermissions = errors.New("key file is open to others; run chmod 600 on it")

// Load reads a key file. A file that others may read, or that its group may
// write, gives ErrPermissions.
func Load(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	if !st.Mode().IsRegular() || st.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s is not a key file", path)
	}
	if st.Mode().Perm()&0o027 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: %w", path, st.Mode().Perm(), ErrPermissions)
	}
	b := make([]byte, st.Size())
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	k, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// Save writes the key to path with mode 0600: to a temporary file beside it,
// synced, renamed, and the folder synced, so that after a crash the file is the
// old or the new one and never in between. An existing file is replaced.
func (k *Key) Save(path string) (err error) {
	b, err := k.Marshal()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	// CreateTemp makes the file with mode 0600.
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("save key: %w", errors.Join(err, removeIfThere(f.Name())))
		}
	}()
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
