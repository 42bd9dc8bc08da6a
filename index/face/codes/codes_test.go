package codes

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"vigie/index/face/kernel"
)

// TestReadersScanWhileRowsAreAppended runs scans of published marks beside the
// writer; under the race detector, where memory is on the heap and the kernel
// portable, it also shows that they share no bytes.
func TestReadersScanWhileRowsAreAppended(t *testing.T) {
	b, rows := fitted(t, 48, 600, 0, 21)
	for i := 0; i < len(rows); i += 37 {
		rows[i][0] = 1e19 // outliers
	}
	for _, k := range kernel.Available() {
		s := scene{dim: 48, b: b, rows: rows}
		c := New(b, 608, k)
		var published atomic.Pointer[Mark]
		first := c.Mark()
		published.Store(&first)
		var wg sync.WaitGroup
		for reader := range 3 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(22, uint64(reader)))
				var sc Scratch
				p := &Probe{}
				for done := false; !done; {
					m := published.Load()
					done = m.Rows() == len(rows)
					q := s.query(r, 0)
					p.Reset(b, q, k)
					s.check(t, c, *m, p, q, 0, len(rows), s.limit(r, q), &sc)
				}
			})
		}
		for _, x := range rows {
			c.Append(x)
			m := c.Mark()
			published.Store(&m)
		}
		wg.Wait()
		if got := published.Load().Rows(); got != len(rows) {
			t.Fatalf("%d rows", got)
		}
	}
}

func TestMarkStaysValid(t *testing.T) {
	b, rows := fitted(t, 32, 100, 0, 23)
	c := New(b, 128, kernel.Best())
	var marks []Mark
	for i, x := range rows {
		if i%3 == 0 {
			x[0] = 1e19
		}
		marks = append(marks, c.Mark())
		c.Append(x)
	}
	var s Scratch
	p := NewProbe(b, rows[1], kernel.Best())
	for n, m := range marks {
		if m.Rows() != n || len(c.Outliers(m)) != (n+2)/3 {
			t.Fatalf("mark %d: %d rows, %d outliers", n, m.Rows(), len(c.Outliers(m)))
		}
		if got := c.Scan(m, p, 0, 1<<30, math.Inf(1), &s, nil); len(got)+len(c.Outliers(m)) != n {
			t.Errorf("mark %d: %d of %d rows found at no limit", n, len(got), n-len(c.Outliers(m)))
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	b, rows := fitted(t, 64, 5000, 0, 24)
	c := New(b, 8192, kernel.Best())
	for _, x := range rows {
		c.Append(x)
	}
	m := c.Mark()
	p := NewProbe(b, rows[0], kernel.Best())
	var s Scratch
	out := make([]Survivor, 0, 8192)
	i := 0
	k := kernel.Best()
	if n := testing.AllocsPerRun(100, func() {
		i++
		c.Append(rows[i])
		p.Reset(b, rows[i], k)
		out = c.Scan(m, p, 0, 8192, float64(i%5)/3, &s, out[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestEveryChunkIsSeen scans more rows than one chunk has, with few and with many
// survivors in each, so that both buffers are used again, and that the second plane
// is read for single rows, for whole chunks, and by turns.
func TestEveryChunkIsSeen(t *testing.T) {
	n := 12*chunkRows + 77
	_, rows := fitted(t, 64, n, 0, 25)
	deepened, both := false, false
	for planes := 1; planes <= kernel.MaxPlanes; planes++ {
		b, err := FitPlanes(64, n, planes, func(i int) []float32 { return rows[i] })
		if err != nil {
			t.Fatal(err)
		}
		s := scene{dim: 64, b: b, rows: rows}
		c := s.codesOf(kernel.Best())
		m := c.Mark()
		p := NewProbe(b, rows[17], kernel.Best())
		var sc Scratch
		for _, limit := range []float64{1.2, 0.3, 0.9, 1.1, 1.5, 0.7} {
			for _, to := range []int{n, chunkRows, chunkRows + 1, 3*chunkRows - 1} {
				sc.ResetStats()
				s.check(t, c, m, p, rows[17], 0, to, limit, &sc)
				st := sc.Stats()
				if st.Rows != uint64(to) || st.Level1 < st.Level2 || st.Level2 == 0 || planes == 1 && st.Both+st.Deepened != 0 {
					t.Errorf("%d planes, limit %v, %d rows: %+v", planes, limit, to, st)
				}
				deepened = deepened || st.Deepened > 0
				both = both || st.Both > 0 && st.Both < st.Rows
			}
		}
	}
	if !deepened || !both {
		t.Errorf("rows deepened: %t, both planes read for a part of them: %t", deepened, both)
	}
}

func TestLimits(t *testing.T) {
	b, rows := fitted(t, 32, 100, 0, 26)
	s := scene{dim: 32, b: b, rows: rows}
	c := s.codesOf(kernel.Best())
	m := c.Mark()
	p := NewProbe(b, rows[3], kernel.Best())
	var sc Scratch
	if got := c.Scan(m, p, 0, 100, -1e-300, &sc, nil); len(got) != 0 {
		t.Errorf("%d rows within a negative distance", len(got))
	}
	got := c.Scan(m, p, 0, 100, 0, &sc, nil)
	if !slices.ContainsFunc(got, func(v Survivor) bool { return v.Row == 3 }) || len(got) > 3 {
		t.Errorf("within distance 0: %v", got)
	}
	if got := c.Scan(m, p, 64, 64, 10, &sc, nil); len(got) != 0 {
		t.Errorf("%d rows in an empty range", len(got))
	}
	if got := c.Scan(m, p, 96, 10000, math.Inf(1), &sc, got[:0]); len(got) != 4 {
		t.Errorf("%d rows from 96 on", len(got))
	}
}

func TestMisusePanics(t *testing.T) {
	b, rows := fitted(t, 32, 33, 0, 27)
	other, _ := fitted(t, 32, 33, 1, 28)
	c := New(b, 32, kernel.Best())
	for _, x := range rows[:32] {
		c.Append(x)
	}
	m := c.Mark()
	p := NewProbe(b, rows[0], kernel.Best())
	var s Scratch
	for name, f := range map[string]func(){
		"no capacity":     func() { New(b, 0, kernel.Best()) },
		"odd capacity":    func() { New(b, 33, kernel.Best()) },
		"full":            func() { c.Append(rows[32]) },
		"dimension":       func() { New(b, 32, kernel.Best()).Append(rows[0][:16]) },
		"query dimension": func() { NewProbe(b, rows[0][:16], kernel.Best()) },
		"other basis":     func() { c.Scan(m, NewProbe(other, rows[0], kernel.Best()), 0, 32, 1, &s, nil) },
		"no block":        func() { c.Scan(m, p, 1, 32, 1, &s, nil) },
		"NaN":             func() { c.Scan(m, p, 0, 32, math.NaN(), &s, nil) },
		"default basis":   func() { DefaultBasis(20, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	// A basis that was parsed from the same bytes is the same one.
	data, _ := b.MarshalBinary()
	twin, err := ParseBasis(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Scan(m, NewProbe(twin, rows[0], kernel.Best()), 0, 32, 0, &s, nil); len(got) == 0 {
		t.Error("the row itself was not found")
	}
}
