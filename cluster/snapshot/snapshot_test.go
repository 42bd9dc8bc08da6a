package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"
	"testing/iotest"

	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/cluster/snapshot"

	"github.com/google/go-cmp/cmp"
)

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func record(i, size int) registry.Record {
	v := bytes.Repeat([]byte{byte(i), byte(i >> 8), 7}, size/3+1)
	bucket := registry.BucketEntries
	if i%3 == 0 {
		bucket = "users"
	}
	return registry.Record{Bucket: bucket, Key: fmt.Appendf(nil, "key %d", i), Value: v[:size]}
}

// stateOf adds records up.
func stateOf(records []registry.Record) registry.State {
	st := registry.State{Index: 77, Term: 3}
	for _, r := range records {
		st.Hash.Add(r)
		st.Records++
		if r.Bucket == registry.BucketEntries {
			st.Entries++
		}
	}
	return st
}

func write(t testing.TB, s snapshot.Sealer, records []registry.Record) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, s, stateOf(records))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func readAll(r io.Reader, s snapshot.Sealer) ([]registry.Record, registry.State, error) {
	sr, err := snapshot.NewReader(r, s)
	if err != nil {
		return nil, registry.State{}, err
	}
	var out []registry.Record
	for {
		rec, err := sr.Next()
		if errors.Is(err, io.EOF) {
			return out, sr.State(), nil
		}
		if err != nil {
			if _, again := sr.Next(); again == nil || errors.Is(again, io.EOF) {
				return nil, registry.State{}, errors.New("the error was forgotten")
			}
			return nil, registry.State{}, err
		}
		out = append(out, rec)
	}
}

func many(n, size int) []registry.Record {
	var out []registry.Record
	for i := range n {
		out = append(out, record(i, size))
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	k := newKey(t)
	for name, records := range map[string][]registry.Record{
		"empty": nil, "one": many(1, 10), "frames": many(700, 1500), "large": many(2, 1<<20), "no value": {{Bucket: "users", Key: []byte("k"), Value: []byte{}}},
	} {
		data := write(t, k, records)
		got, st, err := readAll(iotest.HalfReader(bytes.NewReader(data)), k)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(records, got) {
			t.Errorf("%s: records changed", name)
		}
		if d := cmp.Diff(stateOf(records), st); d != "" {
			t.Errorf("%s: state (-want +got): %s", name, d)
		}
	}
}

// TestEveryFlipAndCutIsRefused flips every bit of a small snapshot, cuts it at
// every byte, and adds to it.
func TestEveryFlipAndCutIsRefused(t *testing.T) {
	k := newKey(t)
	data := write(t, k, many(5, 40))
	for i := range data {
		for bit := range 8 {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			if _, _, err := readAll(bytes.NewReader(bad), k); !errors.Is(err, snapshot.ErrCorrupt) && !errors.Is(err, snapshot.ErrVersion) {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
		}
		if _, _, err := readAll(bytes.NewReader(data[:i]), k); !errors.Is(err, snapshot.ErrCorrupt) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
	if _, _, err := readAll(bytes.NewReader(append(bytes.Clone(data), 0)), k); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("one byte more: %v", err)
	}
	if _, _, err := readAll(bytes.NewReader(data), newKey(t)); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("another cluster's key: %v", err)
	}
}

// parts splits a snapshot into its header and its parts.
func parts(data []byte) (header []byte, out [][]byte) {
	header, data = data[:74], data[74:]
	for len(data) > 0 {
		n := 4 + int(data[0])<<24 + int(data[1])<<16 + int(data[2])<<8 + int(data[3])
		out, data = append(out, data[:n]), data[n:]
	}
	return header, out
}

func TestMovedPartsAreRefused(t *testing.T) {
	k := newKey(t)
	data := write(t, k, many(700, 1500))
	other := write(t, k, many(701, 1500))
	head, p := parts(data)
	_, q := parts(other)
	if len(p) < 5 {
		t.Fatalf("only %d parts", len(p))
	}
	join := func(ps ...[]byte) []byte { return append(bytes.Clone(head), bytes.Join(ps, nil)...) }
	last := p[len(p)-1]
	for name, bad := range map[string][]byte{
		"swapped":            join(append([][]byte{p[0], p[2], p[1]}, p[3:]...)...),
		"left out":           join(append([][]byte{p[0]}, p[2:]...)...),
		"doubled":            join(append([][]byte{p[0], p[1], p[1]}, p[2:]...)...),
		"of another":         join(append([][]byte{p[0], q[1]}, p[2:]...)...),
		"trailer first":      join(p[0], last),
		"no header seal":     join(p[1:]...),
		"other with my head": join(q...),
	} {
		if _, _, err := readAll(bytes.NewReader(bad), k); !errors.Is(err, snapshot.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWriterRefusesAWrongState: a registry that does not add up is not copied.
func TestWriterRefusesAWrongState(t *testing.T) {
	records := many(3, 10)
	st := stateOf(records)
	st.Hash[0]++
	w, err := snapshot.NewWriter(io.Discard, newKey(t), st)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("wrong state hash: %v", err)
	}
	if err := w.Add(record(1, 5<<20)); err == nil {
		t.Error("a record past the limit was taken")
	}
}

func TestIOErrorsAreTold(t *testing.T) {
	k := newKey(t)
	data := write(t, k, many(3, 10))
	boom := errors.New("boom")
	for i := range data {
		_, _, err := readAll(io.MultiReader(bytes.NewReader(data[:i]), iotest.ErrReader(boom)), k)
		if !errors.Is(err, boom) || errors.Is(err, snapshot.ErrCorrupt) {
			t.Fatalf("read error at byte %d: %v", i, err)
		}
	}
}

// bare seals nothing, so that the fuzzer reaches what is inside.
type bare struct{}

func (bare) Seal(plain, _ []byte) ([]byte, error)  { return bytes.Clone(plain), nil }
func (bare) Open(sealed, _ []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

// FuzzReader reads changed snapshots without the protection of the seal: what
// it accepts must add up, and nothing may panic.
func FuzzReader(f *testing.F) {
	f.Add(write(f, bare{}, many(3, 20)))
	f.Add(write(f, bare{}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, st, err := readAll(bytes.NewReader(b), bare{})
		if err != nil {
			return
		}
		want := stateOf(records)
		want.Index, want.Term = st.Index, st.Term
		if d := cmp.Diff(want, st); d != "" {
			t.Fatalf("accepted, but does not add up: %s", d)
		}
	})
}
