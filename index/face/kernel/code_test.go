package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// modelTerms is what Code says of one dimension: its code and the four terms.
func modelTerms(c *Coder, z float32, d int) (code byte, terms [4]float32) {
	t := float32(z*c.Scale[d]) + c.Offset[d]
	n := 0
	switch {
	case t >= 255:
		n = 255
	case t > 0:
		n = int(math.Floor(float64(t)))
	}
	four, eight := float32(n/16*16+8), float32(n)+0.5
	for i, f := range []float32{t - four, t - eight, four - 128, eight - 128} {
		terms[i] = float32(float32(f*f) * c.Square[d])
	}
	return byte(n), terms
}

func modelCodes(c *Coder, z *[Dims]float32) (codes [Dims]byte, sums [Runs][4]float32) {
	from := 0
	for run, to := range []int{FirstDims, BothDims, Dims} {
		var lane [4][8]float32
		for d := from; d < to; d++ {
			var terms [4]float32
			codes[d], terms = modelTerms(c, z[d], d)
			for i, v := range terms {
				lane[i][(d-from)%8] += v
			}
		}
		for i, l := range lane {
			low, high := float32(l[0]+l[1])+float32(l[2]+l[3]), float32(l[4]+l[5])+float32(l[6]+l[7])
			sums[run][i] = low + high
		}
		from = to
	}
	return codes, sums
}

func TestCodeMatchesModel(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(7, 8))
		for round := range 500 {
			var c Coder
			var z [Dims]float32
			for d := range z {
				z[d] = float32(r.NormFloat64())
				c.Scale[d] = float32(40 * math.Exp(r.NormFloat64()))
				c.Offset[d] = float32(128 + 40*r.NormFloat64())
				c.Square[d] = float32(math.Exp(4 * r.NormFloat64()))
				if round%4 == 0 { // whole and half steps, and the ends
					z[d], c.Scale[d], c.Offset[d] = float32(r.IntN(1200)-300)/2, 1, float32(r.IntN(3))/2
				}
			}
			var codes [Dims]byte
			var sums [Runs]CodeSums
			s.Code(&c, &z, &codes, &sums)
			want, wanted := modelCodes(&c, &z)
			if codes != want {
				t.Fatalf("round %d: codes %v, want %v", round, codes, want)
			}
			for run, v := range sums {
				if got := [4]float32{v.Four, v.Eight, v.Norm4, v.Norm8}; got != wanted[run] {
					t.Fatalf("round %d, run %d: %v, want %v", round, run, got, wanted[run])
				}
			}
		}
	})
}

// TestCodeOfExtremes gives values that no code fits: the sums say so, whatever the
// codes are.
func TestCodeOfExtremes(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32, 3e9, -3e9} {
			for d := range Dims {
				var c Coder
				for i := range c.Scale {
					c.Scale[i], c.Square[i] = 1, 1
				}
				var z [Dims]float32
				z[d] = v
				var codes [Dims]byte
				var sums [Runs]CodeSums
				s.Code(&c, &z, &codes, &sums)
				run := 0
				for _, end := range []int{FirstDims, BothDims} {
					if d >= end {
						run++
					}
				}
				if e := sums[run]; e.Four < 8e18 || e.Eight < 8e18 || !(e.Norm4 <= 40*128*128) || !(e.Norm8 <= 40*128*128) {
					t.Errorf("%g in dimension %d: sums %+v", v, d, e)
				}
			}
		}
	})
}
