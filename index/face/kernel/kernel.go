package kernel

import (
	"fmt"
	"strings"
)

// Geometry of the codes, shared by all Sets.
const (
	Lanes     = 32 // rows per block of the plane
	Dims      = 80 // dimensions that are coded
	MinGroups = 5  // smallest number of groups of 8 dimensions in the plane
	MaxGroups = 8  // largest one
	groupSize = 4 * Lanes
)

// BlockSize returns the size in bytes of one block of the plane: 4 bytes for each
// group and lane, then an int16 bias (little-endian) for each lane.
func BlockSize(groups int) int { return groupSize*groups + 2*Lanes }

// RowSize returns the size in bytes of a row of level 2: 64, a cache line, for 5
// and 6 groups in the plane, 56 for 7 and 8.
func RowSize(groups int) int { return (Dims - 4*groups + trailer + 7) / 8 * 8 }

func checkGroups(groups int) {
	if groups < MinGroups || groups > MaxGroups {
		panic("kernel: no plane of so many groups")
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
