//go:build !linux

package main

import "errors"

var errPlatform = errors.New("not known on this system")

// freeSpace is not known here.
func freeSpace(string) (uint64, error) { return 0, errPlatform }

// clockSynced is not known here.
func clockSynced() (bool, error) { return false, errPlatform }
