//go:build !linux

package mem

func reserve(int) (whole, part []byte) { return nil, nil }

func release([]byte) {}

func populate([]byte) bool { return false }
