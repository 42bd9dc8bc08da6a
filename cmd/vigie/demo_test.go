package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDemoOnce runs `vigie demo --once` as a user would, and checks that it
// leaves no process and no data behind.
func TestDemoOnce(t *testing.T) {
	exe := vigieBinary(t)
	root, err := filepath.Abs(repoRoot)
	if err != nil {
		t.Fatal(err)
	}
	_, noEngine := testModels()
	_, noPortraits := demoFaces()
	built := !strings.Contains(noEngine, "tag nodlib")
	if built && noEngine != "" {
		loudSkip(t, noEngine)
	}
	if built && noPortraits != "" {
		loudSkip(t, noPortraits)
	}
	tmp := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "demo", "--once")
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, &out
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "HOME="+tmp)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	text := out.String()
	t.Log(text)
	want := []string{"DEMO DEMO", "A misspelt name", "machine readable zone", "kill -9 of the leader", "A write on the survivors succeeded", "curl --silent", "All went as it should"}
	if built {
		want = append(want, "A photo, on", "TRANSFORMED COPY")
	} else {
		want = append(want, "WITHOUT FACES")
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the output lacks %q", w)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.HasPrefix(f.Name(), "vigie-demo-") {
			t.Errorf("%s was left behind", f.Name())
		}
	}
	if ps, err := exec.Command("pgrep", "-f", tmp).Output(); err == nil {
		t.Errorf("processes were left behind: %s", ps)
	}
}
