//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
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

func specimen(t *testing.T) []byte {
	t.Helper()
	b, err := encode(Specimen())
	if err != nil {
		t.Fatal(err)
	}
	return b
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
	photo := specimen(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTicks(t)
	start := time.Now()
	for time.Since(start) < 1200*time.Millisecond {
		if _, err := r.Faces(photo); err != nil {
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
	photo := specimen(t)
	first := open(t)
	want, err := first.Faces(photo)
	if err != nil || len(want) != 1 {
		t.Fatalf("%d faces, %v", len(want), err)
	}
	workers := []*Recognizer{first, open(t)}
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			for range 5 {
				got, err := w.Faces(photo)
				if err != nil || len(got) != 1 || got[0].Template != want[0].Template {
					t.Errorf("%d faces, %v, or another template", len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestBadPhotosAreErrors(t *testing.T) {
	r := open(t)
	good := specimen(t)
	var grey bytes.Buffer
	if err := jpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": {}, "not a JPEG": []byte("hello"), "truncated": good[:len(good)/2], "grey": grey.Bytes(),
	} {
		if _, err := r.Faces(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if faces, err := r.Faces(good); err != nil || len(faces) != 1 {
		t.Errorf("after bad photos: %d faces, %v", len(faces), err)
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
	if _, err := r.Faces(specimen(t)); err != ErrClosed {
		t.Errorf("Faces after Close: %v", err)
	}
}
