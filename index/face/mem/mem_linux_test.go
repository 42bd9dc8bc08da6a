package mem

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
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

func TestPopulateBringsInThePages(t *testing.T) {
	if underRace {
		t.Skip("regions are on the heap")
	}
	for _, size := range []int{1, 5000, piece + 4096, 3*piece + 7} {
		r := New(size)
		calls, pages := 0, (size+4095)/4096
		r.Populate(func() bool { calls++; return calls > 2 })
		want := min(pages, 2*piece/4096)
		if got := residentPages(t, r.Bytes(), pages); got < want {
			t.Errorf("size %d: %d of %d pages are there, want %d", size, got, pages, want)
		}
		for i, v := range r.Bytes() {
			if v != 0 {
				t.Fatalf("size %d: byte %d is %d", size, i, v)
			}
		}
		if most := (size+piece-1)/piece + 1; calls > most {
			t.Errorf("size %d: stop was called %d times", size, calls)
		}
		runtime.KeepAlive(r)
	}
}

// residentPages is how many pages of a mapping are in memory.
func residentPages(t *testing.T, b []byte, pages int) (n int) {
	t.Helper()
	in := make([]byte, pages)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&in[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	for _, v := range in {
		n += int(v & 1)
	}
	return n
}
