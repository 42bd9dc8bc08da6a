package clusterbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"vigie/benchmarks"
	"vigie/cluster/clustertest"
	"vigie/models"
)

// Options say what to measure. Binary and Bare are required.
type Options struct {
	// Binary is the vigie program. Bare gives the program and arguments that run
	// bareraft.Serve for a folder and an id.
	Binary string
	Bare   func(dir, id string) []string
	// Passes is how often every number of clients writes, WriteTime how long, and
	// Warm how long it writes before that without being counted.
	Passes          int
	WriteTime, Warm time.Duration
	// Entries are imported; the restarts and new nodes are measured at that size.
	Entries, Restarts, Joins int
	// Kills, Transfers and Rolls are how often the leader is killed, hands over,
	// and all nodes are restarted one after the other.
	Kills, Transfers, Rolls int
	// Idle is how long idle nodes are listened to.
	Idle time.Duration
	// Only, when not "", names the steps to run, separated by commas.
	Only string
	// Progress is told each step in one line.
	Progress func(string)
}

// Report is the content of cluster.json.
type Report struct {
	Machine benchmarks.Machine `json:"machine"`
	Goals   []benchmarks.Goal  `json:"goals"`
	// PayloadBytes is the size of an entry of the writes in the raft log; the bare
	// raft writes as many. PlainBytes is that of one without a template.
	PayloadBytes int           `json:"payload_bytes"`
	Writes       []WritePass   `json:"writes,omitempty"`
	Import       *Import       `json:"import,omitempty"`
	Kills        *Gaps         `json:"leader_kills,omitempty"`
	Transfers    *Gaps         `json:"leader_transfers,omitempty"`
	Rolling      *Rolling      `json:"rolling_restarts,omitempty"`
	Restarts     []Start       `json:"restarts,omitempty"`
	Joins        []Start       `json:"joins,omitempty"`
	Idle         []IdleTraffic `json:"idle,omitempty"`
	Profile      []NodeProfile `json:"profile,omitempty"`
	// Skipped says what could not be measured here.
	Skipped []string `json:"skipped,omitempty"`
	// LoadAfter is the load average at the end: others worked here meanwhile when it
	// is far above the number of processes that were measured.
	LoadAfter string `json:"load_average_after"`
	// Seconds is how long all of it took.
	Seconds float64 `json:"seconds"`
}

type bench struct {
	Options
	report *Report
	cal    *models.Calibration
	c      *clustertest.Cluster // of the step under way
}

// Run measures everything that opt asks for and leaves nothing behind.
func Run(ctx context.Context, opt Options) (*Report, error) {
	cal, err := models.DefaultCalibration()
	if err != nil {
		return nil, fmt.Errorf("read the calibration: %w", err)
	}
	begin := time.Now()
	b := &bench{Options: opt, cal: cal, report: &Report{Machine: benchmarks.ThisMachine(begin)}}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"writes", b.on(b.writes)},
		{"faults", b.on(b.faults)},
		{"list", b.on(b.list)},
		{"idle", b.idle},
		{"profile", b.on(b.profile)},
	} {
		if opt.Only != "" && !strings.Contains(","+opt.Only+",", ","+step.name+",") {
			continue
		}
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	b.report.Goals = goals(b.report)
	b.report.LoadAfter = benchmarks.ThisMachine(time.Now()).LoadAvg
	b.report.Seconds = time.Since(begin).Seconds()
	return b.report, nil
}

// on runs a step on three new nodes.
func (b *bench) on(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		b.c, err = b.start(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.stop(b.c)) }()
		return step(ctx)
	}
}

// start makes a cluster of three in a folder of its own.
func (b *bench) start(ctx context.Context, set map[string]string) (*clustertest.Cluster, error) {
	dir, err := os.MkdirTemp("", "vigie-cluster-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	c, err := clustertest.Start(ctx, clustertest.Options{Binary: b.Binary, Dir: dir, Nodes: 3, Set: set})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start three nodes: %w", err), os.RemoveAll(dir))
	}
	return c, nil
}

// stop ends a cluster of start and removes its folder.
func (b *bench) stop(c *clustertest.Cluster) error {
	folder := c.Dir(0)[:len(c.Dir(0))-len("/"+c.Name(0))]
	return errors.Join(c.Close(), os.RemoveAll(folder))
}

// all are the numbers of the cluster's nodes.
func all(c *clustertest.Cluster) []int {
	out := make([]int, c.Len())
	for i := range out {
		out[i] = i
	}
	return out
}
