package flat

type kind uint8

const (
	portable kind = iota
	avx2
	avx512
)

// A Set is the scans for one level of vector unit. The zero Set is the portable
// one. It is safe for concurrent use.
type Set struct {
	kind kind
}

// Available returns the Sets that this CPU can run, the fastest first; the last
// is the portable one.
func Available() []*Set {
	var sets []*Set
	for _, k := range supported() {
		sets = append(sets, &Set{k})
	}
	return append(sets, &Set{portable})
}

// Best returns the fastest Set that this CPU can run.
func Best() *Set { return Available()[0] }

// Name returns "avx512", "avx2" or "portable".
func (s *Set) Name() string {
	switch s.kind {
	case avx512:
		return "avx512"
	case avx2:
		return "avx2"
	default:
		return "portable"
	}
}

// Distances writes to out[j] the squared distance of q[:dim] and row j of base,
// for all of out.
func (s *Set) Distances(q, base []float32, dim int, out []float32) {
	checkRows(base, dim, len(out))
	if len(q) < dim {
		panic("flat: the query is too short")
	}
	if len(out) > 0 {
		s.distances(q[:dim], base, out)
	}
}

// Norms writes to out[j] the squared norm of row j of base, for all of out.
func (s *Set) Norms(base []float32, dim int, out []float32) {
	s.Distances(make([]float32, dim), base, dim, out)
}

// Multi8 writes to out[8j+i] the squared distance of query i of 8 and row j of
// base, for all of out, in one pass over base.
func (s *Set) Multi8(queries, base []float32, dim int, out []float32) {
	n := len(out) / 8
	checkRows(base, dim, n)
	if len(queries) < 8*dim || len(out)%8 != 0 {
		panic("flat: not eight queries")
	}
	if s.kind == avx512 {
		pairs := n / 2
		if pairs > 0 {
			s.multi8(queries, base, dim, pairs, out)
		}
		base, out = base[2*pairs*dim:], out[16*pairs:]
	}
	const block = 16
	var d [block]float32
	for len(out) > 0 {
		m := min(block, len(out)/8)
		for i := range 8 {
			s.distances(queries[i*dim:(i+1)*dim], base, d[:m])
			for j, v := range d[:m] {
				out[8*j+i] = v
			}
		}
		base, out = base[m*dim:], out[8*m:]
	}
}

// Stream reads all of b and returns the sum of its 64-bit words, little-endian,
// modulo 2^64; up to 1,023 bytes at the end are left out. It shows how fast
// memory can be read.
func (s *Set) Stream(b []byte) uint64 {
	if len(b) < 1024 {
		return 0
	}
	return s.stream(b[:len(b)/1024*1024])
}

func checkRows(base []float32, dim, n int) {
	if dim <= 0 || dim%16 != 0 {
		panic("flat: the dimension is no multiple of 16")
	}
	if len(base) < n*dim {
		panic("flat: too few rows")
	}
}
