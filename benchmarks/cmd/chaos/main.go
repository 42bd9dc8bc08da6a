package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/chaos"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run() error {
	binary := flag.String("binary", "bin/vigie", "the vigie executable")
	rounds := flag.Int("rounds", 120, "how many faults")
	seed := flag.Uint64("seed", 1, "draws the faults")
	out := flag.String("out", "benchmarks/out", "folder of chaos.json")
	results := flag.String("results", "", "Markdown file that takes the table, \"\" for none")
	flag.Parse()
	path, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "vigie-chaos-")
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	machine := benchmarks.ThisMachine(time.Now())
	res, err := chaos.Run(ctx, chaos.Options{Binary: path, Dir: dir, Rounds: *rounds, Seed: *seed, Say: func(s string) { fmt.Println(s) }})
	if res != nil {
		fmt.Print(res.Table())
	}
	if err != nil {
		return fmt.Errorf("%w; the nodes' logs are in %s", err, dir)
	}
	err = benchmarks.WriteJSON(*out, "chaos", struct {
		Machine benchmarks.Machine `json:"machine"`
		*chaos.Result
	}{machine, res})
	if *results != "" {
		err = errors.Join(err, benchmarks.WriteSection(*results, "chaos", section(machine, res)))
	}
	if res.Failed() {
		return errors.Join(err, fmt.Errorf("something was found that must never be; the nodes' logs are in %s", dir))
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// section is the table with where it was measured.
func section(m benchmarks.Machine, res *chaos.Result) string {
	return fmt.Sprintf("## Faults on real nodes (`make chaos`)\n\n%s, %d cores, %s, %s, commit %s, %s, load average before %s. Three `vigie serve` on loopback, each with 192 MiB of tmpfs, 2 writers, a searcher per node; made-up entries, no photos. Searches of a node are not counted while its process is down, nor while its syncs are made to fail, since it can't record them and refuses.\n\n| what | count |\n|---|---|\n%s", m.CPU, m.Cores, m.OS, m.Go, m.Commit, m.Date, m.LoadAvg, res.Table())
}
