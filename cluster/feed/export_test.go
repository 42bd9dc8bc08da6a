package feed

import (
	"crypto/sha256"
	"testing"
)

// EncodeItemsForTest gives the plain bytes of a frame.
func EncodeItemsForTest(items []Item) ([]byte, error) {
	p, err := encodeItems(items)
	return p.join(), err
}

// SealForTest makes a frame that opens, with any packed bytes and any declared size.
func (c *Codec) SealForTest(feed ID, first uint64, count, plain uint32, packed, key []byte) ([]byte, error) {
	h := header{kind: boxFrame, feed: sha256.Sum256([]byte(feed.line())), epoch: 1, first: first, count: count, plain: plain, key: 1}
	_, enc, err := contentKeys(key)
	if err != nil {
		return nil, err
	}
	gcm, err := frameCipher(enc, h.siv[:])
	if err != nil {
		return nil, err
	}
	return gcm.Seal(h.bytes(), make([]byte, gcm.NonceSize()), packed, h.bytes()), nil
}

// SealItemsForTest makes a frame whose header counts other items than there are.
func (c *Codec) SealItemsForTest(feed ID, first uint64, count uint32, items []Item, key []byte) ([]byte, error) {
	plain, err := encodeItems(items)
	if err != nil {
		return nil, err
	}
	return c.seal(header{kind: boxFrame, epoch: 1, first: first, count: count, key: 1}, feed, key, plain)
}

// MarshalForTest gives the CBOR of v.
func MarshalForTest(t testing.TB, v any) []byte {
	b, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// UnmarshalForTest reads CBOR.
func UnmarshalForTest(t testing.TB, b []byte, v any) {
	if err := unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}
