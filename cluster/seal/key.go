package seal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Overhead is how many bytes longer a sealed value is: key id, nonce and tag.
const Overhead = 5 + 12 + 16

// ErrOpen: the bytes were changed, moved, or sealed with another key. Which of
// them cannot be told.
var ErrOpen = errors.New("sealed value does not open: wrong key, or damaged or moved bytes")

// Key seals and opens. It is safe for concurrent use.
type Key struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// NewKey draws a fresh AES-256-GCM key.
func NewKey() (*Key, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("draw key: %w", err)
	}
	return fromHandle(h)
}

// Parse reads the bytes of Marshal. Keysets with anything but 256-bit AES-GCM
// keys are refused.
func Parse(b []byte) (*Key, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(b)))
	if err != nil {
		// The cause is dropped: its text could describe the key.
		return nil, errors.New("parse key: not a Tink keyset")
	}
	return fromHandle(h)
}

func fromHandle(h *keyset.Handle) (*Key, error) {
	for i := range h.Len() {
		entry, err := h.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("read keyset: %w", err)
		}
		p, ok := entry.Key().Parameters().(*aesgcm.Parameters)
		if !ok || p.KeySizeInBytes() != 32 {
			return nil, errors.New("parse key: the keyset holds another kind of key than AES-256-GCM")
		}
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("use keyset: %w", err)
	}
	return &Key{handle: h, aead: a}, nil
}

// Marshal gives the bare key as bytes. Whoever holds them can read everything;
// send them over an authenticated and encrypted link alone.
func (k *Key) Marshal() ([]byte, error) {
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.handle, keyset.NewBinaryWriter(&buf)); err != nil {
		return nil, fmt.Errorf("marshal key: %w", err)
	}
	return buf.Bytes(), nil
}

// Seal encrypts plain under the primary key and binds it to ad, which is not
// kept and must be given again to Open. The result has Overhead more bytes.
func (k *Key) Seal(plain, ad []byte) ([]byte, error) {
	b, err := k.aead.Encrypt(plain, ad)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return b, nil
}

// Open gives the plain bytes of a sealed value in memory of their own, or
// ErrOpen.
func (k *Key) Open(sealed, ad []byte) ([]byte, error) {
	b, err := k.aead.Decrypt(sealed, ad)
	if err != nil {
		return nil, ErrOpen
	}
	return b, nil
}
