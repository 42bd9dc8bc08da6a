package feed

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"vigie/watchlist/sharing"
)

// The lengths of secrets, in bytes.
const (
	// SecretSize is the length of a salt secret and of a content key.
	SecretSize = 32
	// SaltSize is the length of a salt and of the seed of salts.
	SaltSize = 16
)

// domain begins every derivation and digest of this format.
const domain = "vigie-feed/1 "

// Salts gives the salts of the leaves of one feed. The secret is replicated state of
// the origin, so all of its nodes derive the same salts; nobody else knows it.
// A Salts is immutable.
type Salts struct {
	feed   ID
	epoch  uint64
	secret []byte
}

// NewSalts derives salts from a secret of SecretSize random bytes.
func NewSalts(feed ID, epoch uint64, secret []byte) (*Salts, error) {
	if !feed.Valid() {
		return nil, errFeedID
	}
	if len(secret) != SecretSize {
		return nil, fmt.Errorf("a salt secret has %d bytes, not %d", SecretSize, len(secret))
	}
	return &Salts{feed: feed, epoch: epoch, secret: append([]byte(nil), secret...)}, nil
}

// derive is HKDF-SHA-256 over the secret; info is a CBOR array that no other
// derivation shares.
func (s *Salts) derive(what, record string, revision uint64, number sharing.Groups) ([]byte, error) {
	info, err := marshal([]any{domain + what, string(s.feed), s.epoch, record, revision, uint8(number)})
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, s.secret, nil, string(info), SaltSize)
}

// of gives the salts of one leaf by group: those of the shown groups come from seed,
// which travels with the leaf; a withheld group has one of its own, which seed does
// not tell.
func (s *Salts) of(record string, revision uint64, shown sharing.Groups) (seed []byte, salts [6][]byte, err error) {
	if seed, err = s.derive("seed", record, revision, shown); err != nil {
		return nil, salts, err
	}
	for i, g := range sharing.Each() {
		if shown.Has(g) {
			salts[i], err = shownSalt(seed, g)
		} else {
			salts[i], err = s.derive("salt", record, revision, g)
		}
		if err != nil {
			return nil, salts, err
		}
	}
	return seed, salts, nil
}

// shownSalt is the salt of a shown group, HKDF-Expand of the leaf's seed.
func shownSalt(seed []byte, g sharing.Groups) ([]byte, error) {
	if len(seed) != SaltSize {
		return nil, errors.New("bad seed")
	}
	return hkdf.Expand(sha256.New, seed, domain+"group "+string(rune('0'+groupNumber(g))), SaltSize)
}

// groupNumber is 0 to 5 in the order of sharing.Each.
func groupNumber(g sharing.Groups) int {
	for i, one := range sharing.Each() {
		if one == g {
			return i
		}
	}
	return -1
}

// digest commits to the body of a group: SHA-256 over domain, group number, salt and
// body. The salt has a fixed length, so no two inputs run together.
func digest(g sharing.Groups, salt, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(domain + "digest"))
	h.Write([]byte{byte(groupNumber(g))})
	h.Write(salt)
	h.Write(body)
	return h.Sum(nil)
}

// contentKeys splits a content key into the one that makes the synthetic nonce and
// the one that frame keys come from.
func contentKeys(key []byte) (mac, enc []byte, err error) {
	if len(key) != SecretSize {
		return nil, nil, fmt.Errorf("a content key has %d bytes, not %d", SecretSize, len(key))
	}
	if mac, err = hkdf.Expand(sha256.New, key, domain+"siv", 32); err != nil {
		return nil, nil, err
	}
	enc, err = hkdf.Expand(sha256.New, key, domain+"frame", 32)
	return mac, enc, err
}

// synthetic is the HMAC-SHA-256 of header and plain bytes: a name for them that
// nobody without the key can make or test.
func synthetic(mac, header, plain []byte) []byte {
	h := hmac.New(sha256.New, mac)
	h.Write(header)
	h.Write(plain)
	return h.Sum(nil)
}
