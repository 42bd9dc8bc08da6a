package search

import (
	"fmt"
	"runtime"
	"time"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
)

// Prefix is what the codes do with one plane or two.
type Prefix struct {
	Space  string  `json:"space"`
	N      int     `json:"n"`
	Limit  float64 `json:"limit"`
	Planes int     `json:"planes"`
	// Chosen says that Fit takes this number for these templates.
	Chosen bool `json:"chosen"`
	// Scanned is the number of bytes that level 1 streams per row; Level1 and
	// Level2 are the shares of the rows that pass.
	Scanned float64 `json:"scanned_bytes"`
	Level1  float64 `json:"level_1"`
	Level2  float64 `json:"level_2"`
	// MinUS and MedianUS are a scan's time in microseconds, of all passes over
	// the queries.
	MinUS    float64 `json:"min_us"`
	MedianUS float64 `json:"median_us"`
}

func (p Prefix) mark() string {
	if p.Chosen {
		return " (chosen)"
	}
	return ""
}

// prefixQueries is how many miss queries a number of planes is tried with, and
// prefixChunk how many rows are scanned at a time, as in a search.
const (
	prefixQueries = 16
	prefixChunk   = 8192
)

// prefixes measures level 1 and 2 of the codes alone, without templates, for every
// number of planes, at the bound that a search for ten people within
// each distance ends with.
func (b *bench) prefixes(d *data, t *truth, taus ...float64) error {
	basis, err := codes.Fit(d.dim, d.n, d.row)
	if err != nil {
		return fmt.Errorf("fit a basis: %w", err)
	}
	chosen := basis.Planes()
	for planes := 1; planes <= kernel.MaxPlanes; planes++ {
		if basis, err = codes.FitPlanes(d.dim, d.n, planes, d.row); err != nil {
			return fmt.Errorf("fit a basis with %d planes: %w", planes, err)
		}
		c := codes.New(basis, (d.n+codes.Lanes-1)/codes.Lanes*codes.Lanes, kernel.Best())
		start := time.Now()
		for i := range d.n {
			c.Append(d.row(i))
		}
		took := time.Since(start)
		for _, tau := range taus {
			p := Prefix{Space: d.label, N: d.n, Planes: planes, Chosen: planes == chosen}
			b.prefix(&p, c, t, tau)
			b.report.Prefixes = append(b.report.Prefixes, p)
			b.Progress(fmt.Sprintf("        %+v, coded at %.3f us a row", p, micros(took)/float64(d.n)))
		}
	}
	return nil
}

// prefix scans the codes for some queries, on one processor.
func (b *bench) prefix(p *Prefix, c *codes.Codes, t *truth, tau float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	basis, mark := c.Basis(), c.Mark()
	qs := t.d.queries["miss"].rows
	qs = qs[:min(len(qs), prefixQueries)]
	var s codes.Scratch
	probe := codes.NewProbe(basis, qs[0], kernel.Best())
	var out []codes.Survivor
	var times []float64
	for pass := range b.Passes + 1 {
		var took time.Duration
		s.ResetStats()
		for i, q := range qs {
			best := t.best["miss"][i]
			limit := min(tau, distanceAt(best[min(9, len(best)-1)].score))
			p.Limit += limit / float64(len(qs)*(b.Passes+1))
			start := time.Now()
			probe.Reset(basis, q, kernel.Best())
			for from := 0; from < mark.Rows(); from += prefixChunk {
				out = c.Scan(mark, probe, from, from+prefixChunk, limit, &s, out[:0])
			}
			took += time.Since(start)
		}
		if pass > 0 {
			times = append(times, micros(took)/float64(len(qs)))
		}
	}
	p.MinUS, p.MedianUS = least(times), median(times)
	st := s.Stats()
	rows := float64(mark.Rows() * len(qs))
	scanned, _ := st.Bytes(basis.Planes())
	p.Scanned, p.Level1, p.Level2 = float64(scanned)/rows, float64(st.Level1)/rows, float64(st.Level2)/rows
}
