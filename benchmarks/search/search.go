package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
	"vigie/models"
	"vigie/models/calibrate"
)

// Options say what to measure and with what.
type Options struct {
	// Groups are the labelled templates of real photos; without them the
	// galleries are drawn from the calibration's cohort.
	Groups []calibrate.Group
	// Peers is the program of benchmarks/peers; "" leaves FAISS, hnswlib and
	// OpenBLAS out. Cache is where hnswlib's graphs are kept between runs.
	Peers, Cache string
	// Passes and Queries are of each row; Batch is the number of queries where
	// several are answered together.
	Passes, Queries, Batch int
	// Small, Medium and Large are the sizes of the drawn galleries; 10,000,
	// 100,000 and 1,000,000 make the rows that the goals speak of.
	Small, Medium, Large int
	// Big is the size of one more gallery that is searched on one core, 10
	// million; 0 leaves it out.
	Big int
	// Only runs just the steps whose name contains it; "" runs all.
	Only string
	// LoadSeconds is how long each slice of the run with inserts takes; there
	// are eight of them.
	LoadSeconds float64
	// Progress is told each step in one line.
	Progress func(string)
}

// Report is the content of search.json.
type Report struct {
	Machine benchmarks.Machine `json:"machine"`
	// Stream is the bandwidth of reading memory.
	Stream []Bandwidth `json:"stream"`
	// Populations are what the galleries were drawn from.
	Populations []Population      `json:"populations"`
	Rows        []Row             `json:"rows"`
	Prefixes    []Prefix          `json:"prefixes"`
	Inserts     []Insert          `json:"inserts"`
	Load        *LoadRun          `json:"load,omitempty"`
	Memory      []Memory          `json:"memory"`
	Reload      *Reload           `json:"reload,omitempty"`
	Goals       []benchmarks.Goal `json:"goals"`
	// Notes say what was left out, and why.
	Notes []string `json:"notes"`
	// Seconds is how long the whole run took.
	Seconds float64 `json:"seconds"`
}

// Population describes a model that galleries were drawn from.
type Population struct {
	Name  string     `json:"name"`
	From  string     `json:"from"`
	Raw   gen.Spread `json:"raw_distances"`
	Calib []Point    `json:"calibrated"`
}

// Point holds a false match rate that the calibration states for a distance in
// the calibrated space against the one that the population has there.
type Point struct {
	StatedFMR   float64 `json:"stated_fmr"`
	Distance    float64 `json:"distance"`
	MeasuredFMR float64 `json:"measured_fmr"`
}

// bench is one run.
type bench struct {
	Options
	cal    *models.Calibration
	peers  *peers
	report *Report
	// fitted is drawn from for the calibrated space, diverse for the raw one.
	fitted, diverse *gen.Population
}

// Run measures everything. It needs some gigabytes of memory: about 5 kB per
// template of the large gallery and 1.3 kB per template of the big one.
func Run(ctx context.Context, opt Options) (r *Report, err error) {
	start := time.Now()
	if err := os.MkdirAll(opt.Cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache folder: %w", err)
	}
	b := &bench{Options: opt, report: &Report{Machine: benchmarks.ThisMachine(start)}}
	if b.cal, err = models.DefaultCalibration(); err != nil {
		return nil, fmt.Errorf("read the calibration: %w", err)
	}
	if opt.Peers == "" {
		b.note("FAISS, hnswlib and OpenBLAS were left out: no peers program was given")
	} else {
		if b.peers, err = startPeers(opt.Peers, opt.Cache); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, b.peers.close()) }()
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"memory bandwidth", b.bandwidth},
		{"populations", b.populations},
		{"real templates", b.real},
		{"small raw gallery", b.rawSmall},
		{"medium raw gallery", b.rawMedium},
		{"large raw gallery", b.rawLarge},
		{"medium calibrated gallery", b.calibratedMedium},
		{"large calibrated gallery", b.calibratedLarge},
		{"512 dimensions", b.wide},
		{"big raw gallery", b.big},
	} {
		if !strings.Contains(step.name, opt.Only) && step.name != "populations" {
			continue
		}
		b.Progress(fmt.Sprintf("%4.0f s  %s", time.Since(start).Seconds(), step.name))
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		runtime.GC()
	}
	b.report.Goals = goals(b.report)
	b.report.Seconds = time.Since(start).Seconds()
	return b.report, nil
}

func (b *bench) note(text string) {
	b.report.Notes = append(b.report.Notes, text)
	b.Progress("*** " + text)
}

// compare runs a contest and adds its rows to the report.
func (b *bench) compare(ctx context.Context, c *comparison, queries int, sides ...side) error {
	rows, err := contest(ctx, b.Passes, queries, c.threads, sides)
	if err != nil {
		return err
	}
	b.report.Rows = append(b.report.Rows, rows...)
	for _, r := range rows {
		b.Progress("        " + r.line())
	}
	return nil
}

// each runs a comparison for both kinds of queries and for each number of
// threads that the machine has.
func (b *bench) each(ctx context.Context, c comparison, threads []int, sides func(*comparison) []side) error {
	for _, c.threads = range threads {
		if c.threads > runtime.NumCPU() {
			continue
		}
		for _, c.kind = range kinds {
			one := c
			if err := b.compare(ctx, &one, b.Queries, sides(&one)...); err != nil {
				return err
			}
		}
	}
	return nil
}
