package clustertest

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script makes an executable that stands for vigie.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vigie")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFreePorts(t *testing.T) {
	addrs, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range addrs {
		if seen[a] {
			t.Errorf("%s is given twice", a)
		}
		seen[a] = true
		l, err := net.Listen("tcp", a)
		if err != nil {
			t.Errorf("%s is not free: %v", a, err)
			continue
		}
		l.Close()
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no binary": {Dir: "x"}, "no folder": {Binary: "x"}, "too many nodes": {Binary: "x", Dir: t.TempDir(), Nodes: 10},
	} {
		if err := o.fill(); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, contextName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Binary: "x", Dir: dir}
	if err := o.fill(); err == nil || !strings.Contains(err.Error(), "holds a cluster already") {
		t.Errorf("a folder in use: %v", err)
	}
}

func TestStopAsksFirst(t *testing.T) {
	s := newSpawner()
	defer s.close()
	log := filepath.Join(t.TempDir(), "log")
	polite := script(t, "trap 'echo bye; exit 0' TERM\necho up\nwhile :; do sleep 0.05; done\n")
	p, err := s.run(polite, log, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	waitLog(t, log, "up")
	if err := p.stop(10 * time.Second); err != nil {
		t.Errorf("stop: %v", err)
	}
	if b, _ := os.ReadFile(log); !strings.Contains(string(b), "bye") {
		t.Errorf("the process had no chance to say goodbye: %q", b)
	}
	if p.running() {
		t.Error("it still runs")
	}
	p.kill() // killing a dead one does nothing
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	s := newSpawner()
	defer s.close()
	log := filepath.Join(t.TempDir(), "log")
	// The child's own child must go too: both are in one process group.
	stubborn := script(t, "trap '' TERM\nsleep 1000 &\necho child $!\nwhile :; do sleep 0.05; done\n")
	p, err := s.run(stubborn, log, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	text := waitLog(t, log, "child")
	err = p.stop(200 * time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("stop: %v", err)
	}
	child := strings.Fields(text)[1]
	deadline := time.Now().Add(5 * time.Second)
	for {
		b, err := os.ReadFile("/proc/" + child + "/stat")
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(b), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the child %s of the killed process lives on: %s", child, b)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func waitLog(t *testing.T, path, want string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if b, _ := os.ReadFile(path); strings.Contains(string(b), want) && strings.HasSuffix(string(b), "\n") {
			return string(b)
		}
	}
	t.Fatalf("%s never holds %q", path, want)
	return ""
}

func TestStartTellsWhatFailed(t *testing.T) {
	broken := script(t, "echo the disk is full >&2\nexit 1\n")
	_, err := Start(t.Context(), Options{Binary: broken, Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "vigie init") || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
	if _, err := Start(t.Context(), Options{Binary: "/nonexistent", Dir: t.TempDir()}); !errors.Is(err, os.ErrNotExist) && !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// TestEnvironmentOfTheUserStaysOut checks that a context of the user's own is
// not used by the nodes.
func TestEnvironmentOfTheUserStaysOut(t *testing.T) {
	dir := t.TempDir()
	spy := script(t, "env > "+filepath.Join(dir, "env")+"\nexit 1\n")
	_, err := Start(t.Context(), Options{Binary: spy, Dir: dir, Env: []string{"VIGIE_SERVER=https://real", "PATH=" + os.Getenv("PATH"), "KEEP=1"}})
	if err == nil {
		t.Fatal("the spy started a cluster")
	}
	b, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(b); strings.Contains(text, "VIGIE_SERVER") || !strings.Contains(text, "KEEP=1") || !strings.Contains(text, "VIGIE_CONTEXT="+dir) {
		t.Errorf("environment:\n%s", text)
	}
}
