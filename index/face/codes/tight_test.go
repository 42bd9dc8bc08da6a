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
		var a, ab, level2, idealA, idealAB, ideal2 int
		for range queries {
			q := draw()
			p := NewProbe(b, q, kernel.Best())
			var sc Scratch
			sc.set(p, &m, bound)
			for from := 0; from < n; from += chunkRows {
				lanes := min(chunkRows, n-from)
				pa := c.planeA[from/Lanes*kernel.BlockSize(b.ga):]
				pb := c.planeB[from/Lanes*kernel.BlockSize(Dims/8-b.ga):]
				a += c.k.ScanA(pa, b.ga, lanes, &p.weights, sc.thrA, uint32(from), sc.ids[:])
				ab += c.k.ScanAB(pa, pb, b.ga, lanes, &p.weights, sc.thrAB, uint32(from), sc.ids[:])
			}
			level2 += len(c.Scan(m, p, 0, n, bound, &sc, nil))
			x, y, z := s.ideal(q, bound)
			idealA, idealAB, ideal2 = idealA+x, idealAB+y, ideal2+z
		}
		t.Logf("bound %v: plane A %.4f %% (ideal %.4f), both %.4f %% (%.4f), level 2 %.5f %% (%.5f)", bound,
			pct(a, queries*n), pct(idealA, queries*n), pct(ab, queries*n), pct(idealAB, queries*n), pct(level2, queries*n), pct(ideal2, queries*n))
		// Plane A is meant for bounds up to its reference distance.
		if refA, _ := b.References(); bound <= refA && float64(a) > 1.6*float64(idealA)+40 {
			t.Errorf("bound %v: %d rows pass plane A, %d ideally", bound, a, idealA)
		}
		if float64(ab) > 1.5*float64(idealAB)+15 {
			t.Errorf("bound %v: %d rows pass both planes, %d ideally", bound, ab, idealAB)
		}
		if float64(level2) > 2*float64(ideal2)+15 {
			t.Errorf("bound %v: %d rows pass level 2, %d ideally", bound, level2, ideal2)
		}
	}
}

func pct(n, of int) float64 { return 100 * float64(n) / float64(of) }

// ideal counts the rows whose exact distance to the query in plane A and in both
// is at most the bound plus the exact coding error, and those whose distance in
// all coded dimensions is within the bound.
func (s *scene) ideal(q []float32, bound float64) (a, ab, whole int) {
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
		b.errorsOf(&w)
		var dA, dB, eA, eB, d float64
		for p := range Dims {
			c := float64(w.code[p%half]>>(4*(p/half))&15)*16 + 8
			v, e, whole := (zq[p]-c)*b.step[p], (z[p]-c)*b.step[p], (zq[p]-z[p])*b.step[p]
			d += whole * whole
			if p%half < 4*b.ga {
				dA += v * v
				eA += e * e
			} else {
				dB += v * v
				eB += e * e
			}
		}
		if math.Sqrt(dA) <= bound+math.Sqrt(eA) {
			a++
		}
		if math.Sqrt(dA+dB) <= bound+math.Sqrt(eA+eB) {
			ab++
		}
		if math.Sqrt(d) <= bound {
			whole++
		}
	}
	return a, ab, whole
}
