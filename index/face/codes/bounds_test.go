package codes

import (
	"math"
	"math/rand/v2"
	"testing"

	"vigie/index/face/kernel"
)

// rotated is the rotated vector at a position, in units of 8-bit steps, in
// float64: its error is far below what float32 leaves room for.
func (b *Basis) rotated(x []float32, p int) float64 {
	return dot64(x, b.rows[p*b.dim:][:b.dim])*float64(b.scale[p]) + float64(b.offset[p])
}

// TestErrorsAreUpperBounds holds the bounds that Append works out against
// float64.
func TestErrorsAreUpperBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for n := range 3 * len(shapes) {
		s := newScene(t, r, n%len(shapes))
		var w writer
		k := &kernel.Set{}
		for _, x := range s.rows[:min(5, len(s.rows))] {
			k.Rotate(x, s.b.rows, w.z[:])
			k.Rotate(x, x, w.norm[:])
			e := s.b.errorsOf(&w, k)
			var e4, sq4 [kernel.MaxPlanes]float64
			var e8, sq8 float64
			for p := range Dims {
				v, c := s.b.rotated(x, p), float64(w.code[p])
				four := c - math.Mod(c, 16) + 8
				d4, d8 := (v-four)*s.b.step[p], (v-c-0.5)*s.b.step[p]
				m4, m8 := (four-128)*s.b.step[p], (c-127.5)*s.b.step[p]
				for n := range e4 {
					if p < kernel.PlaneDims(n+1) {
						e4[n] += d4 * d4
						sq4[n] += m4 * m4
					}
				}
				e8 += d8 * d8
				sq8 += m8 * m8
			}
			for _, c := range []struct {
				name      string
				high, low float64
			}{
				{"4 bits, one plane", e.e4[0], math.Sqrt(e4[0])},
				{"4 bits, two planes", e.e4[1], math.Sqrt(e4[1])},
				{"8 bits", e.e8, math.Sqrt(e8)},
				{"4-bit norm, one plane", sq4[0], e.square4[0]},
				{"4-bit norm, two planes", sq4[1], e.square4[1]},
				{"8-bit norm", sq8, e.square8},
			} {
				if c.high < c.low { // NaN and Inf mark outliers
					t.Fatalf("%s: bound %v, true %v", c.name, c.high, c.low)
				}
			}
		}
	}
}

// TestRotationBoundHolds tries vectors whose products all round the same way.
func TestRotationBoundHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	worst := 0.0
	for _, dim := range []int{16, 128, 512} {
		b := DefaultBasis(dim, 1)
		for range 300 {
			for i := range b.rows {
				// Values just above or below what float32 can hold of a product.
				b.rows[i] = float32(1/math.Sqrt(float64(dim))) * (1 + float32(r.IntN(8))/(1<<22))
			}
			if err := b.measureLoosely(); err != nil {
				t.Fatal(err)
			}
			x := make([]float32, dim)
			for i := range x {
				x[i] = 1 + float32(r.IntN(1<<12))/(1<<23)
			}
			var out [Dims]float32
			(&kernel.Set{}).Rotate(x, b.rows, out[:])
			err2, norm2 := 0.0, dot64(x, x)
			for p := range Dims {
				d := float64(out[p]) - dot64(x, b.rows[p*dim:][:dim])
				err2 += d * d
			}
			worst = max(worst, math.Sqrt(err2)/(b.perX*math.Sqrt(norm2)))
		}
	}
	if worst > 1 || worst < 0.02 {
		t.Errorf("the largest error is %v of its bound", worst)
	}
}

// measureLoosely is measure for rows that need not be orthonormal.
func (b *Basis) measureLoosely() error {
	trace := 0.0
	for p := range Dims {
		row := b.rows[p*b.dim:][:b.dim]
		trace += dot64(row, row)
	}
	b.perX = float64(b.dim/16+8) * unitRoundoff * 1.001 * math.Sqrt(trace) * (1 + 1e-9)
	return nil
}

// TestThresholdsAreTheLeastValues holds the integer tests against their meaning
// in float64, for random codes and queries: a row whose code point is near enough
// must pass.
func TestThresholdsAreTheLeastValues(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	tight, passing := [3]int{}, [3]int{}
	for n := range 60 {
		s := newScene(t, r, n%2)
		c := s.codesOf(&kernel.Set{})
		m := c.Mark()
		q := s.query(r, 0)
		p := NewProbe(s.b, q, c.k)
		var sc Scratch
		limit := distance(q, s.rows[r.IntN(len(s.rows))])
		sc.set(p, &m, limit)
		if sc.every {
			continue
		}
		ids, sums := sc.ids[0][:], sc.sums[0][:]
		passed := c.k.Scan(c.first, m.rows, &p.weights, sc.thr1[0], false, 0, ids, sums)
		level := [3]map[uint32]bool{setOf(ids[:passed])}
		if s.b.planes == 2 {
			passed = c.k.Deepen(c.second, &p.weights, sc.thr1[1], ids[:passed], sums)
		}
		level[1] = setOf(ids[:passed])
		level[2] = setOf(ids[:c.k.Refine(c.rows, &sc.targets, sc.thr2, ids[:passed], sums)])
		for row, x := range s.rows {
			d := 0.0
			for pos := range Dims {
				v := (s.b.rotated(x, pos) - s.b.rotated(q, pos)) * s.b.step[pos]
				d += v * v
			}
			for i, passes := range level {
				switch near := math.Sqrt(d) <= limit; {
				case near && !passes[uint32(row)] && !contains(m.outliers, row):
					t.Fatalf("row %d is near and does not pass test %d", row, i)
				case passes[uint32(row)]:
					passing[i]++
					if near {
						tight[i]++
					}
				}
			}
		}
	}
	if tight[0] == 0 || tight[2] == 0 || passing[2] >= passing[1] || passing[1] >= passing[0] {
		t.Errorf("%d rows pass, %d of them near: the test shows nothing", passing, tight)
	}
}

func setOf(ids []uint32) map[uint32]bool {
	set := map[uint32]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func contains(rows []uint32, row int) bool {
	for _, o := range rows {
		if int(o) == row {
			return true
		}
	}
	return false
}
