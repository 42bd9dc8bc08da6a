package kernel

// The scans of avx512vnni: they write the ids of the lanes of whole blocks, at
// least one, that reach thr. Each half block with a survivor writes 16 ids.

//go:noescape
func scanA4VNNI(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanA5VNNI(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanA6VNNI(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB4VNNI(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB5VNNI(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB6VNNI(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

// The scans of avx2, with the same contract.

//go:noescape
func scanA4AVX2(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanA5AVX2(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanA6AVX2(planeA *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB4AVX2(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB5AVX2(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

//go:noescape
func scanAB6AVX2(planeA, planeB *byte, blocks int, w *Weights, thr int32, base uint32, out *uint32) int

// The level 2 loops: n is at least 1, t points to Targets.

//go:noescape
func refine4VNNI(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

//go:noescape
func refine5VNNI(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

//go:noescape
func refine6VNNI(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

//go:noescape
func refine4AVX2(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

//go:noescape
func refine5AVX2(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

//go:noescape
func refine6AVX2(planeA, planeB, rows, e8 *byte, t *Targets, ids *uint32, n int, d2 *float32) int

// The rotations: n rows of dim values, a positive multiple of 16.

//go:noescape
func rotateVNNI(x, rows, out *float32, dim, n int)

//go:noescape
func rotateAVX2(x, rows, out *float32, dim, n int)

// prefetchVectors asks for stride bytes at vectors + id·stride for each of n >= 1 ids.
//
//go:noescape
func prefetchVectors(vectors *float32, stride int, ids *uint32, n int)
