package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
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
}

// NewToken draws a token for a cluster.
func NewToken(authority *x509.Certificate, addresses []string, role watchlist.NodeRole, expiresAt int64) (Token, error) {
	secret := make([]byte, secretLen)
	if _, err := rand.Read(secret); err != nil {
		return Token{}, fmt.Errorf("drawing a token secret: %w", err)
	}
	h := sha256.Sum256(authority.Raw)
	return Token{CAHash: h[:], Addresses: addresses, Role: role, ExpiresAt: expiresAt, Secret: secret}, nil
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
