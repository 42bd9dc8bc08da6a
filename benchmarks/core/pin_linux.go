package core

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pin holds all threads of a process on the first n cores; threads that it starts
// later inherit that.
func pin(pid, n int) error {
	var set unix.CPUSet
	for c := range n {
		set.Set(c)
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return fmt.Errorf("list the threads: %w", err)
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH { // it may have ended
			return fmt.Errorf("hold a thread: %w", err)
		}
	}
	return nil
}
