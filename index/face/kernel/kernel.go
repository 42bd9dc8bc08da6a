package kernel

import (
	"fmt"
	"strings"
)

// Geometry of the codes, shared by all Sets.
const (
	Lanes     = 32 // rows per block of a plane
	Dims      = 80 // dimensions that are coded
	FirstDims = 40 // of them in the first plane
	BothDims  = 64 // in both planes
	MaxPlanes = 2

	firstGroups  = FirstDims / 8
	secondGroups = (BothDims - FirstDims) / 8
	groupSize    = 4 * Lanes
)

// Sizes in bytes of a block of the first and of the second plane: 4 bytes for each
// group of 8 dimensions and each lane, then an int16 bias (little-endian) for each
// lane.
const (
	FirstBlock  = groupSize*firstGroups + 2*Lanes
	SecondBlock = groupSize*secondGroups + 2*Lanes
)

// PlaneDims returns how many dimensions have their leading bits in 1 or 2 planes.
func PlaneDims(planes int) int {
	checkPlanes(planes)
	if planes == 1 {
		return FirstDims
	}
	return BothDims
}

// RowSize returns the size in bytes of a row of level 2: 64, a cache line, beside
// one plane, and 52 beside two.
func RowSize(planes int) int { return Dims - PlaneDims(planes)/2 + trailer }

func checkPlanes(planes int) {
	if planes < 1 || planes > MaxPlanes {
		panic("kernel: there are codes of one or two planes")
	}
}

type kind uint8

const (
	portable kind = iota
	avx2
	avx512vnni
)

// A Set is one implementation of the kernels. Sets differ in speed only. A Set
// comes from Best, ByName or Available; the zero Set is the portable one. It is
// safe for concurrent use.
type Set struct {
	kind kind
}

// Name returns "avx512vnni", "avx2" or "portable".
func (s *Set) Name() string {
	switch s.kind {
	case avx512vnni:
		return "avx512vnni"
	case avx2:
		return "avx2"
	default:
		return "portable"
	}
}

// Available returns the Sets that this CPU can run, the fastest first. The last
// is always the portable one.
func Available() []*Set {
	var sets []*Set
	for _, k := range supported() {
		sets = append(sets, &Set{kind: k})
	}
	return append(sets, &Set{kind: portable})
}

// Best returns the fastest Set that this CPU can run.
func Best() *Set { return Available()[0] }

// ByName returns the Set of that name. If this CPU does not have it, the error
// names those it has.
func ByName(name string) (*Set, error) {
	var have []string
	for _, s := range Available() {
		if s.Name() == name {
			return s, nil
		}
		have = append(have, s.Name())
	}
	return nil, fmt.Errorf("no kernel %q on this CPU: it has %s", name, strings.Join(have, ", "))
}
