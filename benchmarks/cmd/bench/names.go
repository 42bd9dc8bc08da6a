package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/evalnames"
)

// nameFlags say where the labelled names are and how much is measured.
type nameFlags struct {
	data, only, out, results string
	quick                    bool
}

const (
	nameSeed    = 2026
	largeNames  = 1_000_000
	largeSearch = 1200
)

// measureNames measures the accuracy of the name search on the labelled names,
// and its speed on a million generated ones in a process of its own. With only
// "accuracy" or "speed" it prints that part and writes nothing.
func measureNames(ctx context.Context, f nameFlags) error {
	if f.data == "" {
		return errors.New("give the labelled names with -names DIR (make bench-names does)")
	}
	machine := benchmarks.ThisMachine(time.Now())
	data := evalnames.OpenData(f.data)
	var large *evalnames.Large
	var err error
	if f.only != "accuracy" {
		if large, err = measureLarge(ctx, f); err != nil {
			return err
		}
	}
	if f.only == "speed" {
		fmt.Println(large.Markdown())
		return nil
	}
	o := evalnames.BenchOptions{
		Data: data, Seed: nameSeed, ListSize: 110_000, Targets: 10_000, PerOrthography: 2000, Typos: 2000, Strangers: 10_000,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, s) },
	}
	if f.quick {
		o.ListSize, o.Targets, o.PerOrthography, o.Typos, o.Strangers = 5000, 1000, 100, 100, 500
	}
	report, err := evalnames.RunBench(ctx, o)
	if err != nil {
		return err
	}
	goals := evalnames.BenchGoals(report, large)
	text := fmt.Sprintf("## Names: finding a person whose name is written otherwise\n\n`make bench-names`, %s, commit %s, %s, %d cores, load before %s.\n\n%s\n%s",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, benchmarks.GoalTable(goals), report.Markdown())
	if large != nil {
		text += "\n" + large.Markdown()
	}
	fmt.Println(text)
	if f.only != "" {
		return nil
	}
	if err := benchmarks.WriteJSON(f.out, "names", struct {
		*evalnames.Bench
		Large   *evalnames.Large   `json:"large"`
		Goals   []benchmarks.Goal  `json:"goals"`
		Machine benchmarks.Machine `json:"machine"`
	}{report, large, goals, machine}); err != nil {
		return err
	}
	return benchmarks.WriteSection(f.results, "names", text)
}

// measureLarge writes the list to a folder of its own and runs this program again
// to measure it, so that the memory is that of the name index alone.
func measureLarge(ctx context.Context, f nameFlags) (*evalnames.Large, error) {
	dir, err := os.MkdirTemp("", "vigie-names-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the list: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	counts, err := evalnames.OpenData(f.data).Counts()
	if err != nil {
		return nil, err
	}
	n := largeNames
	if f.quick {
		n = 20_000
	}
	list := filepath.Join(dir, "list.txt")
	if err := evalnames.WriteLarge(list, nameSeed, n, counts); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%d names in a process of their own\n", n)
	var r evalnames.Large
	if err := measureApart(ctx, f.data, list, "names-large", &r); err != nil {
		return nil, err
	}
	// Other programs run on the machine as well: the least of some starts is told. The
	// file is in the page cache, as after a restart of the program alone.
	for i := range 3 {
		var s evalnames.Start
		if err := measureApart(ctx, f.data, list, "names-start", &s); err != nil {
			return nil, err
		}
		if i == 0 || s.Seconds < r.StartSeconds {
			r.StartSeconds = s.Seconds
		}
		r.FileMiB, r.Same = s.FileMiB, r.Same && s.Digest == r.Digest
	}
	return &r, nil
}

// measureApart runs this program again for one area and reads what it measured.
func measureApart(ctx context.Context, data, list, area string, into any) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "-area", area, "-names", data, "-list", list)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("measure the large list: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		return fmt.Errorf("read the large list's result: %w", err)
	}
	return nil
}

// measureLargeHere is the process that measureLarge starts; with start it is the one
// that opens the index's file, which the other left beside the list.
func measureLargeHere(ctx context.Context, data, list string, start bool) error {
	if strings.TrimSpace(list) == "" {
		return errors.New("give the list with -list FILE")
	}
	counts, err := evalnames.OpenData(data).Counts()
	if err != nil {
		return err
	}
	o := evalnames.LargeOptions{List: list, Keep: filepath.Dir(list), Counts: counts, Seed: nameSeed, Queries: largeSearch}
	var r any
	if start {
		r, err = evalnames.RunStart(ctx, o)
	} else {
		r, err = evalnames.RunLarge(ctx, o)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
