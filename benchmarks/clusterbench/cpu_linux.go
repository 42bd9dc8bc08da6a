package clusterbench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// ticks is how many units of /proc/PID/stat make a second (USER_HZ, 100 on every
// Linux that Go runs on).
const ticks = 100

// cpuOf gives the CPU seconds that a process has used.
func cpuOf(pid int) (CPU, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return CPU{}, fmt.Errorf("read a process's times: %w", err)
	}
	// The name may hold anything; fields are counted from its closing parenthesis.
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 13 {
		return CPU{}, fmt.Errorf("a process's times have %d fields", len(f))
	}
	user, err := strconv.ParseFloat(string(f[11]), 64)
	if err != nil {
		return CPU{}, fmt.Errorf("read a process's user time: %w", err)
	}
	system, err := strconv.ParseFloat(string(f[12]), 64)
	if err != nil {
		return CPU{}, fmt.Errorf("read a process's system time: %w", err)
	}
	return CPU{User: user / ticks, System: system / ticks}, nil
}
