package codes

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"vigie/benchmarks/gen"
	"vigie/index/face/kernel"
	"vigie/models"
)

// gallery is synthetic templates in the calibrated space, drawn once.
type gallery struct {
	once    sync.Once
	dim, n  int
	rows    []float32
	queries [][]float32
	codes   *Codes
}

func (g *gallery) row(i int) []float32 { return g.rows[i*g.dim:][:g.dim] }

// drawn is how many templates are drawn one by one. The rest are mixtures of two
// of them, which have nearly the same mean and covariance and cost little.
const drawn = 40000

// draw makes the templates, queries of persons that are not among them, and the
// codes on the fastest kernel.
func (g *gallery) draw(tb testing.TB) {
	tb.Helper()
	g.once.Do(func() {
		c, err := models.DefaultCalibration()
		if err != nil {
			tb.Fatal(err)
		}
		people, err := gen.NewTemplates(c, 7)
		if err != nil {
			tb.Fatal(err)
		}
		one := func() []float32 {
			x, err := c.Project(people.Draw())
			if err != nil {
				tb.Fatal(err)
			}
			return append(x, make([]float32, g.dim-len(x))...)
		}
		g.dim = (c.Dim() + 15) / 16 * 16
		g.rows = make([]float32, g.n*g.dim)
		base := min(g.n, drawn)
		for i := range base {
			copy(g.row(i), one())
		}
		for i := base; i < g.n; i++ {
			mix(g.row(i), g.row(i%base), g.row((i*7919+i/base*31)%base), float64(i))
		}
		for range 50 {
			g.queries = append(g.queries, one())
		}
		b, err := Fit(g.dim, g.n, g.row)
		if err != nil {
			tb.Fatal(err)
		}
		g.codes = New(b, (g.n+Lanes-1)/Lanes*Lanes, kernel.Best())
		for i := range g.n {
			g.codes.Append(g.row(i))
		}
	})
}

// mix writes the unit vector in the direction of x·cos a + y·sin a.
func mix(to, x, y []float32, a float64) {
	s, c := math.Sincos(0.3 + math.Mod(a*0.618, 0.9))
	n := 0.0
	for i := range to {
		v := c*float64(x[i]) + s*float64(y[i])
		n += v * v
		to[i] = float32(v)
	}
	if n == 0 {
		return
	}
	for i := range to {
		to[i] = float32(float64(to[i]) / math.Sqrt(n))
	}
}

var galleries = []*gallery{{n: 100_000}, {n: 1_000_000}}

var bounds = []float64{0.6, 0.7, 0.875, 0.98}

func BenchmarkAppend(b *testing.B) {
	g := galleries[0]
	g.draw(b)
	for _, k := range kernel.Available() {
		b.Run(k.Name(), func(b *testing.B) {
			b.ReportAllocs()
			c := New(g.codes.b, g.n/Lanes*Lanes, k)
			for i := 0; b.Loop(); i++ {
				if i == c.capacity {
					i = 0
					c.w.mark.rows = 0
				}
				c.Append(g.row(i))
			}
		})
	}
}

func BenchmarkReset(b *testing.B) {
	g := galleries[0]
	g.draw(b)
	b.ReportAllocs()
	p, k := &Probe{}, kernel.Best()
	for i := 0; b.Loop(); i++ {
		p.Reset(g.codes.b, g.queries[i%len(g.queries)], k)
	}
}

func BenchmarkThresholds(b *testing.B) {
	g := galleries[0]
	g.draw(b)
	p := NewProbe(g.codes.b, g.queries[0], kernel.Best())
	m := g.codes.Mark()
	var s Scratch
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.set(p, &m, 0.5+float64(i&7)/16)
	}
}

func BenchmarkScan(b *testing.B) {
	for _, g := range galleries {
		for _, bound := range bounds {
			b.Run(fmt.Sprintf("%d/%v", g.n, bound), func(b *testing.B) {
				g.draw(b)
				scan(b, g, g.codes, bound)
			})
		}
	}
}

// BenchmarkPlanes compares the numbers of planes.
func BenchmarkPlanes(b *testing.B) {
	for _, g := range galleries {
		for planes := 1; planes <= kernel.MaxPlanes; planes++ {
			var c *Codes
			for _, bound := range bounds {
				b.Run(fmt.Sprintf("%d/%d/%v", g.n, kernel.PlaneDims(planes), bound), func(b *testing.B) {
					g.draw(b)
					if c == nil {
						c = g.withPlanes(b, planes)
					}
					scan(b, g, c, bound)
				})
			}
		}
	}
}

func scan(b *testing.B, g *gallery, c *Codes, bound float64) {
	m := c.Mark()
	var s Scratch
	var p Probe
	out := make([]Survivor, 0, g.n)
	b.ReportAllocs()
	searches := 0.0
	for i := 0; b.Loop(); i++ {
		p.Reset(c.b, g.queries[i%len(g.queries)], c.k)
		out = c.Scan(m, &p, 0, g.n, bound, &s, out[:0])
		searches++
	}
	t := s.Stats()
	rows := float64(t.Rows)
	scanned, fetched := t.Bytes(c.b.planes)
	b.ReportMetric(100*float64(t.Level1)/rows, "level1-%")
	b.ReportMetric(100*float64(t.Level2)/rows, "level2-%")
	b.ReportMetric(float64(scanned)/searches/1e6, "MB-scanned")
	b.ReportMetric(float64(fetched)/searches/1e6, "MB-fetched")
	b.ReportMetric(float64(len(c.Outliers(m))), "outliers")
}

// withPlanes codes the gallery with another number of planes.
func (g *gallery) withPlanes(tb testing.TB, planes int) *Codes {
	tb.Helper()
	b, err := FitPlanes(g.dim, g.n, planes, g.row)
	if err != nil {
		tb.Fatal(err)
	}
	c := New(b, (g.n+Lanes-1)/Lanes*Lanes, kernel.Best())
	for i := range g.n {
		c.Append(g.row(i))
	}
	return c
}
