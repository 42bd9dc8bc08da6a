//go:build !linux

package chaos

// smallDisk needs Linux.
func smallDisk(string) (func() error, error) { return nil, ErrRights }
