package feed

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// maxRatchet is the most bytes of an encoded Ratchet.
const maxRatchet = 64 << 10

// Ratchet is all that a receiver must keep of a feed to judge what comes next. It is
// persisted together with the changes that it accounts for, and never goes back but by
// what the country's offline keys sign. Its methods change nothing: they give the next
// Ratchet. The zero Ratchet is of no use; Pair makes the first.
type Ratchet struct {
	Feed ID `cbor:"1,keyasint"`
	// Country are the offline keys in force, Serial and Keys those of the certificate.
	Country Country   `cbor:"2,keyasint"`
	Serial  uint64    `cbor:"3,keyasint"`
	Keys    []FeedKey `cbor:"4,keyasint,omitempty"`

	// Size, Root and Frontier are the leaves that were verified and taken over.
	Size     uint64   `cbor:"5,keyasint"`
	Root     []byte   `cbor:"6,keyasint"`
	Frontier [][]byte `cbor:"7,keyasint"`
	// Epoch is that of Root. Index is the origin's index at the last leaf with one.
	Epoch uint64 `cbor:"8,keyasint"`
	Index uint64 `cbor:"9,keyasint"`

	// Head is the text of the last accepted checkpoint, HeadKey the key that signed
	// it. Leaves up to its size may follow.
	Head    string `cbor:"10,keyasint,omitempty"`
	HeadKey string `cbor:"11,keyasint,omitempty"`
	// Skip: Head does not continue Root, so that only its state can be taken over.
	Skip bool `cbor:"12,keyasint,omitempty"`
	// Unsynced: the state of Head was begun to be fetched by bucket; leaves follow
	// once Synced said that all of it is there.
	Unsynced bool `cbor:"13,keyasint,omitempty"`
}

// Pair makes the first Ratchet of a feed from what the pairing has confirmed.
func Pair(feed ID, country Country) (Ratchet, error) {
	if !feed.Valid() {
		return Ratchet{}, errFeedID
	}
	if err := country.check(); err != nil {
		return Ratchet{}, err
	}
	return Ratchet{Feed: feed, Country: country, Root: EmptyRoot(), Frontier: [][]byte{}}, nil
}

// Encode gives the bytes to keep.
func (r Ratchet) Encode() ([]byte, error) { return marshal(r) }

// DecodeRatchet reads Encode's bytes and nothing else.
func DecodeRatchet(b []byte) (Ratchet, error) {
	var r Ratchet
	if len(b) > maxRatchet {
		return r, reject(Malformed, "ratchet")
	}
	if err := exact(b, &r); err != nil {
		return Ratchet{}, reject(Malformed, "ratchet")
	}
	root, err := rootOf(r.Size, r.Frontier)
	if err != nil || !r.Feed.Valid() || !hashesValid(r.Frontier) || !bytes.Equal(root, r.Root) {
		return Ratchet{}, reject(Malformed, "ratchet")
	}
	if r.Head != "" {
		if c, err := parseCheckpoint(r.Head); err != nil || c.Feed != r.Feed {
			return Ratchet{}, reject(Malformed, "ratchet")
		}
	}
	return r, r.Country.check()
}

// head gives the last accepted checkpoint; ok is false before the first.
func (r Ratchet) head() (c Checkpoint, ok bool) {
	if r.Head == "" {
		return Checkpoint{}, false
	}
	c, err := parseCheckpoint(r.Head)
	return c, err == nil
}

// HeadCheckpoint is the last accepted checkpoint; ok is false before the first.
func (r Ratchet) HeadCheckpoint() (c Checkpoint, ok bool) { return r.head() }

// keyList gives the keys of the certificate in force.
func (r Ratchet) keyList() []string {
	out := make([]string, len(r.Keys))
	for i, k := range r.Keys {
		out[i] = k.Key
	}
	return out
}

// AcceptCertificate takes over a newer certificate. When the key that signed Head is
// no longer good for it, Head is forgotten: what a stolen key has signed ahead holds
// nobody up. What was taken over stays, until an epoch of the origin says otherwise.
func (r Ratchet) AcceptCertificate(b []byte) (Ratchet, error) {
	c, err := openCertificate(b, r.Feed.Origin(), r.Country)
	if err != nil {
		return r, err
	}
	if c.Serial < r.Serial {
		return r, reject(OldCertificate, "")
	}
	if c.Serial == r.Serial {
		if !slices.Equal(c.Keys, r.Keys) || !slices.Equal(c.Country.Keys, r.Country.Keys) || c.Country.Threshold != r.Country.Threshold {
			return r, reject(SplitView, "two certificates of one serial")
		}
		return r, nil
	}
	next := r
	next.Serial, next.Keys, next.Country = c.Serial, c.Keys, c.Country
	if h, ok := r.head(); ok && !next.covered([]string{r.HeadKey}, h.Epoch, h.Size, h.Issued) {
		next.Head, next.HeadKey, next.Skip = "", "", false
	}
	return next, nil
}

// covered reports whether one of the keys that signed is certified for this.
func (r Ratchet) covered(signed []string, epoch, size uint64, issued int64) bool {
	return slices.ContainsFunc(r.Keys, func(k FeedKey) bool { return slices.Contains(signed, k.Key) && k.covers(epoch, size, issued) })
}

// Clock is what a receiver knows of the time. The package has none of its own.
type Clock struct {
	// Now is Unix milliseconds. Trusted: other nodes' clocks agree with it.
	Now     int64
	Trusted bool
}

// Freshness says how old the list is and whether the origin is late. The time is never
// earlier than that of the last checkpoint: a dead battery makes no list fresh.
func (r Ratchet) Freshness(c Clock) (ageMillis int64, late bool) {
	h, ok := r.head()
	if !ok {
		return 0, true
	}
	now := max(c.Now, h.Issued)
	return now - h.Issued, now > h.Due
}

// CheckState compares the state root of what the receiver holds with the signed one,
// once all leaves of Head are taken over. Until then there is nothing to compare.
func (r Ratchet) CheckState(root []byte) error {
	h, ok := r.head()
	if !ok || r.Unsynced || r.Size != h.Size || r.Epoch != h.Epoch {
		return nil
	}
	if len(root) != sha256.Size || !bytes.Equal(root, h.State) {
		return reject(StateMismatch, "")
	}
	return nil
}
