package file

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"vigie/cluster/seal"

	"github.com/google/go-cmp/cmp"
)

var testTag = Tag{Model: "model/1", Calibration: "calibration/1", Projection: [32]byte{7}, Dim: 4}

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// tiny is a segment of two rows.
func tiny(t testing.TB) *Segment {
	t.Helper()
	return &Segment{
		Basis: []byte{0xba, 0x51, 0x50}, Stride: 4,
		Vectors: []float32{1, -0.5, 0.25, 0, 2, 4, 8, 16},
		Born:    []uint64{5, 6}, Died: []uint64{0, 9}, Who: []uint32{1, 0}, Name: []uint32{0, 7}, Names: []byte("\x05SEN-A\x06SEN-BC"),
	}
}

// large is a segment of several parts.
func large(t testing.TB, seed uint64, rows int) *Segment {
	t.Helper()
	return randomSegment(rand.New(rand.NewPCG(seed, 1)), rows, 4)
}

func writeSegment(t testing.TB, d *Dir, s *Segment) Ref {
	t.Helper()
	ref, err := d.WriteSegment(t.Context(), testTag, s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// sameSegment compares two segments bit by bit.
func sameSegment(t testing.TB, got, want *Segment) {
	t.Helper()
	if !reflect.DeepEqual(got, want) { // cmp is slow at this size
		t.Errorf("segment (-want +got):\n%.2000s", cmp.Diff(want, got))
	}
}

func manifestOf(refs ...Ref) *Manifest {
	m := &Manifest{Tag: testTag, Registry: "r1", Applied: 9, Oldest: 5, Stamp: 77, LastWho: 3, Skipped: []Skipped{{Entry: "SEN-X", Count: 2}}}
	for _, r := range refs {
		m.Segments = append(m.Segments, Part{Ref: r, Stamp: 70, Deaths: []Death{{Row: 1, Died: 8}}})
	}
	return m
}

func writeManifest(t testing.TB, d *Dir, m *Manifest) {
	t.Helper()
	if err := d.WriteManifest(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newDir(t testing.TB, s Sealer) *Dir {
	t.Helper()
	return NewDir(filepath.Join(t.TempDir(), "gallery"), s)
}

// grep looks for needles in every file of the folder.
func grep(t testing.TB, folder string, needles map[string][]byte) {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		b := readFile(t, filepath.Join(folder, e.Name()))
		for name, n := range needles {
			if bytes.Contains(b, n) {
				t.Errorf("%s holds %s in clear", e.Name(), name)
			}
		}
	}
}
