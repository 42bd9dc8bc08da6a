package codes

import (
	"math"
	"math/rand/v2"
	"testing"

	"vigie/index/face/kernel"
)

// TestCodesAreTight holds the share of rows that pass level 1, in a space like
// the calibrated one (unit norm, 80 of 128 dimensions carry everything), against
// what ideal codes would let pass: the same 4-bit steps without any rounding,
// without int8 weights and with each row's error known exactly.
func TestCodesAreTight(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const n, dim, carried = 16000, 128, 80
	const queries = 8
	r := rand.New(rand.NewPCG(31, 32))
	draw := func() []float32 {
		x := make([]float32, dim)
		unit(r, x, carried)
		return x
	}
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = draw()
	}
	b, err := Fit(dim, n, func(i int) []float32 { return rows[i] })
	if err != nil {
		t.Fatal(err)
	}
	s := scene{dim: dim, b: b, rows: rows}
	c := s.codesOf(kernel.Best())
	m := c.Mark()
	if got := len(c.Outliers(m)); got > n/1000 {
		t.Errorf("%d outliers among %d rows", got, n)
	}
	for _, bound := range []float64{0.7, 0.8, 0.9, 0.98} {
		var level1, level2, ideal1, ideal2 int
		for range queries {
			q := draw()
			p := NewProbe(b, q, kernel.Best())
			var sc Scratch
			level2 += len(c.Scan(m, p, 0, n, bound, &sc, nil))
			level1 += int(sc.Stats().Level1)
			x, y := s.ideal(q, bound)
			ideal1, ideal2 = ideal1+x, ideal2+y
		}
		t.Logf("bound %v: level 1 %.4f %% (ideal %.4f), level 2 %.5f %% (%.5f)", bound,
			pct(level1, queries*n), pct(ideal1, queries*n), pct(level2, queries*n), pct(ideal2, queries*n))
		if float64(level1) > 1.6*float64(ideal1)+40 {
			t.Errorf("bound %v: %d rows pass level 1, %d ideally", bound, level1, ideal1)
		}
		if float64(level2) > 2*float64(ideal2)+15 {
			t.Errorf("bound %v: %d rows pass level 2, %d ideally", bound, level2, ideal2)
		}
	}
}

func pct(n, of int) float64 { return 100 * float64(n) / float64(of) }

// ideal counts the rows whose exact distance to the query in the plane's
// dimensions is at most the bound plus the exact coding error, and those whose
// distance in all coded dimensions is within the bound.
func (s *scene) ideal(q []float32, bound float64) (level1, whole int) {
	b := s.b
	var zq, z [Dims]float64
	var f [Dims]float32
	var w writer
	k := kernel.Best()
	rotate := func(x []float32, z *[Dims]float64) {
		k.Rotate(x, b.rows, f[:])
		for p := range z {
			z[p] = float64(f[p])*float64(b.scale[p]) + float64(b.offset[p])
		}
	}
	rotate(q, &zq)
	for _, x := range s.rows {
		rotate(x, &z)
		w.z = f
		b.errorsOf(&w, k)
		var d4, e4, d float64
		for p := range Dims {
			c := float64(w.code[p]&0xf0) + 8
			v, e, whole := (zq[p]-c)*b.step[p], (z[p]-c)*b.step[p], (zq[p]-z[p])*b.step[p]
			d += whole * whole
			if p < kernel.PlaneDims(b.planes) {
				d4 += v * v
				e4 += e * e
			}
		}
		if math.Sqrt(d4) <= bound+math.Sqrt(e4) {
			level1++
		}
		if math.Sqrt(d) <= bound {
			whole++
		}
	}
	return level1, whole
}
