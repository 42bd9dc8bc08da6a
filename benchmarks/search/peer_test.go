package search

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakePeers is a program that answers as peers does.
func fakePeers(t *testing.T, script string) *peers {
	t.Helper()
	file := filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nwhile read -r what rest; do\n"+script+"\ndone\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := startPeers(file, t.TempDir())
	if err != nil {
		t.Skipf("no shell to play the peers: %v", err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
			t.Error("the shared files are still there")
		}
	})
	return p
}

func TestPeersShareVectorsAndAnswer(t *testing.T) {
	p := fakePeers(t, `case $what in
data) set -- $rest; [ $(stat -c %s $1) = 256000 ] && echo ok || echo error size;;
queries) set -- $rest; [ $(stat -c %s $1) = 3072 ] && echo ok || echo error size;;
search) set -- $rest; echo ok 1500 $4 7 -1 $4 8 9;;
*) echo error no such thing;;
esac`)
	d := tiny(t, 500, 3)
	if err := p.load(d); err != nil {
		t.Fatal(err)
	}
	took, rows, err := p.search("faiss", 0, 3, "miss", 1, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	// Misses come after the three hits.
	if diff := cmp.Diff([][]int64{{4, 7, -1}, {4, 8, 9}}, rows); diff != "" || took != 1500*time.Nanosecond {
		t.Errorf("took %v\n%s", took, diff)
	}
	if _, _, err := p.search("faiss", 0, 10, "miss", 1, 3, 1); err == nil {
		t.Error("too few rows in the answer must be an error")
	}
	if _, err := p.do("dance"); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("an error answer gave %v", err)
	}
}

func TestGraphFileDependsOnTheRows(t *testing.T) {
	d := tiny(t, 100, 1)
	before := graphFile(d)
	d.rows[17]++
	if graphFile(d) == before {
		t.Error("other rows, same graph")
	}
}
