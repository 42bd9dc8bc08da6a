//go:build !linux

package transport

import "syscall"

// socketOptions does nothing where TCP_USER_TIMEOUT does not exist.
func socketOptions(_, _ string, _ syscall.RawConn) error { return nil }
