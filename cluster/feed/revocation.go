package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"vigie/watchlist"

	"golang.org/x/mod/sumdb/note"
)

// MaxRevocations is the most records of one revocation set.
const MaxRevocations = 1 << 18

// Revocation says that a record's last leaf, at Seq, is a Tombstone: it is shown no
// more. A copy that was put by an earlier leaf stops counting at once; a later leaf
// decides anew.
type Revocation struct {
	_      struct{} `cbor:",toarray"`
	Record string
	Seq    uint64
}

// RevocationSet are the records that were taken away from leaf From on, as of Size
// leaves. It is small, and fetched before anything else.
type RevocationSet struct {
	Feed       ID
	Epoch      uint64
	From, Size uint64
	Records    []Revocation
}

func (s RevocationSet) text(sum [32]byte) string {
	return fmt.Sprintf("vigie-feed-revocations/1\nfeed %s\nepoch %d\nfrom %d\nsize %d\ncount %d\nbox %s\n",
		s.Feed, s.Epoch, s.From, s.Size, len(s.Records), base64.StdEncoding.EncodeToString(sum[:]))
}

// Sign packs a set and signs it: the note, then the box, see splitRevocations. The
// records are in the order of Seq.
func (s RevocationSet) Sign(c *Codec, generation uint32, key []byte, signer note.Signer) ([]byte, error) {
	var plain bytes.Buffer
	enc := encoder.NewEncoder(&plain)
	for i, r := range s.Records {
		if r.Seq < s.From || r.Seq >= s.Size || i > 0 && r.Seq <= s.Records[i-1].Seq {
			return nil, reject(Malformed, "order of revocations")
		}
		if err := enc.Encode(r); err != nil {
			return nil, errMalformed
		}
	}
	if len(s.Records) > MaxRevocations {
		return nil, reject(Flood, "revocations")
	}
	box, err := c.seal(header{kind: boxRevocations, epoch: s.Epoch, first: s.From, size: s.Size, count: uint32(len(s.Records)), key: generation}, s.Feed, key, plainBytes{plain.Bytes()})
	if err != nil {
		return nil, err
	}
	n, err := note.Sign(&note.Note{Text: s.text(sha256.Sum256(box))}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign revocations: %w", err)
	}
	return append(n, box...), nil
}

// splitRevocations parts a signed set into its note and its box, which begins with
// the magic of a box; a note is text and does not hold it.
func splitRevocations(b []byte) (signed, box []byte, err error) {
	i := bytes.Index(b[:min(len(b), maxNote)], []byte(boxMagic))
	if i < 0 {
		return nil, nil, reject(Malformed, "revocations")
	}
	return b[:i], b[i:], nil
}

// openRevocations checks signature, box and content. keys are the feed keys to check
// the signature with; it gives those that have signed.
func (c *Codec) openRevocations(b []byte, feed ID, keys []string, content ContentKeys) (s RevocationSet, signed []string, err error) {
	n, box, err := splitRevocations(b)
	if err != nil {
		return s, nil, err
	}
	text, signed, err := openNote(n, keys)
	if err != nil {
		return s, nil, err
	}
	h, plain, err := c.open(box, boxRevocations, feed, content)
	if err != nil {
		return s, nil, err
	}
	if h.count > MaxRevocations {
		return s, nil, reject(Flood, "revocations")
	}
	s = RevocationSet{Feed: feed, Epoch: h.epoch, From: h.first, Size: h.size}
	for range h.count {
		var r Revocation
		if plain, err = unmarshalFirst(plain, &r); err != nil {
			return s, nil, reject(Malformed, "revocations")
		}
		id := watchlist.EntryID(r.Record)
		switch {
		case !id.Valid() || r.Seq < s.From || r.Seq >= s.Size || len(s.Records) > 0 && r.Seq <= s.Records[len(s.Records)-1].Seq:
			return s, nil, reject(Malformed, "revocations")
		case id.Origin() != feed.Origin():
			return s, nil, reject(ForeignOrigin, "")
		}
		r.Record = strings.Clone(r.Record)
		s.Records = append(s.Records, r)
	}
	if len(plain) > 0 || s.text(sha256.Sum256(box)) != text {
		return s, nil, reject(Malformed, "the signed text is of other revocations")
	}
	return s, signed, nil
}
