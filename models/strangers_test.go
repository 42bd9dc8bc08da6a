package models

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// population draws templates of made-up people: the cohort's mean and a normal
// deviation of its covariance, which is scaled so that the template has unit norm,
// as those of the encoder's recipe do.
func population(c *Calibration, n int) [][]float32 {
	d, r := c.Data(), rand.New(rand.NewPCG(7, 11))
	var axes [][]float64
	for i := range d.Dim {
		row := d.Whitening[i*d.Dim : (i+1)*d.Dim]
		var n2 float64
		for _, v := range row {
			n2 += v * v
		}
		axis := make([]float64, d.Dim)
		for j, v := range row {
			axis[j] = v / math.Sqrt(n2) * math.Sqrt(max(1/n2-d.Lambda, 0))
		}
		axes = append(axes, axis)
	}
	out := make([][]float32, n)
	for i := range out {
		x := make([]float64, d.Dim)
		for _, axis := range axes {
			g := r.NormFloat64()
			for j, a := range axis {
				x[j] += g * a
			}
		}
		var mm, mx, xx float64 // |mean + by x| = 1
		for j, v := range x {
			mm, mx, xx = mm+d.Mean[j]*d.Mean[j], mx+d.Mean[j]*v, xx+v*v
		}
		by := (math.Sqrt(mx*mx+xx*(1-mm)) - mx) / xx
		out[i] = make([]float32, d.Dim)
		for j, v := range x {
			out[i][j] = float32(d.Mean[j] + by*v)
		}
	}
	return out
}

// reach counts the held people whose score with a template is at least score.
func reach(t *testing.T, c *Calibration, template []float32, held [][]float32, score float64) float64 {
	t.Helper()
	y, err := c.Project(template)
	if err != nil {
		t.Fatal(err)
	}
	n := 0.0
	for _, z := range held {
		var s float64
		for i := range y {
			s += float64(y[i]) * float64(z[i])
		}
		if s >= score {
			n++
		}
	}
	return n / float64(len(held))
}

// A face that lies where people differ meets more strangers than one that stands
// out where hardly anybody does: expected by FMROf, and counted over a held
// population.
func TestAverageFacesMeetMoreStrangers(t *testing.T) {
	c := shipped(t)
	people := population(c, 6_000)
	held := make([][]float32, 0, len(people))
	for _, p := range people[400:] {
		z, err := c.Project(p)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, z)
	}
	const score = 0.25
	type face struct{ expected, counted float64 }
	var faces []face
	for _, p := range people[:400] {
		fmr, typical, err := c.FMROf(p, score)
		if err != nil {
			t.Fatal(err)
		}
		if typical != c.FMR(score) {
			t.Fatalf("a typical face has %g, the table %g", typical, c.FMR(score))
		}
		faces = append(faces, face{fmr / typical, reach(t, c, p, held, score)})
	}
	slices.SortFunc(faces, func(a, b face) int { return int(math.Copysign(1, a.expected-b.expected)) })
	mean := func(part []face) (m face) {
		for _, f := range part {
			m.expected += f.expected / float64(len(part))
			m.counted += f.counted / float64(len(part))
		}
		return m
	}
	distinct, average, all := mean(faces[:80]), mean(faces[320:]), mean(faces)
	t.Logf("least fifth: expected %.2f x typical, counted %.2f x; greatest: expected %.2f x, counted %.2f x",
		distinct.expected, distinct.counted/all.counted, average.expected, average.counted/all.counted)
	if !(distinct.counted < all.counted && all.counted < average.counted) {
		t.Errorf("counted %g, %g and %g", distinct.counted, all.counted, average.counted)
	}
	if all.expected < 0.9 || all.expected > 1.1 {
		t.Errorf("the mean face is expected to meet %.2f times a typical one's strangers", all.expected)
	}
	// A made-up face of the last directions, in which nobody differs.
	d := c.Data()
	odd := make([]float32, d.Dim)
	for i := range odd {
		odd[i] = float32(d.Mean[i])
		for k := d.Dim - 30; k < d.Dim; k++ {
			odd[i] += float32(0.01 * d.Whitening[k*d.Dim+i])
		}
	}
	fmr, typical, err := c.FMROf(odd, score)
	if err != nil || fmr > typical/10 || reach(t, c, odd, held, score) > 0.1*all.counted {
		t.Errorf("an odd face: expected %g, typical %g, counted %g, %v", fmr, typical, reach(t, c, odd, held, score), err)
	}
	if _, _, err := c.FMROf(odd[:5], score); err == nil {
		t.Error("a short template has a rate")
	}
}
