package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// TestE2EBackup backs a follower up while the others take writes, destroys the
// cluster, restores into a new one and finds everything that the backup promised.
func TestE2EBackup(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 3})
	v := newCLI(t, c)
	list := specimen.Entries(30, time.Now())
	var first, last client.EntryWritten
	for i := range list {
		in := entryInput(&list[i])
		in.CaseReference = fmt.Sprintf("BACKUP-%d", i)
		r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", in.CaseReference)
		if r.status != http.StatusCreated {
			t.Fatalf("%d %s", r.status, r.body)
		}
		r.decode(t, &last)
		if i == 0 {
			first = last
		}
	}
	if _, err := c.Converge(t.Context(), uint64(last.Index)); err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	node := (leader + 1) % 3
	conf, dir := filepath.Join(c.Dir(node), "vigie.yaml"), t.TempDir()
	file, key := filepath.Join(dir, "b.vigie"), filepath.Join(dir, "key.txt")
	var made struct {
		Recipient string `json:"recipient"`
	}
	if err := json.Unmarshal([]byte(v.ok("backup", "key", "--out", key, "--json")), &made); err != nil {
		t.Fatal(err)
	}
	args := []string{"backup", "--config", conf, "--to", file, "--recipient", made.Recipient}
	v.fails(exitFailure, "Stop this node first", args...)
	if err := c.Stop(node); err != nil {
		t.Fatal(err)
	}
	rep := v.backup(args...)
	if !rep.Verified || rep.Entries != 30 || rep.Blobs == 0 {
		t.Fatalf("%+v", rep)
	}
	v.fails(exitUsage, "never replaces", args...)
	if err := c.Restart(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.partial")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	noPlainText(t, file)
	verifyBackups(t, v, file, key, dir, rep)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	testRestore(t, v, c, file, key, rep, first.Id)
}

// backup runs a command that prints a backupReport.
func (c *cli) backup(args ...string) (rep backupReport) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(c.ok(append(args, "--json")...)), &rep); err != nil {
		c.t.Fatal(err)
	}
	return rep
}

func noPlainText(t *testing.T, file string) {
	b := string(readFile(t, file))
	for _, word := range []string{"BACKUP-", "SPECIMEN", "manifest.json", "state_hash"} {
		if strings.Contains(b, word) {
			t.Errorf("%q stands in the backup in clear", word)
		}
	}
}

// verifyBackups: a sound backup verifies, with the right key; a changed or cut one
// does not.
func verifyBackups(t *testing.T, v *cli, file, key, dir string, want backupReport) {
	if got := v.backup("backup", "verify", file, "--identity", key); !got.Verified || got.StateHash != want.StateHash || got.AuditEvents != want.AuditEvents {
		t.Errorf("%+v, want %+v", got, want)
	}
	other := filepath.Join(dir, "other.txt")
	v.ok("backup", "key", "--out", other)
	v.fails(exitFailure, "made for other keys", "backup", "verify", file, "--identity", other)
	sound := readFile(t, file)
	for what, bad := range map[string][]byte{
		"bit": append(append(append([]byte(nil), sound[:len(sound)/2]...), sound[len(sound)/2]^1), sound[len(sound)/2+1:]...),
		"cut": sound[:len(sound)-100], "half": sound[:len(sound)/2], "empty": nil,
	} {
		path := writeFile(t, filepath.Join(dir, what), bad)
		if code, _, errs := v.run(t.Context(), "", "backup", "verify", path, "--identity", key); code != exitFailure {
			t.Errorf("%s: exit %d %s", what, code, errs)
		}
		into := filepath.Join(dir, what+"-restored")
		if code, _, _ := v.run(t.Context(), "", "restore", path, "--identity", key, "--reason", "test", "--config", filepath.Join(dir, what+".yaml"), "--data-dir", into); code == exitOK {
			t.Errorf("%s: a damaged backup was restored", what)
		}
		if _, err := os.Stat(filepath.Join(into, "identity")); err == nil {
			t.Errorf("%s: something is left of a failed restore", what)
		}
	}
}

// testRestore restores into a new cluster, serves it, and asks it.
func testRestore(t *testing.T, v *cli, c *clustertest.Cluster, file, key string, rep backupReport, entry string) {
	dir := t.TempDir()
	conf, api, peers := filepath.Join(dir, "vigie.yaml"), freeAddr(t), freeAddr(t)
	context0 := filepath.Join(dir, "context.json")
	args := []string{"restore", file, "--identity", key, "--config", conf, "--data-dir", filepath.Join(dir, "data"), "--name", "phoenix", "--api", api, "--cluster", peers, "--set", "faces.engine=off", "--context", context0}
	v.fails(exitUsage, "--reason is required", args...)
	var out restoreOutput
	if err := json.Unmarshal([]byte(v.ok(append(args, "--reason", "the test burnt down", "--json")...)), &out); err != nil {
		t.Fatal(err)
	}
	if out.ClusterID == out.FromCluster || out.FromCluster != rep.Cluster || out.Entries != rep.Entries || out.Index != rep.Index {
		t.Errorf("%+v", out)
	}
	v.fails(exitFailure, "not empty", "restore", file, "--identity", key, "--config", conf, "--reason", "again")
	data := filepath.Join(dir, "data")
	if got := v.fsck(exitOK, data); !got.Replayed || got.Entries != rep.Entries {
		t.Errorf("fsck of the restored folder: %+v", got)
	}
	v.has(v.ok("audit", "verify", "--dir", filepath.Join(data, "audit-before"), "--key-file", filepath.Join(data, "keys", "audit-before.key")), "none changed")

	ctx, stop := context.WithCancel(t.Context())
	served := make(chan int, 1)
	go func() {
		code, _, errs := v.run(ctx, "", "serve", "--config", conf)
		if code != exitOK {
			t.Log(errs)
		}
		served <- code
	}()
	defer func() {
		stop()
		if code := <-served; code != exitOK {
			t.Errorf("serve ended with %d", code)
		}
	}()
	n := &cli{t: t, env: map[string]string{"VIGIE_CONTEXT": context0, "HOME": dir}}
	deadline := time.Now().Add(30 * time.Second)
	for {
		code, text, errs := n.run(t.Context(), "", "status")
		if code == exitOK && strings.Contains(text, "leader (asked)") {
			n.has(text, "phoenix", "30 entries")
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the restored node does not answer: %s %s", text, errs)
		}
		time.Sleep(50 * time.Millisecond)
	}
	n.has(n.ok("entry", "get", entry), "BACKUP-0", "SPECIMEN")
	n.has(n.ok("audit", "list", "--json"), "restoreBackup", "the test burnt down", rep.Cluster)
	// The old administrator's key still works, under the new authority.
	old := &cli{t: t, env: map[string]string{"VIGIE_SERVER": "https://" + api, "VIGIE_CA": out.CAFile, "VIGIE_KEY": c.Admin.Key, "HOME": t.TempDir()}}
	old.has(old.ok("status"), "administrator")
	n.has(n.ok("token", "create"), "vigie1.")
	in := entryInput(&specimen.Entries(2, time.Now())[1])
	in.CaseReference = "AFTER-RESTORE"
	n.ok("entry", "add", writeFile(t, filepath.Join(dir, "e.json"), mustJSON(t, in)))
}

// freeAddr gives an address of this machine that nobody listens on now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
