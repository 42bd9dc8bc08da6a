package cluster

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrInUse: another process runs on the data folder.
var ErrInUse = errors.New("the data folder is in use by another process")

// lockDir takes the data folder for this process. The kernel lets the lock go
// when the process ends, however it ends.
func lockDir(dir layout) (release func() error, err error) {
	f, err := os.OpenFile(dir.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	return f.Close, nil
}
