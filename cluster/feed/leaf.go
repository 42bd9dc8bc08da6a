package feed

import (
	"crypto/sha256"
	"errors"

	"vigie/watchlist"
	"vigie/watchlist/sharing"

	"github.com/transparency-dev/merkle/rfc6962"
)

// Type says what a leaf does.
type Type uint8

// The types.
const (
	// Put: the record is shown from now on, with this content.
	Put Type = 1
	// Tombstone: the record is shown no more (withdrawn, ended, erased, or no longer
	// shared: the recipient is not told which).
	Tombstone Type = 2
	// Policy: another version of the sharing policy is in force.
	Policy Type = 3
	// Key: another content key is in use.
	Key Type = 4
	// Heartbeat: nothing has changed.
	Heartbeat Type = 5
)

// Kind says what kind of record a leaf is about.
type Kind uint8

// The kinds; 0 for leaves that are about no record.
const (
	KindEntry  Kind = 1
	KindReport Kind = 2
)

// Leaf is one step of a feed, and what its hash commits to. Its encoding is the CBOR
// array of its fields in their order.
type Leaf struct {
	_    struct{} `cbor:",toarray"`
	Type Type
	Kind Kind
	// Record is the id of the entry or report, with the origin's country; "" for
	// leaves about no record.
	Record string
	// Revision is the record's, of Policy the policy's version, of Key the content
	// key's generation.
	Revision uint64
	// Index is the origin's raft index, Time its stamped time, Unix milliseconds.
	Index uint64
	Time  int64
	// Expires is when the record ends, on every node by itself; of Put alone.
	Expires int64
	// Groups is what the recipient may see.
	Groups sharing.Groups
	// Commitment is of Put the commitment to all groups, shown or not; of Key the
	// SHA-256 of the wrapped key; else empty.
	Commitment []byte
}

// Encode gives the bytes that the leaf's hash is of.
func (l Leaf) Encode() ([]byte, error) {
	l.Commitment = notNil(l.Commitment)
	return marshal(l)
}

// Hash is the leaf's hash in the tree, RFC 6962: SHA-256 of 0x00 and the encoding.
func (l Leaf) Hash() ([]byte, error) {
	b, err := l.Encode()
	if err != nil {
		return nil, err
	}
	return rfc6962.DefaultHasher.HashLeaf(b), nil
}

// check refuses leaves that no origin may write. origin is the feed's.
func (l Leaf) check(origin watchlist.Country) error {
	commits, record := false, false
	switch l.Type {
	case Put:
		commits, record = true, true
		if !l.Groups.Valid() || !l.Groups.Has(sharing.Core) || l.Expires <= 0 || l.Kind == KindReport && l.Groups != sharing.Core|sharing.Documents {
			return reject(BadRecord, "groups or end date")
		}
	case Tombstone:
		record = true
	case Key:
		commits = true
	case Policy, Heartbeat:
	default:
		return reject(Malformed, "unknown type of leaf")
	}
	if l.Type != Put && (l.Groups != 0 || l.Expires != 0) || commits != (len(l.Commitment) == sha256.Size) || !commits && len(l.Commitment) > 0 {
		return reject(Malformed, "a leaf with fields of another type")
	}
	if !record {
		if l.Kind != 0 || l.Record != "" {
			return reject(Malformed, "a record where none belongs")
		}
		return nil
	}
	id := watchlist.EntryID(l.Record)
	if l.Kind != KindEntry && l.Kind != KindReport || !id.Valid() || l.Revision == 0 {
		return reject(BadRecord, "kind, id or revision")
	}
	if id.Origin() != origin {
		return reject(ForeignOrigin, "")
	}
	return nil
}

// Published is a leaf with all that its origin knows of it.
type Published struct {
	Leaf Leaf
	Hash []byte
	// Item is what travels.
	Item Item
}

// PublishEntry makes the Put of an entry as a recipient may see it. index and time
// are those of the command that the leaf comes from.
func PublishEntry(s *Salts, e *watchlist.Entry, v sharing.View, index uint64, time int64) (Published, error) {
	b, err := EntryBodies(e)
	if err != nil {
		return Published{}, err
	}
	return publish(s, Leaf{Type: Put, Kind: KindEntry, Record: string(e.ID), Revision: e.Revision, Index: index, Time: time, Expires: e.ExpiresAt, Groups: v.Groups}, b)
}

// PublishReport makes the Put of a reported document.
func PublishReport(s *Salts, r *watchlist.ReportedDocument, v sharing.View, index uint64, time int64) (Published, error) {
	b, err := ReportBodies(r)
	if err != nil {
		return Published{}, err
	}
	return publish(s, Leaf{Type: Put, Kind: KindReport, Record: string(r.ID), Revision: r.Revision, Index: index, Time: time, Expires: r.KeepUntil, Groups: v.Groups}, b)
}

func publish(s *Salts, l Leaf, b Bodies) (Published, error) {
	if !l.Groups.Has(sharing.Core) {
		return Published{}, errors.New("publish: the record is not shared")
	}
	seed, salts, err := s.of(l.Record, l.Revision, l.Groups)
	if err != nil {
		return Published{}, err
	}
	var digests [6][]byte
	for i, g := range sharing.Each() {
		digests[i] = digest(g, salts[i], b[i])
	}
	withheld := withheldHash(l.Groups, digests)
	l.Commitment = commitment(l.Groups, digests, withheld)
	return finish(s.feed.Origin(), l, seed, withheld, b)
}

// PublishPlain makes a leaf that shows nothing: a Tombstone, Policy or Heartbeat.
func PublishPlain(feed ID, l Leaf) (Published, error) {
	if l.Type == Put || l.Type == Key {
		return Published{}, errors.New("publish: this type of leaf has a body")
	}
	return finish(feed.Origin(), l, nil, nil, Bodies{})
}

// PublishKey makes the leaf of a content key from what WrapKey gave.
func PublishKey(feed ID, generation uint64, wrapped []byte, index uint64, time int64) (Published, error) {
	sum := sha256.Sum256(wrapped)
	return finish(feed.Origin(), Leaf{Type: Key, Revision: generation, Index: index, Time: time, Commitment: sum[:]}, nil, nil, Bodies{wrapped})
}

func finish(origin watchlist.Country, l Leaf, seed, withheld []byte, b Bodies) (Published, error) {
	if err := l.check(origin); err != nil {
		return Published{}, err
	}
	h, err := l.Hash()
	if err != nil {
		return Published{}, err
	}
	return Published{Leaf: l, Hash: h, Item: newItem(l, seed, withheld, b)}, nil
}
