package mem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// huge is the size of a huge page on amd64 and, with 4 KiB pages, on arm64.
// Elsewhere it is merely an alignment.
const huge = 2 << 20

// reserve maps size zeroed bytes. It returns the whole mapping and the part to
// use, or nil if there is nothing to map or the system refuses.
func reserve(size int) (whole, part []byte) {
	if size == 0 {
		return nil, nil
	}
	length := size
	if size >= huge {
		length += huge // room to align; pages that are not touched cost nothing
	}
	whole, err := unix.Mmap(-1, 0, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil
	}
	skip := 0
	if size >= huge {
		skip = int(-uintptr(unsafe.Pointer(unsafe.SliceData(whole))) & (huge - 1))
		// Only hints: a kernel without huge pages refuses, and nothing is lost.
		_ = unix.Madvise(whole, unix.MADV_HUGEPAGE)
	}
	_ = unix.Madvise(whole, unix.MADV_DONTDUMP)
	return whole, whole[skip : skip+size : skip+size]
}

// populate brings in the pages of part of a mapping, which begins with a page; it is
// false when the system, before Linux 5.14, can't, or has no memory left.
func populate(b []byte) bool { return unix.Madvise(b, unix.MADV_POPULATE_WRITE) == nil }

// release unmaps a mapping that nobody can reach any more.
func release(whole []byte) {
	// Munmap fails only for a range that is not mapped, which this one is.
	_ = unix.Munmap(whole)
}
