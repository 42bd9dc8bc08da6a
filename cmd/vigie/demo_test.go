package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/matcher/face/dlib"
)

// demoCommand prepares `vigie demo` as a user would run it from the repository.
// The returned folder is where it keeps its data.
func demoCommand(t *testing.T, args ...string) (cmd *exec.Cmd, tmp string, faces bool) {
	t.Helper()
	exe := vigieBinary(t)
	root, err := filepath.Abs(repoRoot)
	if err != nil {
		t.Fatal(err)
	}
	if faces = dlib.Available(); faces {
		if _, missing := testModels(); missing != "" {
			loudSkip(t, missing)
		}
		if _, missing := demoFaces(); missing != "" {
			loudSkip(t, missing)
		}
	}
	tmp = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, exe, append([]string{"demo"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "HOME="+tmp)
	return cmd, tmp, faces
}

// checkGone fails when a demonstration left data or processes behind.
func checkGone(t *testing.T, tmp string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(tmp, "vigie-demo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procs {
		if b, err := os.ReadFile(p); err == nil && strings.Contains(string(b), tmp) {
			t.Errorf("a process was left behind: %q", b)
		}
	}
}

// TestDemoOnce runs `vigie demo --once --json`: all of it must go as it should,
// the story on standard error and the outcome on standard output.
func TestDemoOnce(t *testing.T) {
	cmd, tmp, faces := demoCommand(t, "--once", "--json")
	var story bytes.Buffer
	cmd.Stderr = &story
	b, err := cmd.Output()
	text := story.String()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	t.Log(text)
	var s demoSummary
	if err := json.Unmarshal(b, &s); err != nil || !s.OK || len(s.Nodes) != 3 || s.TookMS <= 0 || !strings.Contains(s.Curl, s.Nodes[0]) {
		t.Errorf("%v in %s", err, b)
	}
	want := []string{"DEMO DEMO", "A misspelt name", "machine readable zone", "kill -9 of the leader", "A write on the survivors succeeded", "curl --silent", "All went as it should"}
	if faces {
		want = append(want, "A photo, on", "TRANSFORMED COPY")
	} else {
		want = append(want, "WITHOUT FACES")
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the output lacks %q", w)
		}
	}
	checkGone(t, tmp)
}

// TestDemoWaitsForCtrlC runs the curl line that the demonstration prints, while
// it waits, and then ends it as Ctrl-C does.
func TestDemoWaitsForCtrlC(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		loudSkip(t, "curl is not installed")
	}
	cmd, tmp, _ := demoCommand(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	curl, text := "", ""
	for sc := bufio.NewScanner(out); sc.Scan(); {
		text += sc.Text() + "\n"
		if strings.HasPrefix(sc.Text(), "curl ") {
			curl = sc.Text()
		}
		if !strings.Contains(sc.Text(), "until you press Ctrl-C") {
			continue
		}
		answer, err := exec.Command("sh", "-c", curl).CombinedOutput()
		if err != nil || !strings.Contains(string(answer), "Mamadou Sékou Diallo") {
			t.Errorf("%v from %s\n%s", err, curl, answer)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	if curl == "" {
		t.Errorf("no curl line in\n%s", text)
	}
	checkGone(t, tmp)
}
