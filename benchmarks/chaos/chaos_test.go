package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestChaos is the short form: one round of each fault, on real processes.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: needs the built binary and real processes")
	}
	binary := filepath.Join(t.TempDir(), "vigie")
	// The face engine has no part in this, and the build is quicker without.
	cmd := exec.Command("go", "build", "-tags", "nodlib", "-o", binary, "vigie/cmd/vigie")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	res, err := Run(t.Context(), Options{Binary: binary, Dir: t.TempDir(), Rounds: 6, Seed: 1, Say: func(s string) { t.Log(s) }})
	if errors.Is(err, ErrRights) {
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: %v\n\n", t.Name(), err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + res.Table())
	for _, s := range res.Skipped {
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED in %s: %s\n\n", t.Name(), s)
	}
	if res.Failed() || res.Acked == 0 || res.Searches == 0 {
		t.Errorf("result %+v", res)
	}
}

// TestCheckFindsWhatIsMissing: a check that never failed proves nothing.
func TestCheckFindsWhatIsMissing(t *testing.T) {
	acked := map[string]string{"a": "1", "b": "2", "c": "3"}
	for name, x := range map[string]struct {
		held        []entry
		lost, wrong int
	}{
		"all there":     {[]entry{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "not acknowledged"}}, 0, 0},
		"one lost":      {[]entry{{"1", "a"}, {"3", "c"}}, 1, 0},
		"one twice":     {[]entry{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"3", "c"}}, 0, 1},
		"another id":    {[]entry{{"1", "a"}, {"9", "b"}, {"3", "c"}}, 0, 1},
		"an empty node": {nil, 3, 0},
	} {
		if lost, wrong := check(acked, x.held); lost != x.lost || wrong != x.wrong {
			t.Errorf("%s: lost %d, wrong %d; want %d and %d", name, lost, wrong, x.lost, x.wrong)
		}
	}
}
