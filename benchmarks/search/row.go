package search

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// Row is what one contender needed for one kind of query, in microseconds per
// query: the mean of a pass over all its queries, and of the passes the least
// and the median.
type Row struct {
	// Name is the comparison that the row belongs to; Flat of the same name,
	// kind and number of threads is what its ratios refer to.
	Name  string `json:"name"`
	Space string `json:"space"`
	N     int    `json:"n"`
	K     int    `json:"k"`
	// Tau is the largest distance that counts, nil for none.
	Tau  *float64 `json:"tau"`
	Kind string   `json:"kind"`

	Contender string  `json:"contender"`
	Threads   int     `json:"threads"`
	Kernel    string  `json:"kernel,omitempty"`
	MinUS     float64 `json:"min_us"`
	MedianUS  float64 `json:"median_us"`
	Passes    int     `json:"passes"`
	Queries   int     `json:"queries"`
	// RatioFlatMin and RatioFlatMedian are the flat scan's time over this one's,
	// of the least and of the median passes; nil without a flat scan beside it.
	RatioFlatMin    *float64 `json:"ratio_flat_min"`
	RatioFlatMedian *float64 `json:"ratio_flat_median"`
	// Recall and RecallAt1 are the shares of the true nearest rows found, of
	// the k and of the first; nil where the answer is checked in full.
	Recall    *float64 `json:"recall,omitempty"`
	RecallAt1 *float64 `json:"recall_at_1,omitempty"`
	// Differences counts the answers of all passes that are not the brute
	// force's, bit for bit; nil where that isn't asked.
	Differences *int `json:"differences,omitempty"`
	// Note says what is special about the row.
	Note string `json:"note,omitempty"`
}

// flatName is the contender that ratios refer to.
const flatName = "flat"

// side is one contender of a comparison.
type side struct {
	row Row
	// pass runs the queries from to to and returns how long they took together.
	pass func(ctx context.Context, from, to int) (time.Duration, error)
	// done completes the row after the last pass; it may be nil.
	done func(*Row) error
}

// contest lets the sides take turns: one pass each that isn't counted, of a few
// queries, then the given number of passes over all queries. It runs on one
// processor when threads is 1.
func contest(ctx context.Context, passes, queries, threads int, sides []side) ([]Row, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	runtime.GC() // what earlier steps left is not this one's to pay
	took := make([][]float64, len(sides))
	for p := range passes + 1 {
		for i, s := range sides {
			to := queries
			if p == 0 {
				to = min(queries, 4)
			}
			d, err := s.pass(ctx, 0, to)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", s.row.Name, s.row.Contender, err)
			}
			if p > 0 {
				took[i] = append(took[i], float64(d.Nanoseconds())/1000/float64(to))
			}
		}
	}
	rows := make([]Row, len(sides))
	for i, s := range sides {
		r := s.row
		r.Threads, r.Passes, r.Queries = threads, passes, queries
		r.MinUS, r.MedianUS = slices.Min(took[i]), median(took[i])
		if s.done != nil {
			if err := s.done(&r); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", r.Name, r.Contender, err)
			}
		}
		rows[i] = r
	}
	addRatios(rows)
	return rows, nil
}

// addRatios relates the rows to the flat scan among them.
func addRatios(rows []Row) {
	at := slices.IndexFunc(rows, func(r Row) bool { return r.Contender == flatName })
	if at < 0 {
		return
	}
	for i := range rows {
		if i != at {
			rows[i].RatioFlatMin = ratio(rows[at].MinUS, rows[i].MinUS)
			rows[i].RatioFlatMedian = ratio(rows[at].MedianUS, rows[i].MedianUS)
		}
	}
}

// ratio gives a/b, nil where that is no number.
func ratio(a, b float64) *float64 {
	r := a / b
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return nil
	}
	return &r
}

// median of values, which stay as they are; of an even number, the mean of the
// two in the middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
