package search

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// availableMiB is the memory that can be had without swapping, 0 when unknown.
func availableMiB() int { return kilobytes("/proc/meminfo", "MemAvailable:") / 1024 }

// resident is the memory of this process after a collection, in bytes, 0 when
// unknown.
func resident() int {
	debug.FreeOSMemory()
	return kilobytes("/proc/self/status", "VmRSS:") * 1024
}

// kilobytes reads a line "key value kB" of a file, 0 without it.
func kilobytes(file, key string) int {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == key {
			kb, _ := strconv.Atoi(f[1])
			return kb
		}
	}
	return 0
}
