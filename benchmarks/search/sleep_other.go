//go:build !linux

package search

import "time"

func sleep(d time.Duration) { time.Sleep(d) }
