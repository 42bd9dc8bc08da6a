package bareraft

import (
	"fmt"
	"os"
	"testing"
)

// TestMain is one node when the test binary is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "node" {
		if err := Serve(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestWritesAreOnAMajority: what three processes count as written is in the log
// files of at least two.
func TestWritesAreOnAMajority(t *testing.T) {
	dir := t.TempDir()
	c, err := Start(t.Context(), dir, func(dir, id string) []string { return []string{os.Args[0], "node", dir, id} })
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.PIDs()); n != size {
		t.Errorf("%d processes", n)
	}
	res, err := c.Write(t.Context(), Load{Clients: 4, Bytes: 1000, Millis: 200})
	if err != nil {
		t.Fatal(err)
	}
	if res.Writes == 0 || res.Failed != 0 || res.Latency.Count != res.Writes || res.Seconds < 0.2 {
		t.Errorf("%+v", res)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	holding := 0
	for i := range size {
		if entries(t, fmt.Sprintf("%s/bare%d", dir, i+1)) >= uint64(res.Writes) {
			holding++
		}
	}
	if holding < 2 {
		t.Errorf("%d nodes hold all %d entries", holding, res.Writes)
	}
}

// TestSaysWhatItCant: an unstarted node and a program that is none give errors.
func TestSaysWhatItCant(t *testing.T) {
	p, err := start([]string{os.Args[0], "node", t.TempDir(), "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ask(request{State: true}); err == nil {
		t.Error("a node without peers answered")
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if _, err := Start(t.Context(), t.TempDir(), func(string, string) []string { return []string{"/bin/false"} }); err == nil {
		t.Error("no error of a program that is no node")
	}
}
