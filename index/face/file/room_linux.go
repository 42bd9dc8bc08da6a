package file

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// room fails with ENOSPC when n more bytes would leave less than reserve on the
// file system of the folder, which may not exist yet.
func room(folder string, n int64) error {
	var st syscall.Statfs_t
	err := syscall.Statfs(folder, &st)
	if errors.Is(err, fs.ErrNotExist) {
		err = syscall.Statfs(filepath.Dir(folder), &st)
	}
	if err != nil {
		return fmt.Errorf("gallery file: free space: %w", err)
	}
	if free := st.Bavail * uint64(st.Bsize); free < uint64(n)+reserve {
		return fmt.Errorf("gallery file: %d MiB are free, %d are needed and %d stay for others: %w", free>>20, n>>20, reserve>>20, syscall.ENOSPC)
	}
	return nil
}
