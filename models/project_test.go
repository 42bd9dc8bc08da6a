package models

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Rows are multiplied side by side; each must keep the bits of a plain sum from
// the first column to the last.
func TestMultiplyKeepsTheOrderOfSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for _, n := range []int{1, 3, 7, 8, 9, 16, 77, 128} {
		m, u, z := make([]float64, n*n), make([]float64, n), make([]float64, n)
		for i := range m {
			m[i] = rng.NormFloat64() * math.Exp(8*rng.NormFloat64())
		}
		for i := range u {
			u[i] = rng.NormFloat64()
		}
		multiply(m, u, z)
		for k := range z {
			want := 0.0
			for i, x := range u {
				want += float64(m[k*n+i] * x)
			}
			if math.Float64bits(z[k]) != math.Float64bits(want) {
				t.Fatalf("n=%d row %d: %x, want %x", n, k, z[k], want)
			}
		}
	}
}
