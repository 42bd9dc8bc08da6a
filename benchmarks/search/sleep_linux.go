package search

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep waits in the kernel: the runtime's own timers may be a millisecond late
// when nothing else runs.
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&t, nil) // early by a signal is no harm
}
