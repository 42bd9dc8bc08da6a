package feed

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

// Disclosure is one group of a leaf that was withheld and is shown later, for
// instance on a confirmed hit. Its encoding is the CBOR array of its fields.
type Disclosure struct {
	_    struct{} `cbor:",toarray"`
	Leaf Leaf
	// Group is one group; Salt and Body are what its digest is of.
	Group sharing.Groups
	Salt  []byte
	Body  []byte
	// Others are the digests of the five other groups, in their order.
	Others [][]byte
}

// Disclose opens one withheld group of the entry that a leaf was published of. s are
// the salts of the leaf's epoch.
func Disclose(s *Salts, l Leaf, e *watchlist.Entry, g sharing.Groups) (Disclosure, error) {
	n := groupNumber(g)
	if n < 0 || l.Type != Put || l.Groups.Has(g) || string(e.ID) != l.Record || e.Revision != l.Revision {
		return Disclosure{}, errors.New("disclose: not a withheld group of this leaf")
	}
	b, err := EntryBodies(e)
	if err != nil {
		return Disclosure{}, err
	}
	_, salts, err := s.of(l.Record, l.Revision, l.Groups)
	if err != nil {
		return Disclosure{}, err
	}
	d := Disclosure{Leaf: l, Group: g, Salt: salts[n], Body: b[n]}
	for i, one := range sharing.Each() {
		if one != g {
			d.Others = append(d.Others, digest(one, salts[i], b[i]))
		}
	}
	h, err := l.Hash()
	if err != nil {
		return Disclosure{}, err
	}
	if d.Verify(h) != nil {
		return Disclosure{}, errors.New("disclose: the entry is not the one that was published")
	}
	return d, nil
}

// Verify checks a disclosure against the hash of the leaf that the receiver holds.
func (d Disclosure) Verify(leafHash []byte) error {
	h, err := d.Leaf.Hash()
	n := groupNumber(d.Group)
	if err != nil || n < 0 || d.Leaf.Type != Put || !d.Leaf.Groups.Valid() || len(d.Salt) != SaltSize || len(d.Others) != 5 || !hashesValid(d.Others) {
		return reject(Malformed, "disclosure")
	}
	var digests [6][]byte
	digests[n] = digest(d.Group, d.Salt, d.Body)
	copy(digests[:n], d.Others[:n])
	copy(digests[n+1:], d.Others[n:])
	if !bytes.Equal(h, leafHash) || !bytes.Equal(commitment(d.Leaf.Groups, digests, withheldHash(d.Leaf.Groups, digests)), d.Leaf.Commitment) {
		return reject(BadDigest, "")
	}
	return nil
}

// withheldHash stands for the digests of the groups that are not shown: SHA-256 over
// domain and digests. It is what travels of them; empty when all groups are shown.
func withheldHash(shown sharing.Groups, digests [6][]byte) []byte {
	if shown == sharing.All {
		return []byte{}
	}
	h := sha256.New()
	h.Write([]byte(domain + "withheld"))
	for i, g := range sharing.Each() {
		if !shown.Has(g) {
			h.Write(digests[i])
		}
	}
	return h.Sum(nil)
}

// commitment commits a leaf to all groups: SHA-256 over domain, the set of shown
// groups, their digests in order, and withheldHash. The set tells how many follow.
func commitment(shown sharing.Groups, digests [6][]byte, withheld []byte) []byte {
	h := sha256.New()
	h.Write([]byte(domain + "commitment"))
	h.Write([]byte{byte(shown)})
	for i, g := range sharing.Each() {
		if shown.Has(g) {
			h.Write(digests[i])
		}
	}
	h.Write(withheld)
	return h.Sum(nil)
}
