package codes

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"vigie/index/face/kernel"
)

func fitted(t testing.TB, dim, n, shape int, seed uint64) (*Basis, [][]float32) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, dim)
		shapes[shape].draw(r, rows[i], rows[:i])
	}
	b, err := Fit(dim, n, func(i int) []float32 { return rows[i] })
	if err != nil {
		t.Fatal(err)
	}
	return b, rows
}

func TestBasisSurvivesEncoding(t *testing.T) {
	for shape := range shapes {
		b, _ := fitted(t, 48, 300, shape, 1)
		data, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseBasis(data)
		if err != nil {
			t.Fatalf("%s: %v", shapes[shape].name, err)
		}
		again, err := c.MarshalBinary()
		if err != nil || !bytes.Equal(data, again) || b.ID() != c.ID() || c.Dim() != 48 {
			t.Errorf("%s: the basis changed", shapes[shape].name)
		}
		if b.widen != c.widen || b.perX != c.perX || b.perRow != c.perRow || b.coder != c.coder {
			t.Errorf("%s: the bounds changed", shapes[shape].name)
		}
	}
}

func TestFitIsDeterministic(t *testing.T) {
	a, _ := fitted(t, 128, 3000, 1, 2)
	b, _ := fitted(t, 128, 3000, 1, 2)
	c, _ := fitted(t, 128, 3000, 1, 3)
	if a.ID() != b.ID() {
		t.Error("the same vectors gave another basis")
	}
	if a.ID() == c.ID() {
		t.Error("other vectors gave the same basis")
	}
}

func TestFitRefuses(t *testing.T) {
	zero := func(int) []float32 { return make([]float32, 16) }
	nan := func(int) []float32 {
		x := make([]float32, 16)
		x[3] = float32(math.NaN())
		return x
	}
	for name, f := range map[string]func() (*Basis, error){
		"dimension 0":         func() (*Basis, error) { return Fit(0, 1, zero) },
		"dimension 24":        func() (*Basis, error) { return Fit(24, 1, zero) },
		"dimension too large": func() (*Basis, error) { return Fit(MaxDim+16, 1, zero) },
		"no vectors":          func() (*Basis, error) { return Fit(16, 0, zero) },
		"short vectors":       func() (*Basis, error) { return Fit(32, 5, zero) },
		"no numbers":          func() (*Basis, error) { return Fit(16, 5, nan) },
	} {
		if b, err := f(); err == nil || b != nil || !strings.HasPrefix(err.Error(), "codes: fit: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestParseBasisTrustsNothing(t *testing.T) {
	b, _ := fitted(t, 32, 200, 1, 4)
	good, _ := b.MarshalBinary()
	change := func(at int, v ...byte) []byte {
		d := bytes.Clone(good)
		copy(d[at:], v)
		return d
	}
	nan32 := []byte{0, 0, 0xc0, 0x7f}
	inf64 := []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f}
	const floats = 4 + 4*4
	const scales = floats + 5*8 + 4
	for name, data := range map[string][]byte{
		"empty":         nil,
		"short":         good[:len(good)-1],
		"long":          append(bytes.Clone(good), 0),
		"magic":         change(0, 'x'),
		"version":       change(4, 3),
		"dimension":     change(8, 48),
		"no multiple":   change(8, 33),
		"planes":        change(12, 3),
		"no plane":      change(12, 0),
		"many planes":   change(13, 1),
		"shift":         change(16, 9),
		"unit":          change(floats, inf64...),
		"zero unit":     change(floats, 0, 0, 0, 0, 0, 0, 0, 0),
		"reference":     change(floats+8, inf64...),
		"reference 2":   change(floats+16, inf64...),
		"error limit":   change(floats+24, inf64...),
		"error limit 2": change(floats+32, inf64...),
		"error unit":    change(floats+40, 0, 0, 0, 0),
		"scale":         change(scales+20, nan32...),
		"zero scale":    change(scales+20, 0, 0, 0, 0),
		"offset":        change(scales+4*Dims, nan32...),
		"rotation":      change(scales+8*Dims+64, nan32...),
		"long rotation": change(scales+8*Dims+64, 0, 0, 0x80, 0x3f), // 1
	} {
		if b, err := ParseBasis(data); err == nil || b != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestRotationIsMeasured checks that a rotation that is slightly too long widens
// the bound instead of losing rows.
func TestRotationIsMeasured(t *testing.T) {
	b, _ := fitted(t, 64, 500, 0, 5)
	before := b.widen
	for i := range b.rows {
		b.rows[i] *= 1.0004
	}
	data := b.encode()
	c, err := ParseBasis(data)
	if err != nil {
		t.Fatal(err)
	}
	if c.widen < 1.0003 || before > 1.0001 {
		t.Errorf("widened by %v, before by %v", c.widen, before)
	}
}

func FuzzParseBasis(f *testing.F) {
	b, _ := fitted(f, 16, 50, 1, 6)
	good, _ := b.MarshalBinary()
	f.Add(good)
	f.Add(good[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBasis(data)
		if err != nil {
			return
		}
		if again, _ := b.MarshalBinary(); !bytes.Equal(again, data) {
			t.Error("the encoding is not canonical")
		}
		s := scene{dim: b.dim, b: b}
		r := rand.New(rand.NewPCG(1, uint64(len(data))))
		for range 40 {
			x := make([]float32, b.dim)
			shapes[r.IntN(len(shapes))].draw(r, x, s.rows)
			s.rows = append(s.rows, x)
		}
		c := s.codesOf(&kernel.Set{})
		m := c.Mark()
		var sc Scratch
		for range 5 {
			q := s.query(r, r.IntN(len(shapes)))
			s.check(t, c, m, NewProbe(b, q, c.k), q, 0, len(s.rows), s.limit(r, q), &sc)
		}
	})
}
