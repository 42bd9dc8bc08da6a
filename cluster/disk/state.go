package disk

import (
	"errors"
	"syscall"
	"time"
)

// State is how a disk does, from good to bad.
type State uint8

// The states. The worst that applies counts.
const (
	// Healthy: writes come back in time and there is room.
	Healthy State = iota
	// Slow: several of the last syncs took Limits.Slow or longer.
	Slow
	// Full: less is free than Limits.Low, or the kernel refused a write for want of
	// space.
	Full
	// Failing: the kernel reported an I/O error a short time ago.
	Failing
	// Hung: a write or sync has not come back for Limits.Hung.
	Hung
	// Corrupt: something read back was not what had been written. It stays until it
	// is mended.
	Corrupt
)

var stateNames = [...]string{"healthy", "slow", "full", "failing", "hung", "corrupt"}

// String is the state as status, logs and the API show it.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// States lists all states, the good one first.
func States() []State { return []State{Healthy, Slow, Full, Failing, Hung, Corrupt} }

// Limits are what the states are told by. A zero field takes its default.
type Limits struct {
	// Slow is how long a sync may take (0: 1 s), Hung how long a write may stay
	// out before the disk counts as hung and raft gets an error (0: 5 s).
	Slow, Hung time.Duration
	// Probe is how long the disk may be idle before it is probed with a write of
	// 4 KiB (0: 5 s); an unhealthy disk is probed each second.
	Probe time.Duration
	// Low is the free space below which the disk counts as full, Reserve the size
	// of the reserve file, bytes (0: a sixteenth of the file system, 64 MiB at
	// most). A negative Reserve means none.
	Low, Reserve int64
}

const (
	maxLow = 64 << 20
	// window is how many of the last syncs decide about Slow: slowEnter of them
	// over the limit make it, none over half of it ends it.
	window    = 8
	slowEnter = 3
	// failingFor is how long after its last I/O error a disk counts as failing.
	failingFor = 30 * time.Second
)

func (l *Limits) fill(size int64) {
	if l.Slow == 0 {
		l.Slow = time.Second
	}
	if l.Hung == 0 {
		l.Hung = 5 * time.Second
	}
	if l.Probe == 0 {
		l.Probe = 5 * time.Second
	}
	if l.Low == 0 {
		l.Low = min(maxLow, size/16)
	}
	if l.Reserve == 0 {
		l.Reserve = min(maxLow, size/16)
	}
	l.Reserve = max(l.Reserve, 0)
}

// Status is a disk at one moment.
type Status struct {
	State State
	// Since is when the state began, Problem what is wrong in words for the
	// operator, "" for nothing.
	Since   time.Time
	Problem string
	// Size and Free are those of the file system, Reserve is what the reserve file
	// holds back now, bytes.
	Size, Free, Reserve int64
	// Median and Worst are of the last syncs, Pending the age of the oldest write
	// that is still out (0: none).
	Median, Worst, Pending time.Duration
	// Changes counts the changes of state since the start, Errors the writes that
	// failed.
	Changes, Errors uint64
}

// outOfSpace tells that the kernel refused a write for want of space or quota.
func outOfSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// ioError tells that the disk below the file system failed.
func ioError(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV)
}
