package file

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"vigie/cluster/seal"
)

// randomSegment draws n unit rows of dim values, one entry and face each.
func randomSegment(rng *rand.Rand, n, dim int) *Segment {
	s := &Segment{
		Basis: []byte("basis"), Stride: dim, Vectors: make([]float32, n*dim),
		Born: make([]uint64, n), Died: make([]uint64, n), Who: make([]uint32, n), Name: make([]uint32, n),
	}
	for i := range n {
		row := s.Vectors[i*dim : (i+1)*dim]
		sum := 0.0
		for k := range row {
			row[k] = float32(rng.NormFloat64())
			sum += float64(row[k]) * float64(row[k])
		}
		for k := range row {
			row[k] /= float32(math.Sqrt(sum))
		}
		s.Born[i], s.Who[i], s.Name[i] = uint64(i+1), uint32(i), uint32(len(s.Names))
		s.Names = fmt.Appendf(s.Names, "\x28SEN-%08x-0000-7000-8000-%012x\x06face-1", rng.Uint32(), rng.Uint64()>>16)
	}
	return s
}

// BenchmarkRead reads the files of a million rows of 128 values, 16 segments,
// with a warm page cache.
func BenchmarkRead(b *testing.B) {
	const rows, segments = 1 << 16, 16
	key, err := seal.NewKey()
	if err != nil {
		b.Fatal(err)
	}
	tag := Tag{Model: "m", Calibration: "c", Dim: 128}
	d := NewDir(b.TempDir()+"/gallery", key)
	if dir := os.Getenv("VIGIE_BENCH_DIR"); dir != "" {
		d = NewDir(dir, key)
	}
	s := randomSegment(rand.New(rand.NewPCG(1, 2)), rows, tag.Dim)
	var refs []Ref
	for range segments {
		r, err := d.WriteSegment(b.Context(), tag, s)
		if err != nil {
			b.Fatal(err)
		}
		refs = append(refs, r)
	}
	b.Run("segments", func(b *testing.B) {
		b.SetBytes(refs[0].Size * segments)
		for b.Loop() {
			for _, r := range refs {
				if _, err := d.ReadSegment(tag, r, nil); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("raw", func(b *testing.B) { // the page cache alone
		b.SetBytes(refs[0].Size * segments)
		var wg sync.WaitGroup
		for b.Loop() {
			for k := range 2 {
				wg.Go(func() {
					buf := make([]byte, partLen)
					for i := k; i < segments; i += 2 {
						f, err := os.Open(d.path(refs[i].name()))
						if err != nil {
							b.Error(err)
							return
						}
						for {
							if _, err := f.Read(buf); err != nil {
								break
							}
						}
						f.Close()
					}
				})
			}
			wg.Wait()
		}
	})
	b.Run("write", func(b *testing.B) {
		b.SetBytes(refs[0].Size)
		for b.Loop() {
			if _, err := d.WriteSegment(b.Context(), tag, s); err != nil {
				b.Fatal(err)
			}
		}
	})
}
