package feed

import (
	"crypto/hpke"
	"fmt"
)

// maxWrapped is the most bytes of a wrapped content key.
const maxWrapped = 4 << 10

// suite is HPKE (RFC 9180) with ML-KEM-768 + X25519 ("X-Wing"), HKDF-SHA-256 and
// AES-256-GCM: what is recorded today stays closed to the quantum computers of later.
func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA256(), hpke.AES256GCM()
}

// NewRecipientKey draws the key pair of a recipient: the private part stays there,
// the public part goes to the origin at pairing.
func NewRecipientKey() (private, public []byte, err error) {
	kem, _, _ := suite()
	k, err := kem.GenerateKey()
	if err != nil {
		return nil, nil, fmt.Errorf("recipient key: %w", err)
	}
	if private, err = k.Bytes(); err != nil {
		return nil, nil, fmt.Errorf("recipient key: %w", err)
	}
	return private, k.PublicKey().Bytes(), nil
}

func wrapInfo(feed ID, epoch uint64, generation uint32) ([]byte, error) {
	return marshal([]any{domain + "content key", string(feed), epoch, generation})
}

// WrapKey encrypts a content key to a recipient. It draws randomness, so it is called
// once, before the log; the wrapped bytes are replicated and every node serves them.
func WrapKey(public []byte, feed ID, epoch uint64, generation uint32, key []byte) ([]byte, error) {
	kem, kdf, aead := suite()
	if len(key) != SecretSize {
		return nil, fmt.Errorf("a content key has %d bytes, not %d", SecretSize, len(key))
	}
	pub, err := kem.NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("wrap key: %w", err)
	}
	info, err := wrapInfo(feed, epoch, generation)
	if err != nil {
		return nil, err
	}
	b, err := hpke.Seal(pub, kdf, aead, info, key)
	if err != nil {
		return nil, fmt.Errorf("wrap key: %w", err)
	}
	return b, nil
}

// UnwrapKey opens a wrapped content key with the recipient's private key.
func UnwrapKey(private []byte, feed ID, epoch uint64, generation uint32, wrapped []byte) ([]byte, error) {
	kem, kdf, aead := suite()
	if len(wrapped) > maxWrapped {
		return nil, reject(Malformed, "wrapped key")
	}
	k, err := kem.NewPrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("unwrap key: %w", err)
	}
	info, err := wrapInfo(feed, epoch, generation)
	if err != nil {
		return nil, err
	}
	key, err := hpke.Open(k, kdf, aead, info, wrapped)
	if err != nil || len(key) != SecretSize {
		return nil, reject(Malformed, "wrapped key does not open")
	}
	return key, nil
}
