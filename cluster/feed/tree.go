package feed

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// ranges makes compact ranges with the hash of RFC 6962.
func ranges() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
}

// EmptyRoot is the root of a tree without leaves.
func EmptyRoot() []byte { return rfc6962.DefaultHasher.EmptyRoot() }

// Nodes reads the hashes of a tree: Node gives that of the perfect subtree at a level
// (0: leaves) and index.
type Nodes interface {
	Node(level uint, index uint64) ([]byte, error)
}

// Tree is a producer's tree in memory, 64 bytes a leaf. It serves as Nodes. It is for
// one goroutine.
type Tree struct {
	levels [][]byte
	rng    *compact.Range
}

// NewTree gives an empty tree.
func NewTree() *Tree { return &Tree{rng: ranges().NewEmptyRange(0)} }

// Append adds a leaf by its hash.
func (t *Tree) Append(leafHash []byte) error {
	if len(leafHash) != sha256.Size {
		return errors.New("tree: no SHA-256")
	}
	put := func(id compact.NodeID, hash []byte) {
		for uint(len(t.levels)) <= id.Level {
			t.levels = append(t.levels, nil)
		}
		t.levels[id.Level] = append(t.levels[id.Level], hash...)
	}
	// The range tells of inner nodes and of the leaf itself.
	return t.rng.Append(leafHash, put)
}

// Size is the number of leaves.
func (t *Tree) Size() uint64 { return t.rng.End() }

// Node implements Nodes.
func (t *Tree) Node(level uint, index uint64) ([]byte, error) {
	if level >= uint(len(t.levels)) || (index+1)*sha256.Size > uint64(len(t.levels[level])) {
		return nil, fmt.Errorf("tree: no node %d at level %d", index, level)
	}
	return t.levels[level][index*sha256.Size : (index+1)*sha256.Size], nil
}

// Root is the root of the first size leaves of the tree that n reads.
func Root(n Nodes, size uint64) ([]byte, error) {
	f, err := Frontier(n, size)
	if err != nil {
		return nil, err
	}
	return rootOf(size, f)
}

// Frontier gives the hashes of the perfect subtrees that make up the first size
// leaves, largest first: all that is needed to append to them.
func Frontier(n Nodes, size uint64) ([][]byte, error) {
	return read(n, compact.RangeNodes(0, size, nil))
}

func read(n Nodes, ids []compact.NodeID) ([][]byte, error) {
	out := make([][]byte, 0, len(ids))
	for _, id := range ids {
		h, err := n.Node(id.Level, id.Index)
		if err != nil {
			return nil, err
		}
		out = append(out, bytes.Clone(h))
	}
	return out, nil
}

// Consistency proves that the first to leaves begin with the first from leaves.
func Consistency(n Nodes, from, to uint64) ([][]byte, error) {
	if from > to {
		return nil, errors.New("tree: the larger size comes first")
	}
	if from == 0 || from == to {
		return [][]byte{}, nil
	}
	ids, err := proof.Consistency(from, to)
	if err != nil {
		return nil, fmt.Errorf("tree: %w", err)
	}
	h, err := read(n, ids.IDs)
	if err != nil {
		return nil, err
	}
	return ids.Rehash(h, rfc6962.DefaultHasher.HashChildren)
}

// rootOf is the root of a frontier.
func rootOf(size uint64, frontier [][]byte) ([]byte, error) {
	r, err := ranges().NewRange(0, size, frontier)
	if err != nil {
		return nil, reject(Malformed, "frontier")
	}
	return rootOfRange(r)
}

func rootOfRange(r *compact.Range) ([]byte, error) {
	if r.End() == 0 {
		return EmptyRoot(), nil
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return nil, reject(Malformed, "frontier")
	}
	return root, nil
}

// consistent checks Consistency's proof.
func consistent(from, to uint64, p [][]byte, fromRoot, toRoot []byte) bool {
	if from > to || len(p) > 130 {
		return false
	}
	if from == 0 {
		return len(p) == 0
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, p, fromRoot, toRoot) == nil
}

// hashesValid reports whether every hash has the length of SHA-256.
func hashesValid(list [][]byte) bool {
	for _, h := range list {
		if len(h) != sha256.Size {
			return false
		}
	}
	return true
}
