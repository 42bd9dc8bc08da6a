package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"vigie/watchlist"
)

// Bounds of a join token's life.
const (
	TokenDefaultLife = time.Hour
	TokenMaxLife     = 24 * time.Hour
)

const (
	tokenPrefix  = "vigie1."
	tokenMaxText = 4096
	secretLen    = 32
	// pinLen of 32 hash bytes are enough for a pin: to be taken for a member, an
	// attacker needs a key whose hash begins with a given 128 bits (a second
	// preimage; collisions are of no use, since members choose their keys). It
	// keeps the token short enough to paste.
	pinLen  = 16
	maxPins = 8
)

// ErrBadToken is returned for text that is not a join token.
var ErrBadToken = errors.New("not a join token")

// Token is what a new node needs to join: where to dial, which authority to
// trust, and a single-use secret. Its text is a credential.
type Token struct {
	// CAHash is the SHA-256 of the DER of the authority certificate.
	CAHash []byte `cbor:"1,keyasint"`
	// Addresses are host:port of cluster listeners, the best first.
	Addresses []string           `cbor:"2,keyasint"`
	Role      watchlist.NodeRole `cbor:"3,keyasint"`
	// ExpiresAt is Unix milliseconds. It is told to the joiner for display: the
	// cluster holds its own and enforces it with the leader's stamped time.
	ExpiresAt int64 `cbor:"4,keyasint"`
	// Secret is 256 random bits. The cluster keeps its SHA-256 only.
	Secret []byte `cbor:"5,keyasint"`
	// Pins are the first 16 bytes of the SPKI hashes of the members that the
	// addresses belong to. The secret is sent to no other key: a certificate of
	// the authority alone proves little, removed nodes keep theirs.
	Pins [][]byte `cbor:"6,keyasint"`
}

// NewToken draws a token for a cluster. members holds the SPKI hash (see SPKI) of
// each node that may take the secret, at most 8.
func NewToken(authority *x509.Certificate, addresses, members []string, role watchlist.NodeRole, expiresAt int64) (Token, error) {
	pins, err := pinsOf(members)
	if err != nil {
		return Token{}, err
	}
	secret := make([]byte, secretLen)
	if _, err := rand.Read(secret); err != nil {
		return Token{}, fmt.Errorf("drawing a token secret: %w", err)
	}
	h := sha256.Sum256(authority.Raw)
	return Token{CAHash: h[:], Addresses: addresses, Role: role, ExpiresAt: expiresAt, Secret: secret, Pins: pins}, nil
}

func pinsOf(members []string) ([][]byte, error) {
	if len(members) == 0 || len(members) > maxPins {
		return nil, fmt.Errorf("a join token names 1 to %d members, not %d", maxPins, len(members))
	}
	var out [][]byte
	for _, m := range members {
		h, err := hex.DecodeString(m)
		if err != nil || len(h) != sha256.Size {
			return nil, errors.New("a member's key hash is malformed")
		}
		out = append(out, h[:pinLen])
	}
	return out, nil
}

// SecretHash is what the cluster stores of a token's secret.
func SecretHash(secret []byte) []byte {
	h := sha256.Sum256(secret)
	return h[:]
}

// Text encodes the token as one word: vigie1.<base64url of CBOR>.
func (t Token) Text() (string, error) {
	b, err := cbor.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encoding a join token: %w", err)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}

// ParseToken reads a token's text. Its errors wrap ErrBadToken and never hold
// the text.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	body, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(text) > tokenMaxText {
		return Token{}, fmt.Errorf("%w: it must start with %q and be shorter than %d characters", ErrBadToken, tokenPrefix, tokenMaxText)
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return Token{}, fmt.Errorf("%w: damaged text", ErrBadToken)
	}
	var t Token
	if err := cbor.Unmarshal(raw, &t); err != nil {
		return Token{}, fmt.Errorf("%w: damaged content", ErrBadToken)
	}
	if len(t.CAHash) != sha256.Size || len(t.Secret) != secretLen || len(t.Addresses) == 0 {
		return Token{}, fmt.Errorf("%w: incomplete content", ErrBadToken)
	}
	if len(t.Pins) == 0 || len(t.Pins) > maxPins || slices.ContainsFunc(t.Pins, func(p []byte) bool { return len(p) != pinLen }) {
		return Token{}, fmt.Errorf("%w: it does not name the members' keys", ErrBadToken)
	}
	if t.Role != watchlist.NodeVoter && t.Role != watchlist.NodeNonvoter {
		return Token{}, fmt.Errorf("%w: unknown node role", ErrBadToken)
	}
	return t, nil
}

// Trusts reports whether cert is the authority that the token names.
func (t Token) Trusts(cert *x509.Certificate) bool {
	h := sha256.Sum256(cert.Raw)
	return cert.IsCA && subtle.ConstantTimeCompare(h[:], t.CAHash) == 1
}

// Pinned reports whether cert carries the key of a member that the token names.
func (t Token) Pinned(cert *x509.Certificate) bool {
	h := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return slices.ContainsFunc(t.Pins, func(p []byte) bool {
		return len(p) == pinLen && subtle.ConstantTimeCompare(h[:pinLen], p) == 1
	})
}
