package snapshot

import (
	"runtime"
	"syscall"
)

// lowPriority is the nice value of background threads: the lowest.
const lowPriority = 19

// AtLowPriority runs f on a thread of its own that the kernel gives what the others
// leave over. The thread ends with f, since a process without privileges can't
// raise its priority again. A kernel that refuses is no error: f runs as usual.
func AtLowPriority(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowPriority)
		done <- f()
	}()
	return <-done
}
