package clustertest

import (
	"os"
	"syscall"
)

const terminate = syscall.SIGTERM

// childAttr puts a child in its own process group, so that Ctrl-C at the
// terminal reaches only the parent, and has the kernel kill it when the parent
// dies.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills the process and what it started.
func killGroup(p *os.Process) {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); err != nil {
		_ = p.Kill() // the group is gone already
	}
}
