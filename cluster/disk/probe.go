package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names in the data folder.
const (
	reserveFile = "reserve"
	probeFile   = "disk-probe"
)

// probeSize is what an idle disk is probed with, allocSize what must fit before
// a disk that was full counts as having room.
const (
	probeSize = 4 << 10
	allocSize = 1 << 20
)

func (m *Monitor) path(name string) string { return filepath.Join(m.dir, name) }

// probe reads the free space and, when nobody else syncs, times a write. It is
// the only goroutine of the Monitor that touches the disk: when it hangs, the
// watcher sees its write out.
func (m *Monitor) probe() {
	f, err := os.OpenFile(m.path(probeFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		m.Begin(false)(err)
		m.log.Warn("the disk can't be probed", "error", err)
	} else {
		defer f.Close()
	}
	tick := time.NewTicker(spaceEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-m.kick:
		case <-m.stop:
			return
		}
		m.look()
		if f != nil && m.idle() {
			m.touch(f)
		}
	}
}

// idle reports whether a probe is due.
func (m *Monitor) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	every := m.limits.Probe
	if m.status.State != Healthy {
		every = min(every, time.Second)
	}
	return time.Since(m.lastSync) >= every
}

// touch writes and syncs one block in place, which needs no new space after the
// first time.
func (m *Monitor) touch(f *os.File) {
	end := m.Begin(true)
	_, err := f.WriteAt(make([]byte, probeSize), 0)
	if err == nil {
		err = f.Sync()
	}
	if outOfSpace(err) {
		err = nil // the first write of the probe on a full disk; look tells it better
	}
	end(err)
}

// look reads the free space, and ends a shortage once there is room again.
func (m *Monitor) look() {
	end := m.Begin(false)
	size, free, err := space(m.dir)
	end(err)
	if err != nil {
		return
	}
	m.mu.Lock()
	m.status.Size, m.status.Free = size, free
	short, released := m.noSpace, m.released
	enough := free >= m.lowFor(Full)
	m.mu.Unlock()
	if !enough || (!short && !released) {
		return
	}
	if short {
		if err := m.allocate(); err != nil {
			return
		}
		m.mu.Lock()
		m.noSpace = false
		m.mu.Unlock()
	}
	m.refill(free)
	m.judge()
}

// allocate proves that there is room: a quota shows in no free space.
func (m *Monitor) allocate() error {
	end := m.Begin(false)
	err := fillFile(m.path(probeFile+".new"), allocSize)
	err = errors.Join(err, os.Remove(m.path(probeFile+".new")))
	if outOfSpace(err) {
		end(nil) // known
		return err
	}
	end(err)
	return err
}

// release gives the reserve up, so that what is under way can be finished.
func (m *Monitor) release() {
	if err := os.Remove(m.path(reserveFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.log.Error("the reserve file could not be removed", "error", err)
		return
	}
	m.log.Warn("the disk is full: the reserve was released", "event", "disk_reserve_released", "bytes", m.limits.Reserve)
}

// refill makes the reserve file when there is room for it.
func (m *Monitor) refill(free int64) {
	path, size := m.path(reserveFile), m.limits.Reserve
	if st, err := os.Stat(path); err == nil && st.Size() == size && size > 0 {
		m.setReleased(false)
		return
	}
	if size == 0 || free < size+m.limits.Low+m.limits.Low/2 {
		return
	}
	end := m.Begin(false)
	err := fillFile(path, size)
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	if outOfSpace(err) {
		end(nil)
		return
	}
	end(err)
	if err != nil {
		m.log.Warn("the reserve file could not be made", "error", err)
		return
	}
	m.setReleased(false)
}

func (m *Monitor) setReleased(v bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = v
}

// fillFile makes a file whose blocks are allocated, durable.
func fillFile(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("making %s: %w", filepath.Base(path), err)
	}
	err = allocate(f, size)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("making %s: %w", filepath.Base(path), err)
	}
	return nil
}

// writeZeros allocates where the kernel has no call for it.
func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return fmt.Errorf("allocating: %w", err)
		}
	}
	return nil
}
