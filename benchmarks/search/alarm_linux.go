package search

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm wakes a goroutine at a moment by way of the runtime's poller, as a request
// that comes in over the network does. The runtime's own timers may be a millisecond
// late when nothing else runs; and a goroutine that sleeps in a system call keeps its
// processor, with the query that it has just started waiting on it, for up to ten
// milliseconds when the other processors are kept so as well.
type alarm struct {
	file *os.File
	fd   int
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	return &alarm{os.NewFile(uintptr(fd), "timer"), fd}, nil
}

// wait returns after d, a positive time.
func (a *alarm) wait(d time.Duration) error {
	once := unix.ItimerSpec{Value: unix.NsecToTimespec(d.Nanoseconds())}
	if err := unix.TimerfdSettime(a.fd, 0, &once, nil); err != nil {
		return fmt.Errorf("set a timer: %w", err)
	}
	var times [8]byte
	if _, err := a.file.Read(times[:]); err != nil {
		return fmt.Errorf("wait for a timer: %w", err)
	}
	return nil
}

func (a *alarm) close() { _ = a.file.Close() } // nothing is lost by a failure
