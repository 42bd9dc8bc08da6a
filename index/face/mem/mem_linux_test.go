package mem

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// mappedAt reports whether a mapping holds the address.
func mappedAt(t *testing.T, addr uintptr) bool {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(maps) {
		var lo, hi uintptr
		if _, err := fmt.Sscanf(string(line), "%x-%x", &lo, &hi); err == nil && lo <= addr && addr < hi {
			return true
		}
	}
	return false
}

func TestRegionIsUnmappedWhenUnreachable(t *testing.T) {
	if underRace {
		t.Skip("regions are on the heap")
	}
	const size = 1 << 30 // never touched; too large for its place to be taken again
	r := New(size)
	if !r.OffHeap() {
		t.Fatal("not mapped")
	}
	addr := uintptr(unsafe.Pointer(&r.Bytes()[0]))
	runtime.GC()
	if !mappedAt(t, addr+size/2) {
		t.Fatal("unmapped while reachable")
	}
	runtime.KeepAlive(r)
	deadline := time.Now().Add(20 * time.Second)
	for mappedAt(t, addr+size/2) {
		if time.Now().After(deadline) {
			t.Fatal("still mapped long after the region became unreachable")
		}
		runtime.GC()
		runtime.Gosched()
	}
}
