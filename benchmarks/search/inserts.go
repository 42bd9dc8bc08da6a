package search

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"vigie/benchmarks"
	"vigie/index/face"
	"vigie/index/face/codes"
	"vigie/index/face/kernel"
	"vigie/watchlist"
)

// Insert is what one new entry with one photo costs the writer, in microseconds.
type Insert struct {
	What string `json:"what"`
	// Entries is how many were inserted, Into how many templates there were.
	Entries int `json:"entries"`
	Into    int `json:"into"`
	// Mean is the least mean of some rounds, Median the median one.
	Mean   float64 `json:"mean_us"`
	Median float64 `json:"median_of_means_us"`
	// Max is the longest time of one entry, Unseen the number of new entries
	// that a search begun right after did not find.
	Max    float64 `json:"max_us"`
	Unseen int     `json:"unseen"`
}

// Memory is what a gallery holds per template, in bytes.
type Memory struct {
	Space string `json:"space"`
	N     int    `json:"n"`
	// Hot is what a search may stream of every template, without the template
	// itself: all codes.
	Hot int `json:"hot_bytes"`
	// Resident is what the process grew by when the gallery was built: codes,
	// the template, whose it is, and the writer's bookkeeping; 0 when unknown.
	Resident float64 `json:"resident_bytes"`
	Segments int     `json:"segments"`
	Bases    int     `json:"bases"`
	Outliers int     `json:"outliers"`
}

// memory records what a gallery holds.
func (b *bench) memory(d *data, all *galleries) {
	s := all.on(1).Stats()
	b.report.Memory = append(b.report.Memory, Memory{
		Space: d.label, N: d.n, Hot: s.HotBytes, Resident: float64(all.resident) / float64(d.n),
		Segments: s.Segments, Bases: s.Bases, Outliers: s.Outliers,
	})
}

// newcomer is an entry of a person beyond the drawn ones.
func newcomer(d *data, number int, template []float32) *watchlist.Entry {
	return &watchlist.Entry{
		ID: entryID(1<<40 + number), Status: watchlist.StatusActive,
		Faces: []watchlist.Face{{ID: "1", Model: d.space.Model(), Template: watchlist.EncodeTemplate(template)}},
	}
}

// insertRounds is how many times the cost of inserting is measured.
const insertRounds = 5

// applyCost measures Apply with one new entry each, the way that the raft
// goroutine calls it, and looks for each of some entries at once.
func applyCost(ctx context.Context, d *data, g *face.Gallery, what string, from, each int, photos [][]float32) (Insert, error) {
	out := Insert{What: what, Into: g.Size()}
	var means []float64
	for round := range insertRounds {
		entries := make([]*watchlist.Entry, each)
		for i := range entries {
			entries[i] = newcomer(d, from+round*each+i, photos[round*each+i])
		}
		start := time.Now()
		for _, e := range entries {
			at := time.Now()
			if err := g.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, g.Applied()+1); err != nil {
				return out, fmt.Errorf("apply: %w", err)
			}
			out.Max = max(out.Max, micros(time.Since(at)))
		}
		means = append(means, micros(time.Since(start))/float64(each))
		out.Entries += each
	}
	out.Mean, out.Median = least(means), median(means)
	for i := range 100 { // visible at once, each
		n := from + insertRounds*each + i
		e := newcomer(d, n, photos[insertRounds*each+i])
		if err := g.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, g.Applied()+1); err != nil {
			return out, fmt.Errorf("apply: %w", err)
		}
		q := watchlist.FaceQuery{Template: photos[insertRounds*each+i], Model: d.space.Model(), K: 1, MinScore: -1}
		found, _, err := g.Search(ctx, q, nil)
		if err != nil {
			return out, fmt.Errorf("search: %w", err)
		}
		if len(found) != 1 || found[0].Entry != e.ID || found[0].Score != 1 {
			out.Unseen++
		}
	}
	return out, nil
}

// appendName is the cost of the codes alone.
const appendName = "codes and values of the index alone"

// writing measures what new entries cost, and queries while they come in.
func (b *bench) writing(ctx context.Context, d *data, g *face.Gallery) error {
	one, err := appendCost(d)
	if err != nil {
		return err
	}
	b.report.Inserts = append(b.report.Inserts, one)
	each := max(b.Large/100, 100)
	fresh, err := draw(d.space, "newcomers", b.fitted, 98, (insertRounds*each+100+1)/2*2, 1)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(fresh)
	var photos, projected [][]float32
	for i := range fresh.n {
		photos, projected = append(photos, fresh.template(i)), append(projected, fresh.row(i))
	}
	raw := *d // the same gallery for templates that are projected already
	raw.space, raw.templates = rawSpace{rawModel}, d.rows
	plain, err := raw.build(bestKernel(), 2)
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close() }()
	for _, c := range []struct {
		what   string
		d      *data
		g      *face.Gallery
		photos [][]float32
	}{{"Apply, projected already", &raw, plain, projected}, {"Apply, with its projection", d, g, photos}} {
		one, err := applyCost(ctx, c.d, c.g, c.what, 0, each, c.photos)
		if err != nil {
			return err
		}
		b.report.Inserts = append(b.report.Inserts, one)
	}
	for _, i := range b.report.Inserts {
		b.Progress(fmt.Sprintf("        %+v", i))
	}
	return b.underLoad(ctx, d, g)
}

// appendCost measures the codes alone: coding a row and keeping its values.
func appendCost(d *data) (Insert, error) {
	basis, err := codes.Fit(d.dim, d.n, d.row)
	if err != nil {
		return Insert{}, fmt.Errorf("fit a basis: %w", err)
	}
	out := Insert{What: appendName}
	n := min(d.n, 200_000) / codes.Lanes * codes.Lanes
	values := make([]float32, d.dim*n)
	var means []float64
	for range insertRounds {
		c := codes.New(basis, n, kernel.Best())
		start := time.Now()
		for i := range n {
			copy(values[i*d.dim:], d.row(i))
			c.Append(d.row(i))
		}
		means = append(means, micros(time.Since(start))/float64(n))
		out.Entries += n
	}
	out.Mean, out.Median = least(means), median(means)
	return out, nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// LoadRun is the latency of queries, alone and while entries come in, slice by
// slice in turns; queries arrive at a fixed rate whether or not earlier ones are
// answered, and their time counts from when they were due.
type LoadRun struct {
	Space     string             `json:"space"`
	N         int                `json:"n"`
	Tau       float64            `json:"tau"`
	QueryRate int                `json:"queries_per_second"`
	Inserts   int                `json:"inserts_per_second"`
	Seconds   float64            `json:"slice_seconds"`
	Slices    int                `json:"slices"`
	Alone     benchmarks.Latency `json:"alone"`
	Under     benchmarks.Latency `json:"under_inserts"`
	// RatioP99 is the p99 under inserts over that alone.
	RatioP99 float64 `json:"ratio_p99"`
	// Apply is the time of Apply with one entry: it is visible when Apply
	// returns. Applied is how many there were, PerSecond the rate reached.
	Apply     benchmarks.Latency `json:"apply"`
	Applied   int                `json:"applied"`
	PerSecond float64            `json:"applied_per_second"`
}
