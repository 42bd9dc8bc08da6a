package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/cluster/seal"
	"vigie/watchlist"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plainSealer leaves bytes readable, so that tests can also forge sound seals.
type plainSealer struct{}

func (plainSealer) Seal(p, ad []byte) ([]byte, error) { return append(slices.Clone(ad), p...), nil }
func (plainSealer) Open(s, ad []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(s), string(ad))
	if !ok {
		return nil, errors.New("seal")
	}
	return []byte(rest), nil
}

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, dir string, s Sealer, segment int64) *Log {
	t.Helper()
	l, err := Open(dir, Options{Sealer: s, Node: "n1", Logger: slog.New(slog.DiscardHandler), SegmentSize: segment})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func event(i int) watchlist.AuditEvent {
	return watchlist.AuditEvent{
		Kind: watchlist.AuditSearch, Operation: fmt.Sprintf("op-%d", i), Principal: "u1", Role: watchlist.RoleOfficer,
		Outcome: "ok", Entries: []watchlist.EntryID{"SEN-1"},
	}
}

// fill writes n events and closes the log.
func fill(t testing.TB, dir string, s Sealer, segment int64, n int) {
	t.Helper()
	l := open(t, dir, s, segment)
	for i := 1; i <= n; i++ {
		seq, err := l.Append(context.Background(), event(i))
		if err != nil {
			t.Fatal(err)
		}
		if seq == 0 {
			t.Fatal("no number given")
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAppendReadVerify(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	fill(t, dir, key, 2000, 25)
	fill(t, dir, key, 2000, 25) // a second process
	l := open(t, dir, key, 2000)
	if l.Count() != 50 {
		t.Fatalf("count = %d, want 50", l.Count())
	}
	for _, c := range []struct {
		from  uint64
		limit int
		want  int
	}{{0, 100, 50}, {1, 7, 7}, {13, 30, 30}, {50, 5, 1}, {51, 5, 0}} {
		got, err := l.Read(c.from, c.limit)
		if err != nil || len(got) != c.want {
			t.Errorf("Read(%d, %d): %d events, %v; want %d", c.from, c.limit, len(got), err, c.want)
			continue
		}
		for i, ev := range got {
			if want := max(c.from, 1) + uint64(i); ev.Seq != want || ev.Time == 0 {
				t.Errorf("Read(%d): event %d has number %d, time %d", c.from, i, ev.Seq, ev.Time)
			}
		}
	}
	rep, err := Verify(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Events != 50 || rep.Segments < 3 || rep.HeadCount != 50 || rep.TornBytes != 0 {
		t.Errorf("report = %+v", rep)
	}
	if _, err := Verify(dir, newKey(t)); err == nil {
		t.Error("another key verifies the log")
	}
}

func TestGroupCommitKeepsOrder(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	l := open(t, dir, key, 4000)
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			seq, err := l.Append(context.Background(), event(i))
			if err != nil {
				t.Error(err)
			}
			if l.Count() < seq {
				t.Errorf("event %d acknowledged before it is durable", seq)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[seq] {
				t.Errorf("number %d given twice", seq)
			}
			seen[seq] = true
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(dir, key); err != nil || rep.Events != 200 {
		t.Errorf("report %+v, %v", rep, err)
	}
	if _, err := l.Append(context.Background(), event(0)); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
}

// TestEveryFlippedByteIsFound changes each byte of each segment in turn.
func TestEveryFlippedByteIsFound(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	fill(t, dir, key, 700, 6)
	firsts, err := segments(dir)
	if err != nil || len(firsts) < 2 {
		t.Fatalf("segments %v, %v; want several", firsts, err)
	}
	for _, first := range firsts {
		path := segmentPath(dir, first)
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sound {
			bad := slices.Clone(sound)
			bad[i] ^= 1
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(dir, key); err == nil {
				t.Errorf("%s: a change of byte %d is not found", segmentName(first), i)
			}
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Verify(dir, key); err != nil {
		t.Fatalf("the restored log does not verify: %v", err)
	}
}

// records splits a segment into its magic with header, and its events.
func records(t *testing.T, path string) (head []byte, recs [][]byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := func(at int) int { return at + frameLen + int(binary.LittleEndian.Uint32(b[at:])) }
	at := next(len(magic))
	head = b[:at]
	for at < len(b) {
		recs = append(recs, b[at:next(at)])
		at = next(at)
	}
	return head, recs
}

func TestTampering(t *testing.T) {
	cases := map[string]func(t *testing.T, dir string, firsts []uint64){
		"dropped event":    rewrite(func(r [][]byte) [][]byte { return slices.Delete(r, 1, 2) }),
		"reordered events": rewrite(func(r [][]byte) [][]byte { r[0], r[1] = r[1], r[0]; return r }),
		"repeated event":   rewrite(func(r [][]byte) [][]byte { return slices.Insert(r, 1, r[1]) }),
		"middle segment gone": func(t *testing.T, dir string, firsts []uint64) {
			remove(t, segmentPath(dir, firsts[1]))
		},
		"first segment gone": func(t *testing.T, dir string, firsts []uint64) {
			remove(t, segmentPath(dir, firsts[0]))
		},
		"last segment gone": func(t *testing.T, dir string, firsts []uint64) {
			remove(t, segmentPath(dir, firsts[len(firsts)-1]))
		},
		"end cut off": func(t *testing.T, dir string, firsts []uint64) {
			path := segmentPath(dir, firsts[len(firsts)-1])
			head, recs := records(t, path)
			write(t, path, head, recs[:len(recs)-1])
		},
		"end replaced": func(t *testing.T, dir string, firsts []uint64) {
			path := segmentPath(dir, firsts[len(firsts)-1])
			head, recs := records(t, path)
			recs[len(recs)-1] = slices.Clone(recs[len(recs)-1])
			recs[len(recs)-1][frameLen+40] ^= 1
			write(t, path, head, recs)
		},
		"all segments gone": func(t *testing.T, dir string, firsts []uint64) {
			for _, f := range firsts {
				remove(t, segmentPath(dir, f))
			}
		},
		"head gone": func(t *testing.T, dir string, _ []uint64) { remove(t, filepath.Join(dir, headName)) },
	}
	for name, tamper := range cases {
		t.Run(name, func(t *testing.T) {
			dir, key := t.TempDir(), newKey(t)
			fill(t, dir, key, 1000, 20)
			firsts, err := segments(dir)
			if err != nil || len(firsts) < 3 {
				t.Fatalf("segments %v, %v; want three", firsts, err)
			}
			tamper(t, dir, firsts)
			_, err = Verify(dir, key)
			var ce *CorruptError
			if !errors.As(err, &ce) {
				t.Fatalf("Verify: %v, want a CorruptError", err)
			}
		})
	}
}

// TestForgedSealsDoNotHelp gives the forger the key: the chain still shows a
// changed event in the middle.
func TestForgedSealsDoNotHelp(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, plainSealer{}, 0, 5)
	path := segmentPath(dir, 1)
	head, recs := records(t, path)
	sealed := []byte(strings.Replace(string(recs[2][frameLen:]), "op-3", "op-9", 1))
	recs[2] = frame(nil, sealed)
	write(t, path, head, recs)
	if _, err := Verify(dir, plainSealer{}); err == nil || !strings.Contains(err.Error(), "chain") {
		t.Errorf("Verify: %v, want a broken chain", err)
	}
}

func rewrite(f func([][]byte) [][]byte) func(*testing.T, string, []uint64) {
	return func(t *testing.T, dir string, firsts []uint64) {
		path := segmentPath(dir, firsts[1])
		head, recs := records(t, path)
		write(t, path, head, f(recs))
	}
}

func write(t *testing.T, path string, head []byte, recs [][]byte) {
	t.Helper()
	if err := os.WriteFile(path, slices.Concat(head, slices.Concat(recs...)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestTornEndIsCutOff(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	fill(t, dir, key, 0, 3)
	path := segmentPath(dir, 1)
	_, recs := records(t, path)
	whole := recs[2]
	for _, torn := range [][]byte{whole[:3], whole[:frameLen], whole[:len(whole)-1], append(slices.Clone(whole[:len(whole)-5]), make([]byte, 5)...)} {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(torn)
		f.Close()
		if rep, err := Verify(dir, key); err != nil || rep.TornBytes != int64(len(torn)) {
			t.Errorf("Verify: %+v, %v; want %d torn bytes", rep, err, len(torn))
		}
		l := open(t, dir, key, 0)
		if l.Cut() != int64(len(torn)) {
			t.Errorf("cut %d bytes, want %d", l.Cut(), len(torn))
		}
		seq, err := l.Append(context.Background(), event(9))
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if rep, err := Verify(dir, key); err != nil || rep.Events != seq || rep.TornBytes != 0 {
			t.Errorf("after recovery: %+v, %v", rep, err)
		}
	}
}

func TestAcknowledgedEventIsNeverCutOff(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	fill(t, dir, key, 0, 3)
	path := segmentPath(dir, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{Sealer: key, Logger: slog.New(slog.DiscardHandler)})
	var ce *CorruptError
	if !errors.As(err, &ce) {
		t.Errorf("Open: %v, want a CorruptError", err)
	}
}

func TestTornSegmentStart(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	fill(t, dir, key, 0, 3)
	if err := os.WriteFile(segmentPath(dir, 4), []byte(magic+"\x10\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, key, 0)
	if seq, err := l.Append(context.Background(), event(1)); err != nil || seq != 4 {
		t.Errorf("Append: %d, %v; want 4", seq, err)
	}
}

func TestTimeNeverFalls(t *testing.T) {
	now := time.UnixMilli(5000)
	l, err := Open(t.TempDir(), Options{Sealer: newKey(t), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Append(context.Background(), event(1))
	now = time.UnixMilli(1000)
	l.Append(context.Background(), event(2))
	evs, err := l.Read(1, 2)
	if err != nil || len(evs) != 2 || evs[1].Time != 5000 {
		t.Errorf("events %+v, %v; want the second at 5000", evs, err)
	}
}

func TestNoClearTextOnDisk(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, newKey(t), 0, 3)
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		b, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		if strings.Contains(string(b), "SEN-1") {
			t.Errorf("%s holds clear text", e.Name())
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := open(b, b.TempDir(), newKey(b), 0)
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Append(context.Background(), event(1)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
