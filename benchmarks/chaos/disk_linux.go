package chaos

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// smallDisk makes a folder with a file system of its own.
func smallDisk(path string) (release func() error, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size=192m"); err != nil {
		return nil, fmt.Errorf("%w: mounting a small file system: %w", ErrRights, err)
	}
	return func() error { return unix.Unmount(path, unix.MNT_DETACH) }, nil
}
