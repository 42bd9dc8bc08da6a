package fsck_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"vigie/cluster"
	"vigie/cluster/fsck"
	"vigie/cluster/registry"
	"vigie/watchlist"
)

// TestDamageIsFound plants one kind of damage at a time.
func TestDamageIsFound(t *testing.T) {
	sound := makeNode(t)
	rep := check(t, sound)
	if !rep.Clean || len(rep.Findings) > 0 || !rep.Replayed || rep.Entries != 60 || len(rep.Parts) != 7 {
		t.Fatalf("a sound folder: %+v", rep)
	}
	for name, c := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, sound)
			c.plant(t, dir)
			rep := check(t, dir)
			if !rep.Has(c.want) {
				t.Errorf("no %s in %+v", c.want, rep.Findings)
			}
			if c.want != fsck.RegistryReplay && rep.Has(fsck.RegistryReplay) {
				t.Errorf("damage elsewhere is taken for a wrong state: %+v", rep.Findings)
			}
			if level, meaning, _ := fsck.Explain(c.want); rep.Clean != (level == fsck.Note) || meaning == "" {
				t.Errorf("clean: %v, with %s of level %s", rep.Clean, c.want, level)
			}
		})
	}
}

type damage struct {
	want  fsck.Code
	plant func(t *testing.T, dir string)
}

var damages = map[string]damage{
	"log: bit in an early batch": {fsck.LogSegment, func(t *testing.T, d string) { flip(t, one(t, d, "raft/*.wal"), 3000) }},
	"log: bit in a length":       {fsck.LogSegment, func(t *testing.T, d string) { flip(t, one(t, d, "raft/*.wal"), 32+5) }},
	"log: bit in the header":     {fsck.LogSegment, func(t *testing.T, d string) { flip(t, one(t, d, "raft/*.wal"), 9) }},
	"log: bit in the last batch": {fsck.LogShort, func(t *testing.T, d string) { flip(t, one(t, d, "raft/*.wal"), lastByte(t, d)) }},
	"log: cut":                   {fsck.LogShort, func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "raft/*.wal"), 8000)) }},
	"log: file missing":          {fsck.LogSegment, func(t *testing.T, d string) { must(t, os.Remove(one(t, d, "raft/*.wal"))) }},
	"log: folder gone":           {fsck.LogShort, func(t *testing.T, d string) { must(t, os.RemoveAll(filepath.Join(d, "raft"))) }},
	"log: torn write": {fsck.LogTorn, func(t *testing.T, d string) {
		path := one(t, d, "raft/*.wal")
		b := read(t, path)
		b[(lastByte(t, d)|7)+1+8] = 1
		write(t, path, b)
	}},
	"log: list of files": {fsck.LogMeta, func(t *testing.T, d string) { flipIn(t, filepath.Join(d, "raft/wal-meta.db"), `"Segments":`) }},
	"log: a file left": {fsck.Leftover, func(t *testing.T, d string) {
		write(t, filepath.Join(d, "raft", "00000000000000009999-00000000000000aa.wal"), nil)
	}},
	"log: acknowledged entries gone": {fsck.LogShort, func(t *testing.T, d string) {
		// As if raft-wal had dropped a damaged end that the registry had not taken over.
		b := binary.LittleEndian.AppendUint64(nil, 9999)
		b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
		write(t, filepath.Join(d, "raft", "acknowledged"), b)
	}},
	"vote: behind the log": {fsck.VoteDamaged, func(t *testing.T, d string) { putStable(t, d, "CurrentTerm", make([]byte, 8)) }},
	"vote: no number":      {fsck.VoteDamaged, func(t *testing.T, d string) { putStable(t, d, "CurrentTerm", []byte{1}) }},

	"snapshot: bit":      {fsck.SnapshotDamaged, func(t *testing.T, d string) { flip(t, one(t, d, "raft/snapshots/*/state.bin"), 400) }},
	"snapshot: cut":      {fsck.SnapshotDamaged, func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "raft/snapshots/*/state.bin"), 500)) }},
	"snapshot: meta":     {fsck.SnapshotDamaged, func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "raft/snapshots/*/meta.json"), 5)) }},
	"snapshot: all gone": {fsck.SnapshotMissing, func(t *testing.T, d string) { must(t, os.RemoveAll(filepath.Join(d, "raft/snapshots"))) }},
	"snapshot: half made": {fsck.Leftover, func(t *testing.T, d string) {
		must(t, os.MkdirAll(filepath.Join(d, "raft/snapshots/2-3-4.tmp"), 0o700))
	}},

	"registry: cut":     {fsck.RegistryPages, func(t *testing.T, d string) { must(t, os.Truncate(filepath.Join(d, "registry.db"), 16384)) }},
	"registry: missing": {fsck.RegistryMissing, func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "registry.db"))) }},
	"registry: bit in a value": {fsck.RegistryValue, func(t *testing.T, d string) {
		editBolt(t, filepath.Join(d, "registry.db"), "entries", func(b *bolt.Bucket, k, v []byte) { v[len(v)/2] ^= 1; must(t, b.Put(k, v)) })
	}},
	"registry: moved value": {fsck.RegistryValue, func(t *testing.T, d string) {
		editBolt(t, filepath.Join(d, "registry.db"), "entries", func(b *bolt.Bucket, k, v []byte) {
			k[len(k)-1] ^= 0x40
			must(t, b.Put(k, v))
		})
	}},
	"registry: lost record": {fsck.RegistryHash, func(t *testing.T, d string) {
		editBolt(t, filepath.Join(d, "registry.db"), "entries", func(b *bolt.Bucket, k, _ []byte) { must(t, b.Delete(k)) })
	}},
	"registry: member lost": {fsck.RegistryHash, func(t *testing.T, d string) {
		editBolt(t, filepath.Join(d, "registry.db"), "members", func(b *bolt.Bucket, k, _ []byte) { must(t, b.Delete(k)) })
	}},
	"registry: unknown bucket": {fsck.RegistryRecord, func(t *testing.T, d string) { addBucket(t, filepath.Join(d, "registry.db")) }},
	"registry: wrong state":    {fsck.RegistryReplay, wrongState},
	"registry: head page":      {fsck.RegistryMeta, func(t *testing.T, d string) { flip(t, filepath.Join(d, "registry.db"), olderMeta(t, d)) }},
	"registry: half restored":  {fsck.Leftover, func(t *testing.T, d string) { write(t, filepath.Join(d, "registry.db.new"), nil) }},

	"blob: bit":      {fsck.BlobDamaged, func(t *testing.T, d string) { flip(t, one(t, d, "blobs/??/*"), 100) }},
	"blob: cut":      {fsck.BlobDamaged, func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "blobs/??/*"), 10)) }},
	"blob: missing":  {fsck.BlobMissing, func(t *testing.T, d string) { must(t, os.Remove(one(t, d, "blobs/??/*"))) }},
	"blob: stranger": {fsck.StrangeFile, func(t *testing.T, d string) { write(t, filepath.Join(d, "blobs", "note.txt"), []byte("x")) }},

	"audit: bit":      {fsck.AuditDamaged, func(t *testing.T, d string) { flip(t, one(t, d, "audit/*.seg"), 500) }},
	"audit: cut":      {fsck.AuditDamaged, func(t *testing.T, d string) { must(t, os.Truncate(one(t, d, "audit/*.seg"), 900)) }},
	"audit: one head": {fsck.AuditHead, func(t *testing.T, d string) { flip(t, filepath.Join(d, "audit/head"), 20) }},
	"audit: both heads": {fsck.AuditDamaged, func(t *testing.T, d string) {
		flip(t, filepath.Join(d, "audit/head"), 20)
		flip(t, filepath.Join(d, "audit/head"), 4096+20)
	}},
	"audit: event altered by a key holder": {fsck.AuditDamaged, alterEvent},
	"audit: torn write": {fsck.AuditTorn, func(t *testing.T, d string) {
		path := one(t, d, "audit/*.seg")
		write(t, path, append(read(t, path), 9, 9, 9))
	}},
	"audit: removed": {fsck.AuditMissing, func(t *testing.T, d string) { must(t, os.RemoveAll(filepath.Join(d, "audit"))) }},

	"identity: bit in the key":     {fsck.IdentityDamaged, func(t *testing.T, d string) { flip(t, filepath.Join(d, "identity/node-tls.key"), 40) }},
	"identity: certificate cut":    {fsck.IdentityDamaged, func(t *testing.T, d string) { must(t, os.Truncate(filepath.Join(d, "identity/node.pem"), 100)) }},
	"identity: of another cluster": {fsck.IdentityForeign, foreignIdentity},
	"identity: gone":               {fsck.IdentityDamaged, func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "identity/node.json"))) }},
	"keys: cut":                    {fsck.KeyUnreadable, func(t *testing.T, d string) { must(t, os.Truncate(filepath.Join(d, "keys/node.key"), 20)) }},
	"keys: open to all":            {fsck.KeyRights, func(t *testing.T, d string) { must(t, os.Chmod(filepath.Join(d, "keys/cluster.key"), 0o644)) }},
	"folder: open to all":          {fsck.FolderRights, func(t *testing.T, d string) { must(t, os.Chmod(d, 0o755)) }},
	"folder: stranger":             {fsck.StrangeFile, func(t *testing.T, d string) { write(t, filepath.Join(d, "notes.txt"), nil) }},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lastByte is a byte of the last batch of the log: the last one that is not zero,
// past the commit frame of 8 bytes behind it.
func lastByte(t *testing.T, dir string) int {
	b := read(t, one(t, dir, "raft/*.wal"))
	for i := len(b) - 1; i > 0; i-- {
		if b[i] != 0 {
			return i&^7 - 8
		}
	}
	t.Fatal("the log is empty")
	return 0
}

// flipIn changes a byte of every place where text stands.
func flipIn(t *testing.T, path, text string) {
	b := read(t, path)
	n := 0
	for i := 0; i+len(text) <= len(b); i++ {
		if string(b[i:i+len(text)]) == text {
			b[i+len(text)-1] ^= 0x41
			n++
		}
	}
	if n == 0 {
		t.Fatalf("no %s", text)
	}
	write(t, path, b)
}

// olderMeta is an offset in the head page of the registry that does not count.
func olderMeta(t *testing.T, dir string) int {
	b := read(t, filepath.Join(dir, "registry.db"))
	if page := os.Getpagesize(); binary.LittleEndian.Uint64(b[16+48:]) > binary.LittleEndian.Uint64(b[page+16+48:]) {
		return page + 16 + 50
	}
	return 16 + 50
}

// editBolt hands the first record of a bucket to edit.
func editBolt(t *testing.T, path, bucket string, edit func(b *bolt.Bucket, k, v []byte)) {
	db, err := bolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		k, v := b.Cursor().First()
		edit(b, append([]byte(nil), k...), append([]byte(nil), v...))
		return nil
	}))
	must(t, db.Close())
}

func addBucket(t *testing.T, path string) {
	db, err := bolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("extra")); return err }))
	must(t, db.Close())
}

func putStable(t *testing.T, dir, name string, v []byte) {
	db, err := bolt.Open(filepath.Join(dir, "raft/wal-meta.db"), 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("stable")).Put([]byte(name), v) }))
	must(t, db.Close())
}

// wrongState writes another value through the registry itself, so that every seal
// and the stored hash fit: only computing the state anew can tell. It stands for a
// fault of the program, or for somebody with the node key.
func wrongState(t *testing.T, dir string) {
	rewrite(t, dir, key(t, dir, "node.key"), func(st registry.State, r registry.Record) (registry.State, registry.Record) {
		st.Hash.Sub(r)
		if r.Bucket == "cluster" && len(r.Value) == 8 {
			r.Value[7] ^= 1
		}
		st.Hash.Add(r)
		return st, r
	})
}

// alterEvent seals another event in place of the second: the key is right, the chain
// is not.
func alterEvent(t *testing.T, dir string) {
	path := one(t, dir, "audit/*.seg")
	k := key(t, dir, "node.key")
	b := read(t, path)
	at := 8 // the magic
	for range 2 {
		at += 8 + int(binary.LittleEndian.Uint32(b[at:]))
	}
	n := int(binary.LittleEndian.Uint32(b[at:]))
	plain, err := k.Open(b[at+8:at+8+n], []byte("vigie/audit/event/1"))
	must(t, err)
	plain[len(plain)-1] ^= 1
	sealed, err := k.Seal(plain, []byte("vigie/audit/event/1"))
	must(t, err)
	if len(sealed) != n {
		t.Fatal("the altered event has another length")
	}
	copy(b[at+8:], sealed)
	binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(sealed, crc32.MakeTable(crc32.Castagnoli)))
	write(t, path, b)
}

// foreignIdentity puts the identity and the keys of another cluster in place, and
// seals the registry anew with them.
func foreignIdentity(t *testing.T, dir string) {
	other := filepath.Join(t.TempDir(), "other")
	_, err := cluster.Init(t.Context(), cluster.InitConfig{DataDir: other, Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}})
	must(t, err)
	rewrite(t, dir, key(t, other, "node.key"), func(st registry.State, r registry.Record) (registry.State, registry.Record) { return st, r })
	for _, part := range []string{"identity", "keys"} {
		must(t, os.RemoveAll(filepath.Join(dir, part)))
		must(t, os.Rename(filepath.Join(other, part), filepath.Join(dir, part)))
	}
}

// rewrite copies the registry record by record, sealed with another key.
func rewrite(t *testing.T, dir string, to registry.Sealer, edit func(registry.State, registry.Record) (registry.State, registry.Record)) {
	path := filepath.Join(dir, "registry.db")
	old, err := registry.Open(path, key(t, dir, "node.key"))
	must(t, err)
	v, err := old.View()
	must(t, err)
	fresh, err := registry.Open(path+".forged", to)
	must(t, err)
	must(t, fresh.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := v.State()
		for r, err := range v.Records() {
			if err != nil {
				return st, err
			}
			st, r = edit(st, r)
			if err := add(r); err != nil {
				return st, err
			}
		}
		return st, nil
	}))
	must(t, errors.Join(v.Close(), old.Close(), fresh.Close(), os.Rename(path+".forged", path)))
}

// TestCannotCheck: what is no finding but a refusal.
func TestCannotCheck(t *testing.T) {
	dir := makeNode(t)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d string)
		want  error
	}{
		"no folder": {func(t *testing.T, d string) { must(t, os.RemoveAll(d)) }, fsck.ErrCannot},
		"no node":   {func(t *testing.T, d string) { must(t, os.RemoveAll(d)); must(t, os.Mkdir(d, 0o700)) }, cluster.ErrNoIdentity},
		"no key":    {func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "keys/node.key"))) }, os.ErrNotExist},
		"it runs": {func(t *testing.T, d string) {
			n, err := cluster.Open(t.Context(), cluster.Config{DataDir: d, ClusterListen: "127.0.0.1:0"}, nil)
			must(t, err)
			t.Cleanup(func() { must(t, n.Shutdown(context.Background())) })
		}, cluster.ErrInUse},
	} {
		t.Run(name, func(t *testing.T) {
			d := copyOf(t, dir)
			c.spoil(t, d)
			rep, err := fsck.Run(t.Context(), fsck.Options{Dir: d})
			if !errors.Is(err, c.want) || !errors.Is(err, fsck.ErrCannot) || rep != nil {
				t.Errorf("%+v, %v; want %v", rep, err, c.want)
			}
		})
	}
}
