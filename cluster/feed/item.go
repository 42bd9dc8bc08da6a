package feed

import (
	"crypto/sha256"

	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

// Item is a leaf as it travels: without the commitment, which its bodies give anyway. An
// elided item is the leaf's hash alone: the origin keeps no more of it, since the
// record changed again, ended or was erased; the state root says what holds now.
type Item struct {
	_ struct{} `cbor:",toarray"`
	// Hash is that of an elided leaf; then all else is empty.
	Hash []byte
	// Leaf has no commitment here.
	Leaf *Leaf
	// Seed gives the salts of the shown groups.
	Seed []byte
	// Withheld is the hash that stands for the groups that are not shown.
	Withheld []byte
	// Bodies are those of the shown groups, in their order; of Key the wrapped key.
	Bodies [][]byte
}

func newItem(l Leaf, seed, withheld []byte, b Bodies) Item {
	head := l
	head.Commitment = []byte{}
	it := Item{Hash: []byte{}, Leaf: &head, Seed: notNil(seed), Withheld: notNil(withheld), Bodies: [][]byte{}}
	switch l.Type {
	case Put:
		for i, g := range sharing.Each() {
			if l.Groups.Has(g) {
				it.Bodies = append(it.Bodies, notNil(b[i]))
			}
		}
	case Key:
		it.Bodies = append(it.Bodies, b[0])
	}
	return it
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Elide gives the item of a leaf of which the origin keeps the hash alone.
func Elide(hash []byte) Item {
	return Item{Hash: hash, Seed: []byte{}, Withheld: []byte{}, Bodies: [][]byte{}}
}

// Change is one leaf that a receiver has verified.
type Change struct {
	// Seq is the leaf's place in the feed, from 0; in a bucket it is not known, 0.
	Seq  uint64
	Hash []byte
	// Elided: the hash is all that there is. Nothing to apply.
	Elided bool
	Leaf   Leaf
	Bodies Bodies
	// Entry or Report is the copy, of a Put.
	Entry  *watchlist.Entry
	Report *watchlist.ReportedDocument
	// Wrapped is the wrapped content key, of a Key.
	Wrapped []byte
}

// open rebuilds the leaf of an item, computes its hash and checks everything that
// can be checked without the tree.
func (it Item) open(origin watchlist.Country) (Change, error) {
	if it.Leaf == nil {
		if len(it.Hash) != sha256.Size || len(it.Seed)+len(it.Withheld)+len(it.Bodies) > 0 {
			return Change{}, reject(Malformed, "item")
		}
		return Change{Hash: it.Hash, Elided: true}, nil
	}
	if len(it.Hash) > 0 || len(it.Leaf.Commitment) > 0 {
		return Change{}, reject(Malformed, "item")
	}
	c := Change{Leaf: *it.Leaf}
	var err error
	switch c.Leaf.Type {
	case Put:
		err = it.openPut(&c)
	case Key:
		err = it.openKey(&c)
	default:
		if len(it.Seed)+len(it.Withheld)+len(it.Bodies) > 0 {
			err = reject(Malformed, "a body where none belongs")
		}
	}
	if err != nil {
		return Change{}, err
	}
	if err := c.Leaf.check(origin); err != nil {
		return Change{}, err
	}
	if c.Hash, err = c.Leaf.Hash(); err != nil {
		return Change{}, reject(Malformed, "leaf")
	}
	return c, c.copyOut()
}

func (it Item) openPut(c *Change) error {
	shown := c.Leaf.Groups
	if !shown.Valid() || (shown == sharing.All) != (len(it.Withheld) == 0) || shown != sharing.All && len(it.Withheld) != sha256.Size {
		return reject(BadRecord, "groups")
	}
	var digests [6][]byte
	rest := it.Bodies
	for i, g := range sharing.Each() {
		if !shown.Has(g) {
			continue
		}
		if len(rest) == 0 {
			return reject(BadRecord, "not every group is there")
		}
		salt, err := shownSalt(it.Seed, g)
		if err != nil {
			return reject(Malformed, "seed")
		}
		c.Bodies[i], rest = rest[0], rest[1:]
		digests[i] = digest(g, salt, c.Bodies[i])
	}
	if len(rest) > 0 {
		return reject(Malformed, "more groups than are shown")
	}
	c.Leaf.Commitment = commitment(shown, digests, it.Withheld)
	return nil
}

func (it Item) openKey(c *Change) error {
	if len(it.Bodies) != 1 || len(it.Seed)+len(it.Withheld) > 0 || len(it.Bodies[0]) > maxWrapped {
		return reject(Malformed, "key")
	}
	c.Wrapped = it.Bodies[0]
	sum := sha256.Sum256(c.Wrapped)
	c.Leaf.Commitment = sum[:]
	return nil
}

// copyOut makes the copy that is matched against.
func (c *Change) copyOut() (err error) {
	if c.Leaf.Type != Put {
		return nil
	}
	if c.Leaf.Kind == KindEntry {
		c.Entry, err = Entry(c.Leaf, c.Bodies)
	} else {
		c.Report, err = Report(c.Leaf, c.Bodies)
	}
	if err != nil {
		return reject(BadRecord, "")
	}
	return nil
}
