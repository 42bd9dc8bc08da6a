package file

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestSegmentRoundTrip(t *testing.T) {
	d := newDir(t, newKey(t))
	empty := &Segment{Stride: 4, Basis: []byte{}, Vectors: []float32{}, Born: []uint64{}, Died: []uint64{}, Who: []uint32{}, Name: []uint32{}, Names: []byte{}}
	odd := tiny(t)
	odd.Vectors[0], odd.Vectors[1] = float32(math.Inf(-1)), math.Float32frombits(1)
	// 16,384 rows of 4 values make a column of vectors of exactly one part.
	for name, s := range map[string]*Segment{
		"empty": empty, "tiny": tiny(t), "odd": odd,
		"3 parts": large(t, 1, 30_000), "around a part": large(t, 2, 65_536), "7 parts": large(t, 3, 65_537),
	} {
		calls := 0
		got, err := d.ReadSegment(testTag, writeSegment(t, d, s), func(n int) []float32 { calls++; return make([]float32, n+3) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if calls != 1 {
			t.Errorf("%s: alloc was called %d times", name, calls)
		}
		sameSegment(t, got, s)
	}
}

// TestPartBorder: plain bytes that end with a part, and one byte to both sides.
func TestPartBorder(t *testing.T) {
	d := newDir(t, newKey(t))
	for _, n := range []int{0, 1, partLen - 1, partLen, partLen + 1, 2 * partLen} {
		m := manifestOf()
		m.Registry = ""
		m.Registry = strings.Repeat("x", max(0, n-len(m.encode())))
		writeManifest(t, d, m)
		got, err := d.ReadManifest()
		if err != nil || got.Registry != m.Registry {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestManifestRoundTrip(t *testing.T) {
	d := newDir(t, newKey(t))
	if _, err := d.ReadManifest(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no manifest: %v", err)
	}
	for _, m := range []*Manifest{{}, manifestOf(), manifestOf(Ref{ID: ID{1}, Size: 2, Digest: [32]byte{3}}, Ref{})} {
		writeManifest(t, d, m)
		got, err := d.ReadManifest()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, got); d != "" {
			t.Errorf("manifest (-want +got):\n%s", d)
		}
	}
	st, err := os.Stat(d.folder)
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("folder: mode %v, %v", st.Mode(), err)
	}
	if st, err = os.Stat(d.path(manifestName)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("manifest: mode %v, %v", st.Mode(), err)
	}
}

// plainSealer seals nothing: it shows the plain bytes.
type plainSealer struct{ plain []byte }

func (p *plainSealer) Seal(plain, _ []byte) ([]byte, error) {
	p.plain = append(p.plain, plain...)
	return append(bytes.Clone(plain), make([]byte, sealLen)...), nil
}

func (p *plainSealer) Open(sealed, _ []byte) ([]byte, error) {
	return bytes.Clone(sealed[:len(sealed)-sealLen]), nil
}

// TestGolden pins the plain bytes. A change here needs a new Version, so that
// files of the other kind are built anew and not misread.
func TestGolden(t *testing.T) {
	p := &plainSealer{}
	d := newDir(t, p)
	ref := writeSegment(t, d, tiny(t))
	check := func(name string, got []byte) {
		t.Helper()
		path := filepath.Join("testdata", name)
		text := hex.Dump(got)
		if *update {
			writeFile(t, path, []byte(text))
		}
		if want := string(readFile(t, path)); text != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, text, want)
		}
	}
	check("segment.golden", p.plain)
	check("manifest.golden", manifestOf(Ref{ID: ID{1, 2}, Size: 3, Digest: [32]byte{4}}).encode())
	f := frame{kind: kindSegment, overhead: 33, plain: partLen + 8, id: ID{1, 2}, tag: testTag.digest()}
	check("header.golden", f.header())
	check("ad.golden", append(f.ad(0), f.ad(1)...))
	if got := readFile(t, d.path(ref.name())); !bytes.Equal(got[headerLen:headerLen+len(p.plain)], p.plain) {
		t.Error("the plain bytes do not follow the header")
	}
}

// TestEveryFlippedByte changes every byte of both kinds of file in turn.
func TestEveryFlippedByte(t *testing.T) {
	d := newDir(t, newKey(t))
	ref := writeSegment(t, d, tiny(t))
	writeManifest(t, d, manifestOf(ref))
	for name, read := range map[string]func() error{
		ref.name():   func() error { _, err := d.ReadSegment(testTag, ref, nil); return err },
		manifestName: func() error { _, err := d.ReadManifest(); return err },
	} {
		sound := readFile(t, d.path(name))
		for i := range sound {
			for _, bit := range []byte{1, 0x80} {
				b := bytes.Clone(sound)
				b[i] ^= bit
				writeFile(t, d.path(name), b)
				if err := read(); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
					t.Fatalf("%s: byte %d changed: %v", name, i, err)
				}
			}
		}
		for n := range len(sound) {
			writeFile(t, d.path(name), sound[:n])
			if err := read(); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
		}
		writeFile(t, d.path(name), append(bytes.Clone(sound), 0))
		if err := read(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s, one byte longer: %v", name, err)
		}
		writeFile(t, d.path(name), sound)
		if err := read(); err != nil {
			t.Errorf("%s, restored: %v", name, err)
		}
	}
}

// TestParts moves whole sealed parts: each is sound by itself.
func TestParts(t *testing.T) {
	key := newKey(t)
	d := newDir(t, key)
	s := large(t, 1, 90_000)
	ref, other := writeSegment(t, d, s), writeSegment(t, d, s)
	a, b := readFile(t, d.path(ref.name())), readFile(t, d.path(other.name()))
	step := partLen + int(ref.overhead(t, d))
	part := func(f []byte, i int) []byte { return f[headerLen+i*step : headerLen+(i+1)*step] }
	forge := func(head []byte, parts ...[]byte) []byte {
		out := bytes.Clone(head[:headerLen])
		for _, p := range parts {
			out = append(out, p...)
		}
		return append(out, a[len(out):]...)
	}
	for name, forged := range map[string][]byte{
		"two parts swapped":         forge(a, part(a, 1), part(a, 0)),
		"a part twice":              forge(a, part(a, 0), part(a, 0)),
		"a part of another file":    forge(a, part(a, 0), part(b, 1)),
		"header of another file":    forge(b),
		"another file":              b,
		"the last part cut off":     a[:headerLen+3*step],
		"the first part cut out":    append(bytes.Clone(a[:headerLen]), a[headerLen+step:]...),
		"header shortened to match": shortened(a, step),
	} {
		writeFile(t, d.path(ref.name()), forged)
		if _, err := d.ReadSegment(testTag, ref, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (r Ref) overhead(t testing.TB, d *Dir) uint32 {
	t.Helper()
	f, err := parseHeader(readFile(t, d.path(r.name())), kindSegment)
	if err != nil {
		t.Fatal(err)
	}
	return f.overhead
}

// shortened cuts a file after its first part and makes the header agree.
func shortened(a []byte, step int) []byte {
	b := bytes.Clone(a[:headerLen+step])
	copy(b[len(magic)+8:], []byte{0, 0, 0x10, 0, 0, 0, 0, 0}) // partLen
	return b
}

// TestForeign: what belongs to another key, tag, gallery or release.
func TestForeign(t *testing.T) {
	d := newDir(t, newKey(t))
	ref := writeSegment(t, d, tiny(t))
	writeManifest(t, d, manifestOf(ref))
	other := NewDir(d.folder, newKey(t))
	if _, err := other.ReadManifest(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("manifest under another key: %v", err)
	}
	if _, err := other.ReadSegment(testTag, ref, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("segment under another key: %v", err)
	}
	for i, change := range []func(*Tag){
		func(x *Tag) { x.Model += "x" }, func(x *Tag) { x.Calibration = "" },
		func(x *Tag) { x.Projection[31]++ }, func(x *Tag) { x.Dim = 8 },
		func(x *Tag) { x.Model, x.Calibration = x.Model+x.Calibration, "" },
	} {
		tag := testTag
		change(&tag)
		if _, err := d.ReadSegment(tag, ref, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("tag %d: %v", i, err)
		}
	}
	for i, change := range []func(*Ref){
		func(r *Ref) { r.Size++ }, func(r *Ref) { r.Digest[0]++ },
	} {
		r := ref
		change(&r)
		if _, err := d.ReadSegment(testTag, r, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("reference %d: %v", i, err)
		}
	}
	if _, err := d.ReadSegment(testTag, Ref{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	b := readFile(t, d.path(manifestName))
	b[len(magic)]++
	writeFile(t, d.path(manifestName), b)
	if _, err := d.ReadManifest(); !errors.Is(err, ErrVersion) {
		t.Errorf("newer format: %v", err)
	}
}

func TestUnfitSegments(t *testing.T) {
	d := newDir(t, newKey(t))
	for name, change := range map[string]func(*Segment){
		"stride":  func(s *Segment) { s.Stride = 0 },
		"vectors": func(s *Segment) { s.Vectors = s.Vectors[1:] },
		"deaths":  func(s *Segment) { s.Died = nil },
		"numbers": func(s *Segment) { s.Who = append(s.Who, 1) },
		"no name": func(s *Segment) { s.Name[1] = uint32(len(s.Names)) },
	} {
		s := tiny(t)
		change(s)
		if _, err := d.WriteSegment(t.Context(), testTag, s); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if list, err := os.ReadDir(d.folder); err == nil && len(list) > 0 {
		t.Errorf("%d files are left", len(list))
	}
}

func TestNothingInClear(t *testing.T) {
	d := newDir(t, newKey(t))
	s := large(t, 4, 20_000)
	writeManifest(t, d, manifestOf(writeSegment(t, d, s)))
	p := &plainSealer{}
	open := newDir(t, p)
	writeSegment(t, open, s)
	needles := map[string][]byte{
		"a template": p.plain[headLen+8 : headLen+8+16], "an entry's id": s.Names[s.Name[777]+1:][:20],
		"a skipped entry": []byte("SEN-X"), "the model": []byte(testTag.Model), "a face": []byte("face-1"),
	}
	for name, n := range needles {
		if name != "a skipped entry" && name != "the model" && !bytes.Contains(p.plain, n) {
			t.Fatalf("the test looks for %s in vain", name)
		}
	}
	grep(t, d.folder, needles)
}

func TestSweepAndDrop(t *testing.T) {
	d := newDir(t, newKey(t))
	if err := errors.Join(d.Sweep(nil), d.Drop()); err != nil {
		t.Errorf("without a folder: %v", err)
	}
	keep, gone := writeSegment(t, d, tiny(t)), writeSegment(t, d, tiny(t))
	writeManifest(t, d, manifestOf(keep))
	writeFile(t, d.path("x.segment.tmp"), nil)
	writeFile(t, d.path("notes.txt"), nil)
	if err := d.Sweep([]Ref{keep}); err != nil {
		t.Fatal(err)
	}
	var names []string
	list, err := os.ReadDir(d.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	if want := []string{keep.name(), manifestName, "notes.txt"}; !cmp.Equal(names, want) {
		t.Errorf("left: %v, want %v (%s was to go)", names, want, gone.name())
	}
	if err := d.Drop(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReadManifest(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Drop: %v", err)
	}
}

// TestWriteStops: a write ends with its context, also while it rests, and leaves
// nothing.
func TestWriteStops(t *testing.T) {
	d := newDir(t, newKey(t))
	d.Pace(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := d.WriteSegment(ctx, testTag, large(t, 1, 60_000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
	list, err := os.ReadDir(d.folder)
	if err != nil || len(list) > 0 {
		t.Errorf("%d files are left, %v", len(list), err)
	}
}

// TestReorder: the way for machines of another byte order gives the same values,
// and undoes itself.
func TestReorder(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x80, 0xbf, 9, 10, 11, 12}
	f, fr := make([]float32, 4), make([]float32, 4)
	u, ur := make([]uint32, 4), make([]uint32, 4)
	w, wr := make([]uint64, 2), make([]uint64, 2)
	decode(f, b)
	reorder(fr, b)
	decode(u, b)
	reorder(ur, b)
	decode(w, b)
	reorder(wr, b)
	if !cmp.Equal(f, fr) || !cmp.Equal(u, ur) || !cmp.Equal(w, wr) || f[2] != -1 || u[0] != 0x04030201 || w[0] != 0x0807060504030201 {
		t.Errorf("%v %v, %x %x, %x %x", f, fr, u, ur, w, wr)
	}
	if !bytes.Equal(raw(wr), b) && nativeOrder() {
		t.Errorf("raw: %x", raw(wr))
	}
}
