package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

var errCrash = errors.New("the machine stopped")

// crashDisk does as many steps as it is given and none after. It remembers what
// a power cut may take back: bytes that no Sync covers, and names that no
// syncDir covers.
type crashDisk struct {
	realDisk
	left   int
	err    error // given from then on
	synced map[string]int64
	undo   []func() error
}

func (c *crashDisk) step() error {
	if c.left--; c.left < 0 {
		return c.err
	}
	return nil
}

func (c *crashDisk) create(path string, size int64) (output, error) {
	if err := c.step(); err != nil {
		return nil, err
	}
	out, err := c.realDisk.create(path, size)
	if err != nil {
		return nil, err
	}
	c.synced[path] = 0
	c.undo = append(c.undo, func() error { return c.realDisk.remove(path) })
	return &crashFile{output: out, disk: c, path: path}, nil
}

func (c *crashDisk) rename(from, to string) error {
	if err := c.step(); err != nil {
		return err
	}
	old, oldErr := os.ReadFile(to)
	c.undo = append(c.undo, func() error {
		if err := os.Rename(to, from); err != nil {
			return err
		}
		c.synced[from] = c.synced[to]
		if oldErr == nil {
			return os.WriteFile(to, old, 0o600)
		}
		return nil
	})
	c.synced[to] = c.synced[from]
	delete(c.synced, from)
	return c.realDisk.rename(from, to)
}

func (c *crashDisk) remove(path string) error {
	if err := c.step(); err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err == nil {
		c.undo = append(c.undo, func() error { return os.WriteFile(path, old, 0o600) })
	}
	delete(c.synced, path)
	return c.realDisk.remove(path)
}

func (c *crashDisk) syncDir(path string) error {
	if err := c.step(); err != nil {
		return err
	}
	c.undo = nil
	return c.realDisk.syncDir(path)
}

// powerCut takes back what was not synced: the bytes, and the names too if names.
func (c *crashDisk) powerCut(t *testing.T, names bool) {
	t.Helper()
	if names {
		for i := len(c.undo) - 1; i >= 0; i-- {
			if err := c.undo[i](); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	for path, n := range c.synced {
		st, err := os.Stat(path)
		if err == nil && st.Size() > n {
			err = os.Truncate(path, n)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

type crashFile struct {
	output
	disk    *crashDisk
	path    string
	written int64
}

// Write does half of what it is to do when the machine stops.
func (f *crashFile) Write(b []byte) (int, error) {
	if err := f.disk.step(); err != nil {
		if f.disk.left == -1 {
			_, _ = f.output.Write(b[:len(b)/2])
		}
		return 0, err
	}
	f.written += int64(len(b))
	return f.output.Write(b)
}

func (f *crashFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	f.disk.synced[f.path] = f.written
	return f.output.Sync()
}

// TestCrashPoints stops a save before every one of its steps, by a killed
// process and by a power cut. The folder must hold the old gallery or the new
// one, whole, and the next save must work.
func TestCrashPoints(t *testing.T) {
	key := newKey(t)
	base := newDir(t, key)
	a, b := writeSegment(t, base, tiny(t)), writeSegment(t, base, tiny(t))
	before := manifestOf(a, b)
	writeManifest(t, base, before)
	c := large(t, 1, 20_000)
	save := func(d *Dir) error {
		ref, err := d.WriteSegment(t.Context(), testTag, c)
		if err != nil {
			return err
		}
		after := manifestOf(a, ref)
		after.Applied = before.Applied + 1
		if err := d.WriteManifest(t.Context(), after); err != nil {
			return err
		}
		return d.Sweep([]Ref{a, ref})
	}
	done := false
	for n := 0; !done; n++ {
		for _, how := range []string{"killed", "power cut", "power cut, names lost"} {
			folder := filepath.Join(t.TempDir(), "gallery")
			if err := os.CopyFS(folder, os.DirFS(base.folder)); err != nil {
				t.Fatal(err)
			}
			disk := &crashDisk{left: n, err: errCrash, synced: map[string]int64{}}
			d := &Dir{folder: folder, sealer: key, disk: disk}
			err := save(d)
			if done = err == nil; !done && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if how != "killed" {
				disk.powerCut(t, how != "power cut")
			}
			again := NewDir(folder, key)
			checkWhole(t, again, n, how, done && how == "killed")
			if err := save(again); err != nil {
				t.Errorf("step %d, %s: the next save: %v", n, how, err)
			}
			checkWhole(t, again, n, how, true)
		}
	}
}

// checkWhole checks that the folder holds one whole gallery, the newer if so
// asked.
func checkWhole(t *testing.T, d *Dir, step int, how string, newer bool) {
	t.Helper()
	m, err := d.ReadManifest()
	if err != nil {
		t.Fatalf("step %d, %s: %v", step, how, err)
	}
	if newer && m.Applied != 10 {
		t.Fatalf("step %d, %s: the saved gallery is gone", step, how)
	}
	for _, p := range m.Segments {
		if _, err := d.ReadSegment(testTag, p.Ref, nil); err != nil {
			t.Fatalf("step %d, %s, applied %d: %v", step, how, m.Applied, err)
		}
	}
}

// TestFullDisk: a disk that fills at any step fails the save, leaves the old
// gallery and no half-written file, and the next save works.
func TestFullDisk(t *testing.T) {
	key := newKey(t)
	s := large(t, 1, 20_000)
	for n := range 12 {
		d := newDir(t, key)
		a := writeSegment(t, d, tiny(t))
		writeManifest(t, d, manifestOf(a))
		d.disk = &fullDisk{left: n}
		ref, err := d.WriteSegment(t.Context(), testTag, s)
		if err == nil {
			err = d.WriteManifest(t.Context(), manifestOf(a, ref))
		}
		if err == nil {
			t.Logf("%d steps are enough", n)
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: %v", n, err)
		}
		if tmp, _ := filepath.Glob(d.path("*" + tmpSuffix)); len(tmp) > 0 {
			t.Errorf("step %d: %v is left", n, tmp)
		}
		d.disk = realDisk{}
		if m, err := d.ReadManifest(); err != nil || len(m.Segments) != 1 {
			t.Errorf("step %d: the old gallery: %v", n, err)
		}
		ref = writeSegment(t, d, s)
		writeManifest(t, d, manifestOf(a, ref))
	}
	t.Error("the save never worked")
}

// fullDisk takes some writes and syncs and then has no room; names can still
// change.
type fullDisk struct {
	realDisk
	left int
}

func (d *fullDisk) take() error {
	if d.left--; d.left < 0 {
		return syscall.ENOSPC
	}
	return nil
}

func (d *fullDisk) create(path string, size int64) (output, error) {
	if err := d.take(); err != nil {
		return nil, err
	}
	out, err := d.realDisk.create(path, size)
	return &fullFile{out, d}, err
}

type fullFile struct {
	output
	disk *fullDisk
}

func (f *fullFile) Write(b []byte) (int, error) {
	if err := f.disk.take(); err != nil {
		n, _ := f.output.Write(b[:len(b)/2])
		return n, err
	}
	return f.output.Write(b)
}

func (f *fullFile) Sync() error {
	if err := f.disk.take(); err != nil {
		return err
	}
	return f.output.Sync()
}

// TestDropIsDurable: once Drop returned, no power cut brings the manifest back.
func TestDropIsDurable(t *testing.T) {
	d := newDir(t, newKey(t))
	writeManifest(t, d, manifestOf())
	disk := &crashDisk{left: 1 << 30, err: errCrash, synced: map[string]int64{}}
	d.disk = disk
	if err := d.Drop(); err != nil {
		t.Fatal(err)
	}
	disk.powerCut(t, true)
	if _, err := d.ReadManifest(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after a power cut: %v", err)
	}
}

// TestRoom: a file that would take the last of the disk is not begun.
func TestRoom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("free space is not known here")
	}
	d := newDir(t, newKey(t))
	if _, err := (realDisk{}).create(d.path("x"), 1<<60); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("create: %v", err)
	}
	if _, err := os.Stat(d.path("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
}
