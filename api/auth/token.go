package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"vigie/watchlist"
)

// The prefixes tell the two kinds of secret apart, for people and for leak
// scanners.
const (
	sessionPrefix = "vs_"
	keyPrefix     = "vk_"
	secretSize    = 32
)

var secretLen = base64.RawURLEncoding.EncodedLen(secretSize)

// SessionToken is an opaque session secret: "vs_<secret>.<index>". The index is
// that of the write which stored the session, so that a node which lags behind
// knows what to wait for; it proves nothing.
type SessionToken struct {
	secret string
	// Index is the raft index of the write that stored the session.
	Index uint64
}

// NewSessionToken draws a token of 256 random bits.
func NewSessionToken() (SessionToken, error) {
	s, err := newSecret()
	return SessionToken{secret: s}, err
}

// ParseSessionToken reads a token; ok is false when s doesn't have the form.
func ParseSessionToken(s string) (t SessionToken, ok bool) {
	rest, ok := strings.CutPrefix(s, sessionPrefix)
	if !ok {
		return t, false
	}
	secret, index, ok := strings.Cut(rest, ".")
	if !ok || !validSecret(secret) {
		return t, false
	}
	n, err := strconv.ParseUint(index, 10, 64)
	if err != nil {
		return t, false
	}
	return SessionToken{secret: secret, Index: n}, true
}

// String is the text form that the client sends.
func (t SessionToken) String() string {
	return sessionPrefix + t.secret + "." + strconv.FormatUint(t.Index, 10)
}

// Hash is the lower-case hexadecimal SHA-256 under which the session is stored.
func (t SessionToken) Hash() string { return hashSecret(t.secret) }

// APIKeyToken is the credential of a machine: "vk_<id>_<secret>".
type APIKeyToken struct {
	ID     watchlist.KeyID
	secret string
}

// NewAPIKeyToken draws a secret of 256 random bits for the key id.
func NewAPIKeyToken(id watchlist.KeyID) (APIKeyToken, error) {
	s, err := newSecret()
	return APIKeyToken{ID: id, secret: s}, err
}

// ParseAPIKeyToken reads a key; ok is false when s doesn't have the form.
func ParseAPIKeyToken(s string) (t APIKeyToken, ok bool) {
	rest, ok := strings.CutPrefix(s, keyPrefix)
	if !ok {
		return t, false
	}
	id, secret, ok := strings.Cut(rest, "_")
	if !ok || id == "" || len(id) > 64 || !validSecret(secret) {
		return t, false
	}
	return APIKeyToken{ID: watchlist.KeyID(id), secret: secret}, true
}

// String is the text form that the client sends.
func (t APIKeyToken) String() string { return keyPrefix + string(t.ID) + "_" + t.secret }

// Hash is the lower-case hexadecimal SHA-256 of the secret, as stored.
func (t APIKeyToken) Hash() string { return hashSecret(t.secret) }

// Matches compares the key's secret with a stored hash in constant time.
func (t APIKeyToken) Matches(hash string) bool {
	return subtle.ConstantTimeCompare([]byte(t.Hash()), []byte(hash)) == 1
}

func newSecret() (string, error) {
	b := make([]byte, secretSize)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func validSecret(s string) bool {
	if len(s) != secretLen {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil
}

func hashSecret(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
