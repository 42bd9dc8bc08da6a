//go:build !linux

package cluster

import "time"

// uptime is Go's monotonic clock: time that the machine is suspended may be
// missing from it.
func uptime() time.Duration { return time.Since(processStart) }
