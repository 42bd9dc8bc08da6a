package registry_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vigie/cluster/registry"
	"vigie/cluster/seal"
)

const crashDir = "VIGIE_REGISTRY_CRASH_DIR"

// TestKilledWriter kills a process that updates and replaces a registry as fast
// as it can, several times over. What it acknowledged must be there, and the
// state must be whole.
func TestKilledWriter(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeForEver(t, dir)
	}
	dir := t.TempDir()
	key := newKey(t)
	if err := key.Save(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		acked := runAndKill(t, dir, 5+17*round)
		s := open(t, filepath.Join(dir, "r.db"), key)
		index, _, _ := s.Position()
		if index < acked {
			t.Fatalf("round %d: index %d, but %d was acknowledged", round, index, acked)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if s.Count() != int(index) {
			t.Fatalf("round %d: %d entries at index %d: a mix of states", round, s.Count(), index)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill starts the writer, kills it after some acknowledgements, and gives
// the last one.
func runAndKill(t *testing.T, dir string, lines int) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledWriter$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked uint64
	sc := bufio.NewScanner(out)
	for n := 0; sc.Scan(); n++ {
		var i uint64
		if _, err := fmt.Sscanf(sc.Text(), "acked %d", &i); err == nil {
			acked = i
		}
		if n == lines {
			// The rest of the output still counts as acknowledged.
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if acked == 0 {
		t.Fatal("the writer acknowledged nothing")
	}
	return acked
}

// writeForEver adds one entry per index; every fifth step it replaces the state
// by a copy of itself, in which one more index is applied.
func writeForEver(t *testing.T, dir string) {
	key, err := seal.Load(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := registry.Open(filepath.Join(dir, "r.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	for {
		index, _, _ := s.Position()
		index++
		if index%5 == 0 {
			err = replaceWithOneMore(s, index)
		} else {
			err = s.Update(index, 1, func(tx *registry.Tx) error { return tx.PutEntry(entry(int(index))) })
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("acked", index)
	}
}

func replaceWithOneMore(s *registry.Store, index uint64) error {
	v, err := s.View()
	if err != nil {
		return err
	}
	err = s.Replace(func(add func(registry.Record) error) (registry.State, error) {
		st := v.State()
		var last registry.Record
		for r, err := range v.Records() {
			if err := errors.Join(err, add(r)); err != nil {
				return st, err
			}
			last = r
		}
		last.Key = []byte(entry(int(index)).ID)
		st.Hash.Add(last)
		st.Index, st.Records, st.Entries = index, st.Records+1, st.Entries+1
		return st, add(last)
	})
	return errors.Join(err, v.Close())
}
