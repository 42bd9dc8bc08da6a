package backup_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"vigie/cluster"
	"vigie/cluster/backup"
	"vigie/cluster/blob"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

var origin = watchlist.Origin{Country: "SEN", Authority: "DPAF"}

// makeNode makes the folder of a stopped node of one with 20 entries, a photo and some
// audit events.
func makeNode(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	_, err := cluster.Init(t.Context(), cluster.InitConfig{DataDir: dir, Origin: origin, Name: "n0"})
	must(t, err)
	n, err := cluster.Open(t.Context(), cluster.Config{DataDir: dir, ClusterListen: "127.0.0.1:0"}, nil)
	must(t, err)
	photo, err := n.Blobs().Put(t.Context(), bytes.Repeat([]byte{7}, 3000))
	must(t, err)
	for i := range 20 {
		v := make([]float32, 128)
		v[0], v[1] = 1, float32(i)
		res, err := n.Propose(t.Context(), command.New("t", command.EntryPut{Op: command.OpCreate, Entry: watchlist.Entry{
			ID:     watchlist.NewEntryID("SEN", fmt.Sprintf("0192f0c1-0000-7000-8000-%012x", i)),
			Origin: origin, Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive,
			Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "PLANTEDNAME"}},
			Faces:      []watchlist.Face{{ID: "f1", Template: watchlist.EncodeTemplate(v), Model: "m1", Photo: photo}},
			LegalBasis: "law", Offence: "offence", CaseReference: "case", Issued: 1, ReviewBy: 2, ExpiresAt: 4_000_000_000_000, Specimen: true,
		}}))
		if err != nil || res.Code != command.OK {
			t.Fatalf("%+v %v", res, err)
		}
		_, err = n.Audit().Append(t.Context(), watchlist.AuditEvent{Kind: watchlist.AuditWrite})
		must(t, err)
	}
	must(t, n.Shutdown(t.Context()))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	must(t, err)
	return k
}

func verify(b []byte, key age.Identity) (uint64, error) {
	a, err := backup.Open(bytes.NewReader(b), key)
	if err != nil {
		return 0, err
	}
	return backup.Verify(a)
}

// TestBackup: what was written verifies, for whom it is meant alone, and the folder
// is as it was.
func TestBackup(t *testing.T) {
	dir, key := makeNode(t), newKey(t)
	var b bytes.Buffer
	m, err := backup.Write(t.Context(), backup.Options{Dir: dir, Version: "test", Now: time.Unix(1_700_000_000, 0)}, &b, key.Recipient())
	must(t, err)
	if m.Entries != 20 || m.Blobs != 1 || m.AuditFiles != 2 || m.Origin != origin || m.StateHash == "" {
		t.Errorf("%+v", m)
	}
	if events, err := verify(b.Bytes(), key); err != nil || events != 20 {
		t.Errorf("%d events, %v", events, err)
	}
	var none *age.NoIdentityMatchError
	if _, err := verify(b.Bytes(), newKey(t)); !errors.As(err, &none) {
		t.Errorf("another key: %v", err)
	}
	for _, off := range []int{b.Len() / 3, b.Len() - 1} {
		bad := bytes.Clone(b.Bytes())
		bad[off] ^= 1
		if _, err := verify(bad, key); err == nil {
			t.Errorf("a bit at %d of %d was flipped unseen", off, b.Len())
		}
		if _, err := verify(b.Bytes()[:off], key); err == nil {
			t.Errorf("cut unseen at %d of %d", off, b.Len())
		}
	}
	n, err := cluster.Open(t.Context(), cluster.Config{DataDir: dir, ClusterListen: "127.0.0.1:0"}, nil)
	must(t, err)
	if _, err := backup.Write(t.Context(), backup.Options{Dir: dir}, io.Discard, key.Recipient()); !errors.Is(err, cluster.ErrInUse) {
		t.Errorf("a node that runs: %v", err)
	}
	must(t, n.Shutdown(t.Context()))
}

// TestNoBackupOfDamage: a folder that lacks something gives no backup.
func TestNoBackupOfDamage(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
	}{
		"a photo is gone": {func(t *testing.T, d string) { must(t, os.Remove(one(t, d, "blobs/??/*"))) }, watchlist.ErrNotFound},
		"a photo is cut":  {func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "blobs/??/*"), 9)) }, blob.ErrCorrupt},
		"a key is gone":   {func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "keys/cluster.key"))) }, os.ErrNotExist},
		"a foreign key": {func(t *testing.T, d string) {
			must(t, os.Rename(filepath.Join(d, "keys/cluster.key"), filepath.Join(d, "keys/node.key")))
			must(t, os.WriteFile(filepath.Join(d, "keys/cluster.key"), read(t, filepath.Join(d, "keys/node.key")), 0o600))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := makeNode(t)
			c.spoil(t, dir)
			_, err := backup.Write(t.Context(), backup.Options{Dir: dir}, io.Discard, newKey(t).Recipient())
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(list) == 0 {
		t.Fatalf("no %s", pattern)
	}
	return list[0]
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// TestForgedArchive: an archive made by somebody who can encrypt for the recipient is
// still held to what it says of itself.
func TestForgedArchive(t *testing.T) {
	dir, key := makeNode(t), newKey(t)
	var sound bytes.Buffer
	_, err := backup.Write(t.Context(), backup.Options{Dir: dir}, &sound, key.Recipient())
	must(t, err)
	manifest := func(edit func(*backup.Manifest)) func(string, []byte) ([]byte, bool) {
		return func(name string, b []byte) ([]byte, bool) {
			if name != "manifest.json" {
				return b, true
			}
			var m backup.Manifest
			must(t, json.Unmarshal(b, &m))
			edit(&m)
			b, err := json.Marshal(m)
			must(t, err)
			return b, true
		}
	}
	drop := func(prefix string) func(string, []byte) ([]byte, bool) {
		return func(name string, b []byte) ([]byte, bool) { return b, !strings.HasPrefix(name, prefix) }
	}
	change := func(prefix string) func(string, []byte) ([]byte, bool) {
		return func(name string, b []byte) ([]byte, bool) {
			if strings.HasPrefix(name, prefix) && len(b) > 0 {
				b = bytes.Clone(b)
				b[len(b)/2] ^= 1
			}
			return b, true
		}
	}
	for name, c := range map[string]struct {
		edit func(string, []byte) ([]byte, bool)
		want error
	}{
		"nothing changed":      {drop("none"), nil},
		"no manifest":          {drop("manifest"), backup.ErrDamaged},
		"no state":             {drop("state/"), errAny},
		"changed state":        {change("state/"), errAny},
		"no blob":              {drop("blob/"), backup.ErrDamaged},
		"no blob, and counted": {both(drop("blob/"), manifest(func(m *backup.Manifest) { m.Blobs = 0 })), backup.ErrDamaged},
		"changed blob":         {change("blob/"), backup.ErrDamaged},
		"changed audit":        {change("audit/00"), errAny},
		"no audit head":        {drop("audit/head"), backup.ErrDamaged},
		"other hash":           {manifest(func(m *backup.Manifest) { m.StateHash = strings.Repeat("0", 64) }), backup.ErrDamaged},
		"other index":          {manifest(func(m *backup.Manifest) { m.Index++ }), backup.ErrDamaged},
		"no key":               {manifest(func(m *backup.Manifest) { m.StateKey = nil }), backup.ErrDamaged},
		"a newer format":       {manifest(func(m *backup.Manifest) { m.Format++ }), backup.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verify(forge(t, sound.Bytes(), key, c.edit), key)
			switch {
			case c.want == nil && err != nil, c.want != nil && err == nil, c.want != nil && c.want != errAny && !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

var errAny = errors.New("any error")

func both(a, b func(string, []byte) ([]byte, bool)) func(string, []byte) ([]byte, bool) {
	return func(name string, x []byte) ([]byte, bool) {
		x, keep := a(name, x)
		if !keep {
			return nil, false
		}
		return b(name, x)
	}
}

// forge opens an archive and makes it anew with other files.
func forge(t *testing.T, b []byte, key *age.X25519Identity, edit func(string, []byte) ([]byte, bool)) []byte {
	t.Helper()
	plain, err := age.Decrypt(bytes.NewReader(b), key)
	must(t, err)
	var out bytes.Buffer
	sealed, err := age.Encrypt(&out, key.Recipient())
	must(t, err)
	r, w := tar.NewReader(plain), tar.NewWriter(sealed)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		content, keep := edit(h.Name, content)
		if !keep {
			continue
		}
		h.Size = int64(len(content))
		must(t, w.WriteHeader(h))
		_, err = w.Write(content)
		must(t, err)
	}
	must(t, errors.Join(w.Close(), sealed.Close()))
	return out.Bytes()
}

// TestRestoreLeavesTheOldCluster: members, tokens and sessions stay behind, the rest
// is there under a new setup, and the node can serve.
func TestRestoreLeavesTheOldCluster(t *testing.T) {
	dir, key := makeNode(t), newKey(t)
	var b bytes.Buffer
	m, err := backup.Write(t.Context(), backup.Options{Dir: dir}, &b, key.Recipient())
	must(t, err)
	a, err := backup.Open(&b, key)
	must(t, err)
	to := filepath.Join(t.TempDir(), "new")
	res, err := cluster.Restore(t.Context(), cluster.RestoreConfig{
		Init: cluster.InitConfig{DataDir: to, Origin: m.Origin, Name: "phoenix"}, From: m.Cluster, FromNode: m.Node, Reason: "test", Taken: m.Taken,
	}, a)
	must(t, err)
	n, err := cluster.Open(t.Context(), cluster.Config{DataDir: to, ClusterListen: "127.0.0.1:0"}, nil)
	must(t, err)
	members, err := n.Registry().Members()
	must(t, err)
	setup, err := n.Registry().Cluster()
	must(t, err)
	if len(members) != 1 || members[0].ID != res.Node || setup.ClusterID != res.Cluster || setup.ClusterID == m.Cluster || n.Registry().Count() != 20 {
		t.Errorf("%+v, cluster %s, %d entries", members, setup.ClusterID, n.Registry().Count())
	}
	events, err := n.Audit().Read(1, 10)
	if err != nil || len(events) != 1 || events[0].Operation != "restoreBackup" || events[0].Subject != m.Cluster {
		t.Errorf("%+v %v", events, err)
	}
	must(t, n.Registry().Verify(t.Context()))
	must(t, n.Shutdown(t.Context()))
}

// TestRestoreKeepsAnOlderKey: the key of an audit log that was taken over earlier is
// the only one, and a restore that fails leaves none.
func TestRestoreKeepsAnOlderKey(t *testing.T) {
	dir, key := makeNode(t), newKey(t)
	var sound bytes.Buffer
	_, err := backup.Write(t.Context(), backup.Options{Dir: dir}, &sound, key.Recipient())
	must(t, err)
	keys := t.TempDir()
	old, nodeKey := filepath.Join(keys, "audit-before.key"), filepath.Join(keys, "node.key")
	restore := func(to string) error {
		a, err := backup.Open(bytes.NewReader(sound.Bytes()), key)
		must(t, err)
		_, err = cluster.Restore(t.Context(), cluster.RestoreConfig{
			Init: cluster.InitConfig{DataDir: to, NodeKeyFile: nodeKey, ClusterKeyFile: filepath.Join(keys, "cluster.key"), Origin: origin, Name: "phoenix"},
			From: a.Manifest().Cluster, Reason: "test",
		}, a)
		return err
	}
	must(t, os.WriteFile(old, []byte("of an earlier restore"), 0o600))
	if err := restore(filepath.Join(t.TempDir(), "new")); !errors.Is(err, os.ErrExist) || string(read(t, old)) != "of an earlier restore" {
		t.Errorf("with an older key: %v", err)
	}
	must(t, os.Remove(old))
	must(t, os.WriteFile(nodeKey, []byte("another node's"), 0o600))
	if err := restore(filepath.Join(t.TempDir(), "new")); !errors.Is(err, os.ErrExist) {
		t.Errorf("with another node's key: %v", err)
	}
	if _, err := os.Lstat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a failed restore left a key: %v", err)
	}
}
