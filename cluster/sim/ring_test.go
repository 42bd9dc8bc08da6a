package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"vigie/benchmarks"
)

func newTemplate(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(scratch(), "vigie-sim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := makeTemplate(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// complain prints a seed that failed, with what brings it back.
func complain(t *testing.T, r *result) {
	t.Helper()
	t.Errorf("seed %d: %d violations, %d acknowledged writes lost, %d hash mismatches, %d matches unavailable\n  again: make sim SEED=%d\n%s  %v",
		r.Seed, r.Violations, r.AckedLost, r.HashMismatches, r.MatchUnavailable, r.Seed, plan(r.Seed), r.Details)
}

// TestSimulation is the short ring: whole nodes in virtual time, under faults.
// VIGIE_SIM_SEED runs that seed alone, VIGIE_SIM_TIMES times.
func TestSimulation(t *testing.T) {
	if testing.Short() {
		t.Skip("the simulation takes a minute")
	}
	var list []uint64
	var hours time.Duration
	if one := os.Getenv("VIGIE_SIM_SEED"); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		times, _ := strconv.Atoi(os.Getenv("VIGIE_SIM_TIMES"))
		for range max(times, 1) {
			list = append(list, seed)
		}
		t.Logf("%s", plan(seed))
	} else {
		for seed := uint64(1); hours < ringLength; seed++ {
			list = append(list, seed)
			hours += plan(seed).Length
		}
	}
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for _, s := range list {
			seeds <- s
		}
	}()
	var sum total
	began := time.Now()
	err := ring(newTemplate(t), 2, seeds, func(r *result) {
		sum.add(r)
		if r.Violations > 0 {
			complain(t, r)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s in %s", &sum, time.Since(began).Round(time.Second))
	if sum.Runs != len(list) || sum.Acked == 0 || sum.Reads == 0 || sum.Matches == 0 || sum.Histories == 0 {
		t.Errorf("the ring did not do its work: %+v", sum)
	}
	if sum.Undecided > 0 {
		t.Errorf("%d histories were too long to decide", sum.Undecided)
	}
}

// TestSameSeedSameSchedule: a seed says everything that is decided beforehand.
func TestSameSeedSameSchedule(t *testing.T) {
	kinds := map[kind]int{}
	for seed := range uint64(300) {
		a, b := plan(seed), plan(seed)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: two schedules", seed)
		}
		for _, e := range a.Events {
			kinds[e.Kind]++
		}
	}
	for _, k := range []kind{
		isolate, split, oneWay, deaf, mute, slowLinks, lossy, crash, tornWrite, powerCut, restart, clockJump,
		diskError, diskFull, slowDisk, transfer, join, remove,
	} {
		if kinds[k] == 0 {
			t.Errorf("no schedule has %s", k)
		}
	}
	if reflect.DeepEqual(plan(1).Events, plan(2).Events) {
		t.Error("two seeds have one schedule")
	}
}

// TestLongRing runs VIGIE_SIM_SEEDS seeds, notes each in VIGIE_SIM_LOG, goes on
// from there when it was ended, and writes the results.
func TestLongRing(t *testing.T) {
	n, _ := strconv.ParseUint(os.Getenv("VIGIE_SIM_SEEDS"), 10, 64)
	if n == 0 {
		t.Skip("make sim")
	}
	machine := benchmarks.ThisMachine(time.Now())
	path := filepath.Join("../..", os.Getenv("VIGIE_SIM_LOG"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var sum total
	have := map[uint64]bool{}
	for _, r := range logged(t, path, machine.Commit) {
		if !have[r.Seed] && r.Seed <= n {
			have[r.Seed] = true
			sum.add(&r.result)
		}
	}
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for s := uint64(1); s <= n; s++ {
			if !have[s] {
				seeds <- s
			}
		}
	}()
	enc := json.NewEncoder(log)
	err = ring(newTemplate(t), 2, seeds, func(r *result) {
		sum.add(r)
		if err := enc.Encode(record{*r, machine.Commit}); err != nil {
			t.Error(err)
		}
		if r.Violations > 0 {
			complain(t, r)
		}
		if sum.Runs%250 == 0 {
			fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), &sum)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := report(machine, &sum); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", &sum)
}

// record is a line of the long ring's log. Only lines of the present commit
// count.
type record struct {
	result
	Commit string `json:"commit"`
}

func logged(t *testing.T, path, commit string) []record {
	t.Helper()
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []record
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var r record
		// The last line may be cut off.
		if json.Unmarshal(sc.Bytes(), &r) == nil && r.Commit == commit {
			out = append(out, r)
		}
	}
	return out
}
