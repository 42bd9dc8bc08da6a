package kernel

import (
	"fmt"
	"strings"
)

// Geometry of the codes, shared by all Sets.
const (
	Lanes     = 32       // rows per block of a plane
	Dims      = 80       // dimensions that are coded, in both planes together
	MinGroups = 4        // smallest number of groups of 8 dimensions in plane A
	MaxGroups = 6        // largest one
	RowSize   = Dims / 2 // bytes of residual codes per row
	groups    = Dims / 8
	groupSize = 4 * Lanes
)

// BlockSize returns the size in bytes of one block of a plane of the given
// number of groups: 4 bytes for each group and lane, then an int16 bias
// (little-endian) for each lane. Plane A has 4 to 6 groups, plane B what is
// missing to 10.
func BlockSize(groups int) int { return groupSize*groups + 2*Lanes }

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
