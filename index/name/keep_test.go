package name

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/cluster/seal"
	"vigie/index/face/file"
	"vigie/index/indextest"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// keeping is a folder with a key.
type keeping struct {
	dir string
	key *seal.Key
	log bytes.Buffer
}

func newKeeping(t testing.TB) *keeping {
	t.Helper()
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return &keeping{dir: filepath.Join(t.TempDir(), "names"), key: key}
}

func (k *keeping) open(t testing.TB) *Keeper {
	t.Helper()
	x, err := New()
	if err != nil {
		t.Fatal(err)
	}
	k.log.Reset()
	return Keep(x, file.NewDir(k.dir, k.key), KeepOptions{Every: time.Hour, Logger: slog.New(slog.NewTextHandler(&k.log, nil))})
}

func closeKeeper(t testing.TB, k *Keeper) {
	t.Helper()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}

// keepEntries writes a file of some entries, as of raft index 7, and gives the scan
// of them.
func keepEntries(t testing.TB, f *keeping, registry string) ([]*watchlist.Entry, plainList) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	entries, l := plainEntries(r, 0, 500), plainList{}
	entries = append(entries, entryOf(9000, "محمد ولد الشيخ"), entryOf(9001, "Müller 张伟"), entryOf(9002, "123"))
	k := f.open(t)
	k.Recall(registry)
	if k.Applied() != 0 {
		t.Fatalf("an empty folder gives index %d", k.Applied())
	}
	for _, e := range entries {
		l.put(e)
	}
	if err := k.Rebuild(each(entries), 6); err != nil {
		t.Fatal(err)
	}
	entries[0] = entryOf(0, "Zénabou Kpatcha")
	l.put(entries[0])
	if err := k.Apply([]watchlist.Change{{ID: entries[0].ID, Entry: entries[0]}}, 7); err != nil {
		t.Fatal(err)
	}
	closeKeeper(t, k)
	if s := k.KeptStats(); s.Failures > 0 || s.Applied != 7 || s.Saves == 0 || s.Bytes == 0 {
		t.Fatalf("stats %+v", s)
	}
	return entries, l
}

// TestKept starts from a file, catches up, writes it, and starts again: the answers
// are those of a scan each time.
func TestKept(t *testing.T) {
	f := newKeeping(t)
	entries, l := keepEntries(t, f, "registry")
	r := rand.New(rand.NewPCG(4, 5))
	for round := range uint64(3) {
		k := f.open(t)
		k.Recall("registry")
		if k.Applied() != 7+round || !strings.Contains(f.log.String(), "loaded from its file") {
			t.Fatalf("round %d: index %d\n%s", round, k.Applied(), f.log.String())
		}
		for range 20 {
			checkPlain(t, k.Index, l, plainQuery(r, entries))
		}
		i := r.IntN(len(entries))
		entries[i] = plainEntries(r, i, 1)[0]
		l.put(entries[i])
		if err := k.CatchUp([]watchlist.Change{{ID: entries[i].ID, Entry: entries[i]}}, 8+round); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			checkPlain(t, k.Index, l, plainQuery(r, entries))
		}
		closeKeeper(t, k)
	}
}

// TestKeptUnderAnotherTable: a file serves under a table of families that did not
// exist when it was written, since it holds no keys.
func TestKeptUnderAnotherTable(t *testing.T) {
	f := newKeeping(t)
	keepEntries(t, f, "registry")
	table := names.InForce([]watchlist.FamilyChange{{
		Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Status: watchlist.FamilyAccepted, Version: 1,
		Spellings: []string{"Kpatcha", "Zbrowq"}, Source: "test",
	}})
	k := f.open(t)
	defer closeKeeper(t, k)
	k.SetTable(table)
	k.Recall("registry")
	if k.Applied() != 7 {
		t.Fatal(f.log.String())
	}
	if m := search(t, k.Index, 5, "Zénabou Zbrowq"); len(m) == 0 || m[0].Entry != entryOf(0).ID || m[0].Score < 0.95 {
		t.Errorf("matches %+v", m)
	}
}

// TestUnfitFiles: what does not belong here is not read, is removed, and the log
// says so; nothing of a name is in it or in the file.
func TestUnfitFiles(t *testing.T) {
	damage := func(change func(b []byte) []byte) func(t *testing.T, f *keeping) {
		return func(t *testing.T, f *keeping) {
			path := filepath.Join(f.dir, fileName)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, spoil := range map[string]func(t *testing.T, f *keeping){
		"another key": func(_ *testing.T, f *keeping) {
			f.key, _ = seal.NewKey()
		},
		"a bit":     damage(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"cut":       damage(func(b []byte) []byte { return b[:len(b)-1] }),
		"empty":     damage(func([]byte) []byte { return nil }),
		"more":      damage(func(b []byte) []byte { return append(b, 0) }),
		"format":    damage(func(b []byte) []byte { b[8]++; return b }),
		"elsewhere": nil,
	} {
		t.Run(name, func(t *testing.T) {
			f, registry := newKeeping(t), "registry"
			keepEntries(t, f, registry)
			b, err := os.ReadFile(filepath.Join(f.dir, fileName))
			if err != nil || bytes.Contains(bytes.ToLower(b), []byte("kpatcha")) || bytes.Contains(b, []byte("UTO-")) {
				t.Fatalf("the file names names, or %v", err)
			}
			if spoil == nil {
				registry = "another"
			} else {
				spoil(t, f)
			}
			k := f.open(t)
			defer closeKeeper(t, k)
			k.Recall(registry)
			if k.Applied() != 0 || k.Size() != 0 || !strings.Contains(f.log.String(), "does not fit") {
				t.Errorf("index %d, %d names\n%s", k.Applied(), k.Size(), f.log.String())
			}
			if _, err := os.Stat(filepath.Join(f.dir, fileName)); !os.IsNotExist(err) {
				t.Errorf("the file is still there: %v", err)
			}
		})
	}
}

// TestAnotherRegistryGivesTheFileUp: when another registry takes the place of the
// one that the index is of, the file goes before anything else.
func TestAnotherRegistryGivesTheFileUp(t *testing.T) {
	f := newKeeping(t)
	entries, l := keepEntries(t, f, "registry")
	k := f.open(t)
	k.Recall("registry")
	k.Recall("other")
	if _, err := os.Stat(filepath.Join(f.dir, fileName)); !os.IsNotExist(err) {
		t.Fatalf("the file is still there: %v", err)
	}
	if err := k.Save(t.Context()); err != nil || k.KeptStats().Saves > 0 {
		t.Fatalf("saved before the registry was read: %v", err)
	}
	if err := k.Rebuild(each(entries), 3); err != nil {
		t.Fatal(err)
	}
	closeKeeper(t, k)
	k = f.open(t)
	defer closeKeeper(t, k)
	k.Recall("other")
	if k.Applied() != 3 {
		t.Fatal(f.log.String())
	}
	checkPlain(t, k.Index, l, watchlist.NameQuery{Names: []watchlist.Name{{Full: "Mamadou Ndiaye"}}, K: 50})
}

// told passes on what is logged.
type told chan string

func (c told) Write(b []byte) (int, error) {
	c <- string(b)
	return len(b), nil
}

// TestSavesInTheBackground: changes are written without Close.
func TestSavesInTheBackground(t *testing.T) {
	f := newKeeping(t)
	x, err := New()
	if err != nil {
		t.Fatal(err)
	}
	log := make(told, 100)
	k := Keep(x, file.NewDir(f.dir, f.key), KeepOptions{Every: time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	k.Recall("registry")
	if err := k.Rebuild(each(plainEntries(rand.New(rand.NewPCG(1, 1)), 0, 50)), 5); err != nil {
		t.Fatal(err)
	}
	for patience := time.After(20 * time.Second); ; {
		select {
		case line := <-log:
			if strings.Contains(line, "written to its file") {
				if s := k.KeptStats(); s.Applied != 5 {
					t.Errorf("stats %+v", s)
				}
				closeKeeper(t, k)
				return
			}
		case <-patience:
			t.Fatalf("nothing is written: %+v", k.KeptStats())
		}
	}
}

// TestFullDisk: a folder that can't be written costs a failure that is counted, and
// searches go on.
func TestFullDisk(t *testing.T) {
	f := newKeeping(t)
	if err := os.WriteFile(f.dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	k := f.open(t)
	k.Recall("registry")
	if err := k.Rebuild(each([]*watchlist.Entry{entryOf(1, "Zénabou Kpatcha")}), 5); err != nil {
		t.Fatal(err)
	}
	// The background tries once as well, before or after.
	if err := k.Save(t.Context()); err == nil || k.KeptStats().Failures-1 > 1 {
		t.Errorf("%v, %+v", err, k.KeptStats())
	}
	if len(search(t, k.Index, 1, "Kpatcha Zénabou")) != 1 {
		t.Error("the search no longer answers")
	}
	closeKeeper(t, k)
	if strings.Contains(strings.ToLower(f.log.String()), "kpatcha") {
		t.Error("a name is in the log")
	}
}

// TestKeeperConformance holds a Keeper to the contract of an index.
func TestKeeperConformance(t *testing.T) {
	indextest.Run(t, func(t testing.TB) *Keeper {
		k := newKeeping(t).open(t)
		t.Cleanup(func() { closeKeeper(t, k) })
		k.Recall("registry")
		return k
	}, findNames[*Keeper])
}

// FuzzDecodeDraft: any bytes give a draft that encodes to themselves, or an error.
func FuzzDecodeDraft(f *testing.F) {
	x := newIndex(f)
	if err := x.Rebuild(each(plainEntries(rand.New(rand.NewPCG(1, 2)), 0, 6)), 1); err != nil {
		f.Fatal(err)
	}
	whole := draftOf(x.state.Load()).encode(9)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(binary.AppendUvarint(nil, 1<<63))
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, applied, err := decodeDraft(b)
		if err != nil {
			return
		}
		again, n, err := decodeDraft(d.encode(applied))
		if diff := gocmp.Diff(d, again, gocmp.AllowUnexported(draft{})); err != nil || n != applied || diff != "" {
			t.Fatalf("%v, index %d and %d:\n%s", err, applied, n, diff)
		}
	})
}
