package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// kind is one kind of fault; do makes it, ends it, and has all nodes run again.
type kind struct {
	name   string
	strace bool
	do     func(context.Context, *run, int) error
}

func faults() []kind {
	return []kind{
		{"kill", false, kill},
		{"kill_leader", false, killLeader},
		{"disk_full", false, diskFull},
		{"all_disks_full", false, allFull},
		{"bit_flip", false, bitFlip},
		{"sync_error", true, syncError},
	}
}

func kill(ctx context.Context, r *run, node int) error {
	r.traffic.down(node)
	r.c.Kill9(node)
	if err := nap(ctx, time.Duration(r.rnd.IntN(1000))*time.Millisecond); err != nil {
		return err
	}
	return r.restart(ctx, node)
}

func killLeader(ctx context.Context, r *run, _ int) error {
	lctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	leader, err := r.c.Leader(lctx)
	if err != nil {
		return fmt.Errorf("finding the leader: %w", err)
	}
	return kill(ctx, r, leader)
}

// restart starts a node that is marked down.
func (r *run) restart(ctx context.Context, node int) error {
	if err := r.c.Restart(ctx, node); err != nil {
		return fmt.Errorf("starting %s again: %w", r.c.Name(node), err)
	}
	r.traffic.up(node)
	return nil
}

func diskFull(ctx context.Context, r *run, node int) error { return fill(ctx, r, node) }

func allFull(ctx context.Context, r *run, _ int) error { return fill(ctx, r, 0, 1, 2) }

// fill leaves no space for a while.
func fill(ctx context.Context, r *run, list ...int) error {
	var errs []error
	for _, i := range list {
		errs = append(errs, ballast(filepath.Join(r.c.Dir(i), "data", "ballast")))
	}
	errs = append(errs, nap(ctx, time.Second+time.Duration(r.rnd.IntN(1000))*time.Millisecond))
	for _, i := range list {
		errs = append(errs, os.Remove(filepath.Join(r.c.Dir(i), "data", "ballast")))
	}
	return errors.Join(errs...)
}

func ballast(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("filling a disk: %w", err)
	}
	for _, size := range []int{1 << 20, 4 << 10} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(fmt.Errorf("filling a disk: %w", err), f.Close())
		}
		err = nil
	}
	return f.Close() //nolint:wrapcheck // nothing to add
}

// bitFlip kills a node, flips a bit of its raft log and starts it. It must refuse,
// or agree with the others. The bit is turned back when it refused: it has done
// nothing since.
func bitFlip(ctx context.Context, r *run, node int) error {
	r.traffic.down(node)
	r.c.Kill9(node)
	segments, err := filepath.Glob(filepath.Join(r.c.Dir(node), "data", "raft", "*.wal"))
	if err != nil || len(segments) == 0 {
		return fmt.Errorf("no raft log to damage: %w", errors.Join(err, os.ErrNotExist))
	}
	path := segments[r.rnd.IntN(len(segments))]
	good, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the log to damage: %w", err)
	}
	used := len(bytes.TrimRight(good, "\x00"))
	if used == 0 {
		return r.restart(ctx, node)
	}
	at := int64(r.rnd.IntN(used))
	if err := flip(path, at, good[at]^1<<r.rnd.IntN(8)); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, settleTime)
	err = r.c.Restart(short, node)
	cancel()
	if err == nil {
		r.res.FlipsHarmless++
		r.traffic.up(node)
		return nil
	}
	if r.c.Running(node) {
		return fmt.Errorf("a node with a flipped bit neither refused nor became ready: %w", err)
	}
	r.res.FlipsRefused++
	if err := flip(path, at, good[at]); err != nil {
		return err
	}
	return r.restart(ctx, node)
}

func flip(path string, at int64, b byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("damaging the log: %w", err)
	}
	_, err = f.WriteAt([]byte{b}, at)
	return errors.Join(err, f.Close())
}

func noStrace() string {
	if _, err := exec.LookPath("strace"); err != nil {
		return "no strace"
	}
	return ""
}

// syncError has every sync of a node fail for a while. A node may end itself then;
// it is started again, as a service manager would.
func syncError(ctx context.Context, r *run, node int) error {
	r.traffic.down(node) // its searches can't be audited
	cmd := exec.Command("strace", "-f", "-qq", "-p", fmt.Sprint(r.c.PID(node)), "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-o", os.DevNull)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting strace: %w", err)
	}
	err := nap(ctx, 1500*time.Millisecond)
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait() // it ends by the signal
	if err != nil {
		return err
	}
	if !r.c.Running(node) {
		r.res.Died++
		return r.restart(ctx, node)
	}
	if err := r.searches(ctx, node); err != nil {
		return err
	}
	r.traffic.up(node)
	return nil
}

// searches waits until a node answers searches again, or ends.
func (r *run) searches(ctx context.Context, node int) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		status, _, err := send(ctx, r.c, node, "/v1/match", []byte(`{"purpose":"test","reason":"chaos","names":[{"full":"Specimen Nobody"}]}`), "")
		if err == nil && status == 200 {
			return nil
		}
		if !r.c.Running(node) {
			r.res.Died++
			return r.c.Restart(ctx, node) //nolint:wrapcheck // it says which
		}
		if nerr := nap(ctx, 50*time.Millisecond); nerr != nil {
			return fmt.Errorf("%s answers no searches (%d): %w", r.c.Name(node), status, errors.Join(err, nerr))
		}
	}
}

func nap(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // nothing to add
	}
}
