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
