//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const modelDir = "../../../var/models"

func open(t *testing.T) *Recognizer {
	t.Helper()
	if _, err := os.Stat(filepath.Join(modelDir, "dlib_face_recognition_resnet_model_v1.dat")); err != nil {
		t.Skipf("SKIPPED: no face models in %s; run `make models`", modelDir)
	}
	r, err := Open(modelDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// template finds, aligns and encodes the only face of a picture.
func template(r *Recognizer, p Pixels) (t [128]float32, err error) {
	a, err := r.one(p)
	if err != nil {
		return t, err
	}
	return r.Embed(a.Chip)
}

func TestSelfTest(t *testing.T) {
	r := open(t)
	rep, err := r.SelfTest()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("one face through landmarks and encoder: %v, BLAS threads %d, warning %q", rep.Forward, rep.BLASThreads, rep.Warning)
	if rep.Forward <= 0 {
		t.Errorf("forward pass took %v", rep.Forward)
	}
	if rep.BLASThreads > 1 {
		t.Errorf("OpenBLAS runs %d threads", rep.BLASThreads)
	}
}

func TestWarning(t *testing.T) {
	for _, c := range []struct {
		rep  Report
		want string
	}{
		{Report{Forward: 15 * time.Millisecond, BLASThreads: 1}, ""},
		{Report{Forward: 210 * time.Millisecond}, "reference BLAS"},
		{Report{Forward: 15 * time.Millisecond, BLASThreads: 2}, "OPENBLAS_NUM_THREADS=1"},
	} {
		if got := warning(c.rep); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("warning(%+v) = %q, want %q", c.rep, got, c.want)
		}
	}
}

// threadTicks gives the CPU ticks of every thread of the process.
func threadTicks(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	files, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil || len(files) == 0 {
		t.Skip("SKIPPED: no /proc/self/task on this system")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended
		}
		var user, system int
		rest := string(b[bytes.LastIndexByte(b, ')')+2:])
		fields := strings.Fields(rest)
		fmt.Sscan(fields[11], &user)
		fmt.Sscan(fields[12], &system)
		out[filepath.Base(filepath.Dir(f))] = user + system
	}
	return out
}

// One encoding must keep one core busy, not all: workers fill the cores, and
// BLAS threads on top of them would fight for the same ones.
func TestOneThreadPerWorker(t *testing.T) {
	r := open(t)
	photo := pixelsOf(Specimen())
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTicks(t)
	start := time.Now()
	for time.Since(start) < 1200*time.Millisecond {
		if _, err := template(r, photo); err != nil {
			t.Fatal(err)
		}
	}
	var busiest, others int
	for id, ticks := range threadTicks(t) {
		used := ticks - before[id]
		others += used
		busiest = max(busiest, used)
	}
	others -= busiest
	t.Logf("busiest thread %d ticks, all others together %d", busiest, others)
	if busiest == 0 || others*5 > busiest {
		t.Errorf("the other threads used %d ticks beside %d: BLAS is not single-threaded", others, busiest)
	}
}

func TestSameTemplateOnEveryWorker(t *testing.T) {
	photo := pixelsOf(Specimen())
	first := open(t)
	want, err := template(first, photo)
	if err != nil {
		t.Fatal(err)
	}
	another, err := first.Another()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(another.Close)
	var wg sync.WaitGroup
	for _, w := range []*Recognizer{first, another, open(t)} {
		wg.Go(func() {
			for range 5 {
				if got, err := template(w, photo); err != nil || got != want {
					t.Errorf("another template, or %v", err)
				}
			}
		})
	}
	wg.Wait()
	first.Close()
	if got, err := template(another, photo); err != nil || got != want {
		t.Errorf("once the first worker is closed: another template, or %v", err)
	}
}

func TestMisuse(t *testing.T) {
	r := open(t)
	good := pixelsOf(Specimen())
	for name, p := range map[string]Pixels{
		"empty": {}, "short": {good.Pix[:100], good.W, good.H}, "negative": {nil, -1, 0}, "too wide": {make([]byte, 3<<17), 1 << 17, 1},
	} {
		if _, err := r.Detect(p); err == nil {
			t.Errorf("detect %s: no error", name)
		}
		if _, err := r.Align(p, image.Rect(0, 0, 9, 9)); err == nil {
			t.Errorf("align %s: no error", name)
		}
	}
	if _, err := r.Embed(good); err == nil {
		t.Error("embed a photo: no error")
	}
	if _, err := r.Align(good, image.Rectangle{}); err == nil {
		t.Error("align an empty box: no error")
	}
	for _, size := range []image.Point{{1, 1}, {1, 500}, {500, 1}, {79, 81}} {
		if faces, err := r.Detect(NewPixels(size.X, size.Y)); err != nil || len(faces) != 0 {
			t.Errorf("%v: %d faces, %v", size, len(faces), err)
		}
	}
	// A box far outside is answered, and harms nothing.
	if _, err := r.Align(good, image.Rect(5000, -9000, 6000, -8000)); err != nil {
		t.Error(err)
	}
	if faces, err := r.Detect(good); err != nil || len(faces) != 1 || faces[0].Score <= 0 || faces[0].View < 0 || faces[0].View > 4 {
		t.Errorf("%+v, %v", faces, err)
	}
}

func TestOpenWithoutModels(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("Open of an empty directory gave no error")
	}
}

func TestClosed(t *testing.T) {
	r := open(t)
	r.Close()
	r.Close()
	if _, err := r.Detect(pixelsOf(Specimen())); err != ErrClosed {
		t.Errorf("Detect after Close: %v", err)
	}
	if _, err := r.Another(); err != ErrClosed {
		t.Errorf("Another after Close: %v", err)
	}
}
