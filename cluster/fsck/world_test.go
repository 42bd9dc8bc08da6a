package fsck_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/cluster"
	"vigie/cluster/fsck"
	"vigie/cluster/seal"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// planted are words of an entry; no report may show them.
const planted = "Zorglubert Quidamovic"

// makeNode makes the folder of a stopped node of one: 60 entries, a photo, a
// snapshot with log behind it, and an audit log of several events.
func makeNode(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	ctx := t.Context()
	origin := watchlist.Origin{Country: "SEN", Authority: "DPAF"}
	if _, err := cluster.Init(ctx, cluster.InitConfig{DataDir: dir, Origin: origin, Name: "n0"}); err != nil {
		t.Fatal(err)
	}
	n, err := cluster.Open(ctx, cluster.Config{DataDir: dir, ClusterListen: "127.0.0.1:0", SnapshotThreshold: 20, SnapshotInterval: 20 * time.Millisecond, TrailingLogs: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := n.Blobs().Put(ctx, bytes.Repeat([]byte{7}, 3000))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, n, photo, 0, 40)
	wait(t, "a snapshot", func() bool {
		list, _ := filepath.Glob(filepath.Join(dir, "raft", "snapshots", "*", "state.bin"))
		return len(list) > 0
	})
	if err := n.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	// What follows is in no snapshot.
	if n, err = cluster.Open(ctx, cluster.Config{DataDir: dir, ClusterListen: "127.0.0.1:0"}, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, n, photo, 40, 60)
	if err := n.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fill writes entries, each with an audit event.
func fill(t *testing.T, n *cluster.Node, photo watchlist.BlobID, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		e := entry(i)
		e.Faces[0].Photo = photo
		res, err := n.Propose(t.Context(), command.New("tester", command.EntryPut{Op: command.OpCreate, Entry: e}))
		if err != nil || res.Code != command.OK {
			t.Fatalf("%+v %v", res, err)
		}
		if _, err := n.Audit().Append(t.Context(), watchlist.AuditEvent{Kind: watchlist.AuditWrite}); err != nil {
			t.Fatal(err)
		}
	}
}

// wait polls until done, at most 10 s.
func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("no " + what)
		}
	}
}

func entry(i int) watchlist.Entry {
	v := make([]float32, 128)
	for k := range v {
		v[k] = float32(i+1) + float32(k)/128
	}
	return watchlist.Entry{
		ID:     watchlist.NewEntryID("SEN", fmt.Sprintf("0192f0c1-0000-7000-8000-%012x", i)),
		Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive,
		Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: fmt.Sprintf("%s %d", planted, i)}},
		Faces:      []watchlist.Face{{ID: "f1", Template: watchlist.EncodeTemplate(v), Model: "m1"}},
		LegalBasis: "law", Offence: "offence", CaseReference: fmt.Sprintf("REF-%d", i),
		Issued: 1, ReviewBy: 2, ExpiresAt: 4_000_000_000_000, Specimen: true,
	}
}

// copyOf copies a folder, so that each case damages its own.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	// CopyFS gives 0666 and the umask.
	err := filepath.WalkDir(out, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return os.Chmod(p, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// check runs fsck and holds it to what always goes: nothing written, nothing shown.
func check(t *testing.T, dir string) *fsck.Report {
	t.Helper()
	before := fingerprint(t, dir)
	rep, err := fsck.Run(t.Context(), fsck.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if after := fingerprint(t, dir); after != before {
		t.Errorf("fsck changed the folder:\n%s\n%s", before, after)
	}
	if text := fmt.Sprintf("%+v", rep); strings.Contains(text, "Zorglubert") || strings.Contains(text, "REF-") {
		t.Errorf("the report shows content: %s", text)
	}
	return rep
}

// fingerprint lists files with size, mode and time of change.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %d %v %v\n", p, st.Size(), st.Mode(), st.ModTime().UnixNano())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// one gives the only or last file of a pattern below dir.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(list) == 0 {
		t.Fatalf("no %s", pattern)
	}
	return list[len(list)-1]
}

// flip changes a bit of the byte at off, from the end when negative.
func flip(t *testing.T, path string, off int) {
	t.Helper()
	b := read(t, path)
	if off < 0 {
		off += len(b)
	}
	b[off] ^= 0x10
	write(t, path, b)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func key(t *testing.T, dir, name string) *seal.Key {
	t.Helper()
	k, err := seal.Load(filepath.Join(dir, "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
