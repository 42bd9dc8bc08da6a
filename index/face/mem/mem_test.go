package mem

import (
	"runtime"
	"testing"
	"unsafe"
)

func TestRegionIsZeroedAlignedAndWritable(t *testing.T) {
	for _, size := range []int{0, 1, 3, 4, 63, 4096, 4097, 2<<20 - 1, 2 << 20, 5<<20 + 7} {
		r := New(size)
		b := r.Bytes()
		if len(b) != size || cap(b) != size {
			t.Fatalf("size %d: length %d, capacity %d", size, len(b), cap(b))
		}
		for i := range b {
			if b[i] != 0 {
				t.Fatalf("size %d: byte %d is not zero", size, i)
			}
			b[i] = byte(i)
		}
		if size > 0 && uintptr(unsafe.Pointer(&b[0]))%align != 0 {
			t.Errorf("size %d: not aligned", size)
		}
		f := r.Float32s()
		if len(f) != size/4 {
			t.Errorf("size %d: %d values", size, len(f))
		}
		for i := range f {
			f[i] = 1
		}
		if got := r.OffHeap(); got != (runtime.GOOS == "linux" && size > 0 && !underRace) {
			t.Errorf("size %d: off heap is %v", size, got)
		}
		runtime.KeepAlive(r)
	}
}

func TestNegativeSizePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(-1)
}

func TestOnHeapIsAligned(t *testing.T) {
	for size := range 200 {
		b := onHeap(size)
		if len(b) != size || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%align != 0 {
			t.Fatalf("size %d: length %d at %p", size, len(b), unsafe.SliceData(b))
		}
	}
}
