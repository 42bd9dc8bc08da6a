//go:build !linux

package snapshot

// AtLowPriority runs f; there is no such priority on this system.
func AtLowPriority(f func() error) error { return f() }
