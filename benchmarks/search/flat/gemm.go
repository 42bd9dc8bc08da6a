package flat

import (
	"math"
	"slices"
)

// Hit is a row of the base at a squared distance from a query.
type Hit struct {
	Row int
	D2  float32
}

// A Batch compares many queries with blocks of rows by matrix products. It keeps
// the k nearest rows of each query. It is not safe for concurrent use.
type Batch struct {
	set           *Set
	dim, n, k     int
	rows, width   int       // of a tile
	panels        []float32 // per width queries: dim times width values
	norms, bounds []float32 // per query, padded to whole panels
	best          [][]Hit
	out           []float32
	masks         []uint32
	spare         []float32 // rows and norms of an incomplete tile
}

// blockTiles is how many tiles of rows meet a panel before the next one does:
// rows stay in L2, the panel in L1.
const blockTiles = 8

// NewBatch prepares n = len(queries)/dim queries (256 is a good number) that
// look for their k nearest rows at squared distances below limit; +Inf allows
// all.
func (s *Set) NewBatch(queries []float32, dim, k int, limit float32) *Batch {
	n := len(queries) / max(dim, 1)
	checkRows(queries, dim, n)
	if n == 0 || k < 1 {
		panic("flat: no queries, or nothing wanted")
	}
	rows, width := s.tileShape()
	padded := (n + width - 1) / width * width
	b := &Batch{
		set: s, dim: dim, n: n, k: k, rows: rows, width: width,
		panels: make([]float32, padded*dim), norms: make([]float32, padded), bounds: make([]float32, padded),
		best: make([][]Hit, n), out: make([]float32, rows*width), masks: make([]uint32, rows),
		spare: make([]float32, rows*(dim+1)),
	}
	s.Norms(queries, dim, b.norms[:n])
	for j := range padded {
		b.bounds[j] = float32(math.Inf(-1))
		if j < n {
			b.bounds[j] = limit
			b.best[j] = make([]Hit, 0, k)
		}
	}
	for j := range n {
		panel := b.panels[j/width*width*dim:]
		for i, v := range queries[j*dim : (j+1)*dim] {
			panel[i*width+j%width] = v
		}
	}
	return b
}

// Add compares the rows of base, whose squared norms are norms, with all
// queries. Their numbers count from first. A distance is ‖x‖² + ‖q‖² - 2x·q in
// float32, so near duplicates may come out slightly off, even negative.
func (b *Batch) Add(base, norms []float32, first int) {
	checkRows(base, b.dim, len(norms))
	for from := 0; from < len(norms); from += blockTiles * b.rows {
		to := min(len(norms), from+blockTiles*b.rows)
		for p := 0; p < len(b.norms); p += b.width {
			for at := from; at < to; at += b.rows {
				b.tile(base[at*b.dim:], norms[at:min(to, at+b.rows)], p, first+at)
			}
		}
	}
}

func (b *Batch) tile(rows, norms []float32, query, first int) {
	n := len(norms)
	if n < b.rows {
		copy(b.spare, rows[:n*b.dim])
		copy(b.spare[b.rows*b.dim:], norms)
		rows, norms = b.spare, b.spare[b.rows*b.dim:]
	}
	b.set.tile(rows, b.panels[query*b.dim:], b.dim, norms, b.norms[query:], b.bounds[query:], b.out, b.masks)
	for r, mask := range b.masks[:n] {
		for j := 0; mask != 0; j, mask = j+1, mask>>1 {
			if mask&1 != 0 {
				b.offer(query+j, Hit{first + r, b.out[r*b.width+j]})
			}
		}
	}
}

// offer adds a hit that was below the bound when its tile began.
func (b *Batch) offer(query int, h Hit) {
	if !(h.D2 < b.bounds[query]) {
		return
	}
	best := b.best[query]
	if len(best) == b.k {
		best = best[:b.k-1]
	}
	at := len(best)
	for at > 0 && h.D2 < best[at-1].D2 {
		at--
	}
	best = slices.Insert(best, at, h)
	if len(best) == b.k {
		b.bounds[query] = best[b.k-1].D2
	}
	b.best[query] = best
}

// Hits returns the nearest rows of each query so far, the nearest first; of rows
// at the same distance the one that came first. The slices belong to the Batch.
func (b *Batch) Hits() [][]Hit { return b.best }

// Gemm returns, for each query, its k nearest rows of base at squared distances
// below limit. norms are the squared norms of the rows, see Norms.
func (s *Set) Gemm(queries, base, norms []float32, dim, k int, limit float32) [][]Hit {
	b := s.NewBatch(queries, dim, k, limit)
	b.Add(base, norms, 0)
	return b.Hits()
}
