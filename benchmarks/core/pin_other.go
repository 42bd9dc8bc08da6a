//go:build !linux

package core

import "errors"

// pin is not possible here.
func pin(int, int) error { return errors.ErrUnsupported }
