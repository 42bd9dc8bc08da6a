package cluster

import (
	"time"

	"golang.org/x/sys/unix"
)

// uptime is a clock that never jumps and goes on while the machine is suspended
// (CLOCK_BOOTTIME), which Go's monotonic clock does not.
func uptime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Since(processStart)
	}
	return time.Duration(ts.Nano())
}
