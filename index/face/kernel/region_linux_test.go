package kernel

import (
	"golang.org/x/sys/unix"
)

// hugeBytes returns memory in huge pages, as the index uses. It stays mapped: a
// test process is short-lived.
func hugeBytes(n int) []byte {
	const huge = 2 << 20
	b, err := unix.Mmap(-1, 0, (n+huge-1)/huge*huge, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, n)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	return b[:n]
}
