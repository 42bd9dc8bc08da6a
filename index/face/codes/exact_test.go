package codes

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"vigie/index/face/kernel"
)

// scene is a segment and the vectors in it.
type scene struct {
	dim  int
	rows [][]float32
	b    *Basis
}

// shapes of vectors: each draws one.
var shapes = []struct {
	name string
	draw func(r *rand.Rand, x []float32, like [][]float32)
}{
	{"unit", func(r *rand.Rand, x []float32, _ [][]float32) { unit(r, x, len(x)) }},
	{"spectrum", func(r *rand.Rand, x []float32, _ [][]float32) {
		for i := range x {
			x[i] = float32(1 + r.NormFloat64()*math.Exp(-float64(i)/12))
		}
	}},
	{"zero", func(_ *rand.Rand, x []float32, _ [][]float32) { clear(x) }},
	{"equal", func(_ *rand.Rand, x []float32, _ [][]float32) {
		for i := range x {
			x[i] = 0.3
		}
	}},
	{"huge", func(r *rand.Rand, x []float32, _ [][]float32) { scaled(r, x, 1e19) }},
	{"largest", func(r *rand.Rand, x []float32, _ [][]float32) {
		for i := range x {
			x[i] = math.MaxFloat32 * float32(r.IntN(3)-1)
		}
	}},
	{"denormal", func(r *rand.Rand, x []float32, _ [][]float32) { scaled(r, x, 1e-42) }},
	{"small", func(r *rand.Rand, x []float32, _ [][]float32) { scaled(r, x, math.Pow(10, -30*r.Float64())) }},
	{"spike", func(r *rand.Rand, x []float32, _ [][]float32) {
		clear(x)
		x[r.IntN(len(x))] = float32(math.Pow(10, 8*r.Float64()-4))
	}},
	{"offset", func(r *rand.Rand, x []float32, _ [][]float32) {
		unit(r, x, len(x))
		for i := range x {
			x[i] += 1000
		}
	}},
	{"near", func(r *rand.Rand, x []float32, like [][]float32) {
		if len(like) == 0 {
			unit(r, x, len(x))
			return
		}
		copy(x, like[r.IntN(len(like))])
		scale := float32(math.Pow(10, -8*r.Float64()))
		for i := range x {
			x[i] += scale * float32(r.NormFloat64()) / 10
		}
	}},
	{"same", func(r *rand.Rand, x []float32, like [][]float32) {
		if len(like) > 0 {
			copy(x, like[r.IntN(len(like))])
		}
	}},
}

func scaled(r *rand.Rand, x []float32, by float64) {
	for i := range x {
		x[i] = float32(by * r.NormFloat64())
	}
}

// unit draws a direction of the leading n dimensions.
func unit(r *rand.Rand, x []float32, n int) {
	clear(x)
	s := 0.0
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
		s += v[i] * v[i]
	}
	for i := range v {
		x[i] = float32(v[i] / math.Sqrt(s))
	}
}

// newScene draws a segment of mostly one shape and a basis: fitted to it, fitted
// to others, or the default one.
func newScene(t testing.TB, r *rand.Rand, most int) scene {
	dims := []int{16, 32, 48, 64, 80, 128, 144}
	s := scene{dim: dims[r.IntN(len(dims))]}
	if r.IntN(30) == 0 {
		s.dim = 256 // rarely: fitting takes long, and the fuzzer gives up after 10 s
	}
	padding := r.IntN(9)
	for range r.IntN(200) + 1 {
		shape := most
		if r.IntN(12) == 0 {
			shape = r.IntN(len(shapes))
		}
		x := make([]float32, s.dim)
		shapes[shape].draw(r, x[:s.dim-padding], s.rows)
		s.rows = append(s.rows, x)
	}
	fitted, others := s.rows, r.IntN(len(shapes))
	switch r.IntN(8) {
	case 0:
		s.b = DefaultBasis(s.dim, math.Pow(10, 4*r.Float64()-2))
		return s
	case 1:
		fitted = nil
		for range 1 + r.IntN(100) {
			x := make([]float32, s.dim)
			shapes[others].draw(r, x, fitted)
			fitted = append(fitted, x)
		}
	}
	var err error
	s.b, err = FitPlanes(s.dim, len(fitted), 1+r.IntN(2), func(i int) []float32 { return fitted[i] })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// query draws a probe: of any shape, or near a row.
func (s *scene) query(r *rand.Rand, shape int) []float32 {
	q := make([]float32, s.dim)
	shapes[shape].draw(r, q, s.rows)
	return q
}

// limits are distances where an error would show: those of rows, exactly and
// nearly, and the extremes.
func (s *scene) limit(r *rand.Rand, q []float32) float64 {
	d := distance(q, s.rows[r.IntN(len(s.rows))])
	switch r.IntN(10) {
	case 0:
		return 0
	case 1:
		return math.Inf(1)
	case 2:
		return math.Pow(10, 60*r.Float64()-30)
	case 3:
		return math.Nextafter(d, math.Inf(-1))
	case 4, 5:
		return d * (0.5 + r.Float64())
	case 6:
		return d / 10
	default:
		return d
	}
}

// check compares a scan with brute force.
func (s *scene) check(t *testing.T, c *Codes, m Mark, p *Probe, q []float32, from, to int, limit float64, sc *Scratch) {
	t.Helper()
	got := c.Scan(m, p, from, to, limit, sc, nil)
	to = min(to, m.Rows())
	found := make([]bool, len(s.rows))
	last := -1
	for _, v := range got {
		row := int(v.Row)
		if row <= last || row < from || row >= to {
			t.Fatalf("row %d after %d in [%d, %d)", row, last, from, to)
		}
		last = row
		found[row] = true
		if d := distance(q, s.rows[row]); float64(v.Lower) > d {
			t.Fatalf("row %d: lower bound %v, distance %v", row, v.Lower, d)
		}
	}
	for _, row := range c.Outliers(m) {
		if found[row] {
			t.Fatalf("outlier %d was returned", row)
		}
		found[row] = true
	}
	for row := from; row < to; row++ {
		if d := distance(q, s.rows[row]); d <= limit && !found[row] {
			t.Fatalf("dimension %d, %d planes: row %d of %d lies at %v within %v and was lost",
				s.dim, s.b.planes, row, m.Rows(), d, limit)
		}
	}
}

// codesOf codes the rows.
func (s *scene) codesOf(k *kernel.Set) *Codes {
	c := New(s.b, (len(s.rows)+Lanes-1)/Lanes*Lanes, k)
	for _, x := range s.rows {
		c.Append(x)
	}
	return c
}

func TestScanLosesNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	scenes := 150
	if testing.Short() {
		scenes = 30
	}
	searches := 0
	for n := range scenes {
		searches += loseNothing(t, seed+uint64(n), n%len(shapes), 12)
		if t.Failed() {
			t.Fatalf("seed %d", seed+uint64(n))
		}
	}
	t.Logf("%d searches", searches)
}

// loseNothing tries some queries on one scene with all kernels.
func loseNothing(t *testing.T, seed uint64, most, queries int) (searches int) {
	r := rand.New(rand.NewPCG(seed, 3))
	s := newScene(t, r, most)
	for _, k := range kernel.Available() {
		c := s.codesOf(k)
		m := c.Mark()
		var p *Probe
		var sc Scratch
		for range queries {
			q := s.query(r, r.IntN(len(shapes)))
			if p == nil {
				p = NewProbe(s.b, q, k)
			} else {
				p.Reset(s.b, q, k)
			}
			for range 4 {
				from := r.IntN(len(s.rows)/Lanes+1) * Lanes
				s.check(t, c, m, p, q, from, r.IntN(len(s.rows)+40), s.limit(r, q), &sc)
				s.check(t, c, m, p, q, 0, len(s.rows), s.limit(r, q), &sc)
				searches += 2
			}
		}
	}
	return searches
}

func FuzzScanLosesNothing(f *testing.F) {
	for i := range shapes {
		f.Add(uint64(i), byte(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, most byte) {
		loseNothing(t, seed, int(most)%len(shapes), 3)
	})
}
