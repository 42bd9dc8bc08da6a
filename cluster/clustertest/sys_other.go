//go:build !linux

package clustertest

import (
	"os"
	"syscall"
)

var terminate = os.Interrupt

// childAttr has nothing to set where the kernel offers no parent-death signal.
func childAttr() *syscall.SysProcAttr { return nil }

// killGroup kills the process alone.
func killGroup(p *os.Process) { _ = p.Kill() }
