package clusterbench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/benchmarks"
	"vigie/benchmarks/bareraft"
)

// TestMain is one node of bare raft when the test binary is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "node" {
		if err := bareraft.Serve(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestRun measures a little of everything but idle nodes, on real processes. It
// judges no time.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: needs the built binary and real processes")
	}
	binary := filepath.Join(t.TempDir(), "vigie")
	// The face engine has no part in this, and the build is quicker without.
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "nodlib", "-o", binary, "vigie/cmd/vigie")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	r, err := Run(t.Context(), Options{
		Binary: binary, Bare: func(dir, id string) []string { return []string{os.Args[0], "node", dir, id} },
		Passes: 1, WriteTime: 200 * time.Millisecond, Warm: 50 * time.Millisecond, Entries: 300, Restarts: 1, Joins: 1,
		Kills: 1, Transfers: 1, Rolls: 1, Only: "writes,faults,list", Progress: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Writes) != len(loads) || r.Kills.Runs != 1 || r.Transfers.Runs != 1 || r.Rolling.Restarts != 3 || len(r.Restarts) != 2 || len(r.Joins) != 1 {
		t.Errorf("incomplete: %+v", r)
	}
	for _, w := range r.Writes {
		if w.PerSecond <= 0 || w.Bare.PerSecond <= 0 || w.Failed+w.Bare.Failed > 0 {
			t.Errorf("%+v", w)
		}
	}
	if n := r.Kills.Lost + r.Kills.Wrong + r.Transfers.Lost + r.Transfers.Wrong + r.Rolling.Lost + r.Rolling.Wrong + r.Rolling.ReadsFailed; n != 0 {
		t.Errorf("lost: %+v %+v %+v", r.Kills, r.Transfers, r.Rolling)
	}
	if r.Kills.Acked == 0 || r.Rolling.Acked == 0 || r.Rolling.Reads == 0 || r.Kills.Gap.Max == 0 {
		t.Errorf("nothing was going on: %+v %+v", r.Kills, r.Rolling)
	}
	text := r.Markdown()
	for _, want := range []string{"kill -9 of the leader | 1 |", "| 64 | no |", "| killed |", "not measured"} {
		if !strings.Contains(text, want) {
			t.Errorf("the section lacks %q", want)
		}
	}
}

// TestGap: the longest pause of one writer counts, not what lies before the fault,
// and writers don't fill each other's pauses.
func TestGap(t *testing.T) {
	zero := time.Unix(0, 0)
	at := func(ms ...int) (out []span) {
		for _, m := range ms {
			out = append(out, span{end: zero.Add(time.Duration(m) * time.Millisecond)})
		}
		return out
	}
	for _, x := range []struct {
		spans [][]span
		want  int
	}{
		{[][]span{at(0, 500, 510, 520)}, 10},
		{[][]span{at(505, 900, 910)}, 395},
		{[][]span{at(500, 600, 700, 800), at(500, 800)}, 300},
		{[][]span{at(500)}, 0},
	} {
		if got := gap(x.spans, zero.Add(505*time.Millisecond)); got != time.Duration(x.want)*time.Millisecond {
			t.Errorf("%v, want %d ms", got, x.want)
		}
	}
}

func TestShare(t *testing.T) {
	head := func(from, to, size uint16) []byte {
		b := make([]byte, 40)
		b[0], b[9] = 0x45, 6
		b[2], b[3] = byte(size>>8), byte(size)
		b[20], b[21], b[22], b[23] = byte(from>>8), byte(from), byte(to>>8), byte(to)
		return b
	}
	p, ok := parse(head(1000, 40001, 300))
	if want := (packet{1000, 40001, 300}); !ok || p != want {
		t.Errorf("%v, want %v", p, want)
	}
	udp := head(1, 2, 3)
	udp[9] = 17
	for _, bad := range [][]byte{nil, make([]byte, 20), udp, head(1, 2, 3)[:22]} {
		if _, ok := parse(bad); ok {
			t.Errorf("%x was taken", bad)
		}
	}
	// 1000 and 2000 listen for processes 1 and 2; 2 dialled 1 from 40001.
	by, lost := share(map[[2]uint16]traffic{
		{40001, 1000}: {packets: 2, sent: 200},
		{1000, 40001}: {packets: 1, sent: 70},
		{40009, 2000}: {packets: 1, sent: 11}, // of nobody known
		{5000, 6000}:  {packets: 9, sent: 999},
	}, map[uint16]int{1000: 1, 2000: 2, 40001: 2, 5000: 1}, map[uint16]bool{1000: true, 2000: true})
	want := map[int]traffic{1: {packets: 3, sent: 70, got: 200}, 2: {packets: 4, sent: 200, got: 81}}
	if diff := cmp.Diff(want, by, cmp.AllowUnexported(traffic{})); diff != "" || lost != 11 {
		t.Errorf("lost %d, %s", lost, diff)
	}
}

// TestGoalsJudge: a goal without a measurement is not reached, one lost write fails
// its goal.
func TestGoalsJudge(t *testing.T) {
	for _, g := range goals(&Report{}) {
		if g.Reached || g.Value != nil {
			t.Errorf("%s is reached by nothing", g.What)
		}
	}
	w := WritePass{Clients: 64, Face: true, Ratio: 0.5}
	w.PerSecond, w.Latency.P99 = 5000, 20
	r := &Report{
		Writes: []WritePass{w, {Clients: 1, Face: true}}, Import: &Import{PerSecond: 30000}, Kills: &Gaps{Gap: benchmarks.Latency{P50: 500, P99: 900}, Lost: 1},
		Transfers: &Gaps{Gap: benchmarks.Latency{P99: 100}}, Rolling: &Rolling{}, Restarts: []Start{{Millis: 900}}, Joins: []Start{{Millis: 900, TotalMillis: 3100}},
		Idle: []IdleTraffic{{Profile: "satellite", Node: "nonvoter", GBPerMonth: 0.3}, {Profile: "lan", Node: "nonvoter", GBPerMonth: 9}},
	}
	var missed []string
	for _, g := range goals(r) {
		if !g.Reached {
			missed = append(missed, g.What)
		}
	}
	want := []string{"kill -9 of the leader: acknowledged writes lost", "new node to its first correct match with the whole list"}
	if diff := cmp.Diff(want, missed); diff != "" {
		t.Error(diff)
	}
}
