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
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%d names in a process of their own\n", n)
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "-area", "names-large", "-names", f.data, "-list", list)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("measure the large list: %w", err)
	}
	var r evalnames.Large
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("read the large list's result: %w", err)
	}
	return &r, nil
}

// measureLargeHere is the process that measureLarge starts.
func measureLargeHere(ctx context.Context, data, list string) error {
	if strings.TrimSpace(list) == "" {
		return errors.New("give the list with -list FILE")
	}
	counts, err := evalnames.OpenData(data).Counts()
	if err != nil {
		return err
	}
	r, err := evalnames.RunLarge(ctx, evalnames.LargeOptions{List: list, Counts: counts, Seed: nameSeed, Queries: largeSearch})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
