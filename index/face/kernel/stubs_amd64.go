package kernel

// The scans: they write the ids and the sums of the lanes of whole blocks, at
// least one, that reach thr. AVX-512 writes 16 of each for every half of a block,
// AVX2 eight for every quarter; unless many is set, only of blocks with a survivor.

//go:noescape
func scanVNNI(first *byte, blocks int, w *Weights, thr int32, base, many uint32, out *uint32, sums *int32) int

//go:noescape
func scanBothVNNI(first, second *byte, blocks int, w *Weights, thr int32, base, many uint32, out *uint32, sums *int32) int

//go:noescape
func scanAVX2(first *byte, blocks int, w *Weights, thr int32, base, many uint32, out *uint32, sums *int32) int

//go:noescape
func scanBothAVX2(first, second *byte, blocks int, w *Weights, thr int32, base, many uint32, out *uint32, sums *int32) int

// The tests of single rows: n is at least 1.

//go:noescape
func deepenVNNI(second *byte, w *Weights, thr int32, ids *uint32, sums *int32, n int) int

//go:noescape
func deepenAVX2(second *byte, w *Weights, thr int32, ids *uint32, sums *int32, n int) int

//go:noescape
func refineVNNI(rows *byte, size int, t *Targets, thr int32, ids *uint32, sums *int32, n int) int

//go:noescape
func refineAVX2(rows *byte, size int, t *Targets, thr int32, ids *uint32, sums *int32, n int) int

// prefetchRowsOf asks for the size bytes at rows + id·size for each of n >= 1 ids.
//
//go:noescape
func prefetchRowsOf(rows *byte, size int, ids *uint32, n int)

// prefetchLanesOf asks for the lines of the second plane with the codes and the
// bias of each of n >= 1 rows.
//
//go:noescape
func prefetchLanesOf(second *byte, ids *uint32, n int)

// The rotations: n rows of dim values, a positive multiple of 16.

//go:noescape
func rotateVNNI(x, rows, out *float32, dim, n int)

//go:noescape
func rotateAVX2(x, rows, out *float32, dim, n int)

//go:noescape
func codeAVX2(c *Coder, z *float32, codes *byte, sums *CodeSums)

// prefetchVectors asks for stride bytes at vectors + id·stride for each of n >= 1 ids.
//
//go:noescape
func prefetchVectors(vectors *float32, stride int, ids *uint32, n int)
