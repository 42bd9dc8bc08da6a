package clustertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// spawner starts processes from one goroutine that stays on its own operating
// system thread: Linux delivers the parent-death signal when the starting
// *thread* ends, so a thread that the Go scheduler may retire would kill the
// children by accident.
type spawner struct {
	work chan func()
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

// start runs cmd.Start on the spawner's thread.
func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	s.work <- func() { done <- cmd.Start() }
	return <-done
}

func (s *spawner) close() { close(s.work) }

// process is one running child.
type process struct {
	cmd *exec.Cmd
	// done is closed once the child has ended and was waited for; err is set
	// before.
	done chan struct{}
	err  error
}

// run starts the binary with the given arguments; output is appended to the
// file at logPath.
func (s *spawner) run(binary, logPath string, env []string, args ...string) (*process, error) {
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer logFile.Close() // the child holds its own descriptor
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, logFile, logFile
	cmd.SysProcAttr = childAttr()
	if err := s.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s %v: %w", binary, args, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// running reports whether the child has not ended yet.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the child at once, without any chance to clean up, and waits.
func (p *process) kill() {
	if p.running() {
		killGroup(p.cmd.Process)
	}
	<-p.done
}

// stop asks the child to end and waits; after grace it is killed and an error
// returned.
func (p *process) stop(grace time.Duration) error {
	if p.running() {
		if err := p.cmd.Process.Signal(terminate); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(grace):
		p.kill()
		return fmt.Errorf("process %d did not stop within %v and was killed", p.cmd.Process.Pid, grace)
	}
}
