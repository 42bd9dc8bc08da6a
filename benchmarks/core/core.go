package core

import (
	"context"
	"fmt"
	"os"
	"time"

	"vigie/benchmarks"
	"vigie/cluster/clustertest"
)

// Options say what to measure and with what.
type Options struct {
	// Binary is the vigie program, ModelsDir where the face models are ("" to
	// have the program find them).
	Binary, ModelsDir string
	// Portrait is a JPEG of one face, at least 512 px a side; "" leaves the
	// photo measurements out.
	Portrait []byte
	// WriteSeconds is how long each number of clients writes.
	WriteSeconds int
	// Queries is the number of name queries per list size, Photos of photo
	// queries per picture and pass, Passes of the passes. RateSeconds is how long
	// portraits are asked for at full speed.
	Queries, Photos, Passes int
	RateSeconds             float64
	// ListSizes are the numbers of entries at which names are measured, rising.
	ListSizes []int
	// GallerySizes are the numbers of templates of the face search alone.
	GallerySizes []int
	// Progress is told each step in one line.
	Progress func(string)
}

// Writes is the rate of single durable writes with a number of clients.
type Writes struct {
	Clients   int                `json:"clients"`
	Seconds   float64            `json:"seconds"`
	PerSecond float64            `json:"writes_per_second"`
	Failed    int                `json:"failed"`
	LastError string             `json:"last_error,omitempty"`
	Latency   benchmarks.Latency `json:"latency"`
}

// Query is one kind of match query at one list size.
type Query struct {
	What    string             `json:"what"`
	Entries int                `json:"entries"`
	Gallery int                `json:"gallery"`
	Latency benchmarks.Latency `json:"latency"`
	// Node is the node's own time, the sum of the stages it states.
	Node benchmarks.Latency `json:"node_latency"`
	// Stages is the p50 of each stage, milliseconds.
	Stages map[string]float64 `json:"stages_p50_ms"`
	// Found is the share of queries whose person came first.
	Found float64 `json:"rank_1"`

	took, node []time.Duration
	stages     map[string][]time.Duration
}

// Import is the rate of a batched import.
type Import struct {
	Entries   int     `json:"entries"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"entries_per_second"`
}

// FaceSearch is the gallery alone, top 10 over all templates, no threshold and
// at the product's operating point.
type FaceSearch struct {
	Templates int                `json:"templates"`
	BuildMS   float64            `json:"build_ms"`
	Top10     benchmarks.Latency `json:"top10"`
	AtPoint   benchmarks.Latency `json:"at_operating_point"`
	Threshold float64            `json:"threshold"`
}

// Report is the content of core.json.
type Report struct {
	Machine benchmarks.Machine `json:"machine"`
	Writes  []Writes           `json:"writes"`
	Imports []Import           `json:"imports"`
	Names   []Query            `json:"names"`
	// Photos are the queries of all passes, PhotoPasses each pass alone.
	Photos      []Query     `json:"photos"`
	PhotoPasses []PhotoPass `json:"photo_passes"`
	Rates       []Rate      `json:"portraits_per_second"`
	// WorkersMB is the memory in RAM of a node with two face workers and an empty
	// list after photos, 0 when the system doesn't tell.
	WorkersMB float64           `json:"two_workers_rss_mb"`
	Goals     []benchmarks.Goal `json:"photo_goals"`
	Faces     []FaceSearch      `json:"face_search"`
}

// Run measures everything. It takes some minutes, needs the binary, and leaves
// nothing behind.
func Run(ctx context.Context, opt Options) (*Report, error) {
	r := &Report{Machine: benchmarks.ThisMachine(time.Now())}
	faces, err := faceSearch(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("face search: %w", err)
	}
	r.Faces = faces
	b := &bench{Options: opt, report: r}
	for _, phase := range []func(context.Context) error{b.singleWrites, b.queries} {
		if err := b.onFreshCluster(ctx, 3, phase); err != nil {
			return nil, err
		}
	}
	if opt.Portrait != nil {
		if err := b.onFreshCluster(ctx, 1, b.photoPath); err != nil {
			return nil, err
		}
		r.Goals = goals(r)
	}
	return r, nil
}

type bench struct {
	Options
	cluster *clustertest.Cluster
	report  *Report
	// entries counts what the list holds.
	entries int
}

// onFreshCluster runs a phase on new nodes with an empty list. A node alone has
// two face workers.
func (b *bench) onFreshCluster(ctx context.Context, nodes int, phase func(context.Context) error) error {
	dir, err := os.MkdirTemp("", "vigie-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	b.cluster, err = clustertest.Start(ctx, clustertest.Options{
		Binary: b.Binary, Dir: dir + "/cluster", Nodes: nodes, Faces: nodes == 1, Workers: 2, ModelsDir: b.ModelsDir,
		Progress: b.Progress,
	})
	if err != nil {
		return fmt.Errorf("start %d nodes: %w", nodes, err)
	}
	b.entries = 0
	err = phase(ctx)
	if stop := b.cluster.Close(); err == nil && stop != nil {
		err = fmt.Errorf("stop the nodes: %w", stop)
	}
	return err
}

// singleWrites measures writes one by one.
func (b *bench) singleWrites(ctx context.Context) error {
	for _, clients := range []int{1, 16, 64} {
		b.Progress(fmt.Sprintf("durable writes, %d clients", clients))
		if err := b.writes(ctx, clients); err != nil {
			return fmt.Errorf("writes with %d clients: %w", clients, err)
		}
	}
	return nil
}

// queries measures imports and name queries.
func (b *bench) queries(ctx context.Context) error {
	for _, size := range b.ListSizes {
		b.Progress(fmt.Sprintf("import up to %d entries", size))
		if err := b.fill(ctx, size); err != nil {
			return fmt.Errorf("import up to %d entries: %w", size, err)
		}
		b.Progress(fmt.Sprintf("name queries among %d entries", b.entries))
		if err := b.names(ctx); err != nil {
			return fmt.Errorf("name queries: %w", err)
		}
	}
	return nil
}
