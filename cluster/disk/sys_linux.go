package disk

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// space gives the size of the file system that holds path and what an ordinary
// user can still write, bytes.
func space(path string) (size, free int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, 0, fmt.Errorf("free space: %w", err)
	}
	return int64(st.Blocks) * st.Bsize, int64(st.Bavail) * st.Bsize, nil
}

// allocate gives a file blocks for size bytes and that length.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return writeZeros(f, size)
	}
	if err != nil {
		return fmt.Errorf("allocating: %w", err)
	}
	return nil
}

// Preallocate sets blocks aside for the first size bytes of a file without
// changing its length, so that writes there can't fail for want of space. Where
// that is not possible it does nothing.
func Preallocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("preallocating: %w", err)
	}
	return nil
}

// punch takes a range out of a file; it reads as zeros then. It needs no space.
func punch(fd uintptr, off, size int64) error {
	if err := unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, size); err != nil {
		return fmt.Errorf("clearing a range: %w", err)
	}
	return nil
}
