package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/clusterbench"
)

// bareNode is the area that runs one node of bare raft, with a folder and an id as
// arguments; -area cluster starts three of them.
const bareNode = "bare-raft-node"

// measureCluster measures a cluster of real processes.
func measureCluster(ctx context.Context, binary, only string, quick bool, out, results string) error {
	path, err := filepath.Abs(binary)
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	opt := clusterbench.Options{
		Binary: path, Bare: func(dir, id string) []string { return []string{self, "-area", bareNode, dir, id} },
		Passes: 3, WriteTime: 4 * time.Second, Warm: time.Second, Entries: 100_000, Restarts: 3, Joins: 3,
		Kills: 100, Transfers: 30, Rolls: 3, Idle: 2 * time.Minute, Only: only,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), s) },
	}
	if quick {
		opt.Passes, opt.WriteTime, opt.Warm, opt.Entries, opt.Restarts, opt.Joins = 1, time.Second, 200*time.Millisecond, 3000, 1, 1
		opt.Kills, opt.Transfers, opt.Rolls, opt.Idle = 5, 5, 1, 5*time.Second
	}
	report, err := clusterbench.Run(ctx, opt)
	if err != nil {
		return fmt.Errorf("measure the cluster: %w", err)
	}
	fmt.Println(report.Markdown())
	if quick || only != "" {
		return nil
	}
	if err := benchmarks.WriteJSON(out, "cluster", report); err != nil {
		return err
	}
	return benchmarks.WriteSection(results, "cluster", report.Markdown())
}
