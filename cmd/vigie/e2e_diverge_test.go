package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cluster/fsck"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// TestE2EDivergedNode: the registry of one of three nodes is changed behind its back,
// with all seals and the stored hash in order. The node stops taking writes and says
// so everywhere, the others go on, and fsck tells what happened.
func TestE2EDivergedNode(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 3})
	v := newCLI(t, c)
	in := entryInput(&specimen.Entries(2, time.Now())[0])
	in.CaseReference = "DIVERGE-1"
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "diverge-1")
	if r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(t, &w)
	if _, err := c.Converge(t.Context(), uint64(w.Index)); err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bad, good := (leader+1)%3, leader
	if err := c.Stop(bad); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(c.Dir(bad), "data")
	falsify(t, data)
	if err := c.Restart(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	server := []string{"--server", c.URL(bad)}
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(v.ok(append([]string{"status"}, server...)...), "THE NODES' STATES DIFFER") {
		if time.Now().After(deadline) {
			t.Fatal("the node does not find out")
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.has(v.ok(append([]string{"status"}, server...)...), "DIVERGED", "remove it from the cluster and join it again")
	v.fails(exitFailure, "divergence", append([]string{"doctor", "--config", filepath.Join(c.Dir(bad), "vigie.yaml")}, server...)...)
	in.CaseReference = "DIVERGE-2"
	if r := call(t, c, bad, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "diverge-2"); r.status != http.StatusServiceUnavailable || r.code() != "node_diverged" {
		t.Errorf("a write there: %d %s", r.status, r.body)
	}
	if r := call(t, c, good, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "diverge-2"); r.status != http.StatusCreated {
		t.Errorf("a write on a healthy node: %d %s", r.status, r.body)
	}
	match := []string{"match", "name", "Nobody", "Atall", "--purpose", "test", "--reason", "end-to-end"}
	v.has(v.ok(append(match, server...)...), "DIVERGED: this list differs")
	if out := v.ok(append(match, "--server", c.URL(good))...); strings.Contains(out, "DIVERGED") {
		t.Errorf("a healthy node calls itself diverged:\n%s", out)
	}
	if r := call(t, c, bad, "GET", "/metrics", nil); !strings.Contains(string(r.body), "vigie_cluster_diverged 1") {
		t.Errorf("metrics: %d", r.status)
	}
	if err := c.Stop(bad); err != nil {
		t.Fatal(err)
	}
	if rep := v.fsck(exitFailure, data); !rep.Has(fsck.RegistryReplay) {
		t.Errorf("fsck: %+v", rep.Findings)
	}
}

// falsify changes every entry of a stopped node's registry, under its own key, with
// the state hash that belongs to it.
func falsify(t *testing.T, data string) {
	t.Helper()
	path := filepath.Join(data, "registry.db")
	key, err := seal.Load(filepath.Join(data, "keys", "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := registry.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	view, err := old.View()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := registry.Open(path+".false", key)
	if err != nil {
		t.Fatal(err)
	}
	err = fresh.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := view.State()
		for r, err := range view.Records() {
			if err != nil {
				return st, err
			}
			st.Hash.Sub(r)
			if r.Bucket == registry.BucketEntries {
				var e watchlist.Entry
				if err := command.Unmarshal(r.Value, &e); err != nil {
					return st, err
				}
				e.Offence += " (changed)"
				if r.Value, err = command.Marshal(e); err != nil {
					return st, err
				}
			}
			st.Hash.Add(r)
			if err := add(r); err != nil {
				return st, err
			}
		}
		return st, nil
	})
	if err := errors.Join(err, view.Close(), old.Close(), fresh.Close(), os.Rename(path+".false", path)); err != nil {
		t.Fatal(err)
	}
}
