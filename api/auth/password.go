package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"vigie/watchlist"
)

// Params are the costs of argon2id (RFC 9106).
type Params struct {
	// Memory in KiB, at least 8 per thread.
	Memory uint32
	// Time is the number of passes, at least 1.
	Time uint32
	// Threads is the degree of parallelism, at least 1.
	Threads uint8
}

// DefaultParams is 64 MiB, 3 passes, 1 thread: above the RFC 9106 §4 choice for
// memory-constrained machines, about 0.15 s on one core of an appliance.
func DefaultParams() Params { return Params{Memory: 64 << 10, Time: 3, Threads: 1} }

const (
	saltSize = 16
	hashSize = 32

	// MinPassword is the least length of a new password, in characters.
	MinPassword = 12
	// MaxPassword is its greatest length, in bytes.
	MaxPassword = 1024

	// Bounds on stored hashes, so that a damaged one can't exhaust memory.
	maxMemory = 1 << 20
	maxTime   = 32
)

// ErrPassword is returned when a password is wrong.
var ErrPassword = errors.New("wrong password")

// Hasher hashes and checks passwords. At most its slots run at a time, since
// each takes Params.Memory.
type Hasher struct {
	params Params
	slots  *semaphore.Weighted
	// dummy is verified against when there is no account.
	dummy string
}

// NewHasher returns a Hasher that runs at most slots hashes at once (at least
// 1).
func NewHasher(p Params, slots int) (*Hasher, error) {
	if p.Time < 1 || p.Time > maxTime || p.Threads < 1 || p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory || slots < 1 {
		return nil, fmt.Errorf("argon2id parameters out of range")
	}
	// The dummy is no hash of anything, but checking against it costs the same.
	b := make([]byte, saltSize+hashSize)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("draw a salt: %w", err)
	}
	return &Hasher{params: p, slots: semaphore.NewWeighted(int64(slots)), dummy: p.phc(b[:saltSize], b[saltSize:])}, nil
}

// phc is the PHC string form of a hash.
func (p Params) phc(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// Hash returns the argon2id hash of a password in PHC string form with a new
// random salt. It waits for a slot; watchlist.ErrOverloaded when ctx ends
// first.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("draw a salt: %w", err)
	}
	sum, err := h.run(ctx, password, salt, h.params, hashSize)
	if err != nil {
		return "", err
	}
	return h.params.phc(salt, sum), nil
}

// Verify checks a password against a PHC string. With an empty hash it does the
// same work and fails, so that the time doesn't tell whether an account exists.
// It returns nil, ErrPassword, watchlist.ErrOverloaded, or an error for a
// damaged hash.
func (h *Hasher) Verify(ctx context.Context, hash, password string) error {
	absent := hash == ""
	if absent {
		hash = h.dummy
	}
	p, salt, want, err := parsePHC(hash)
	if err != nil {
		return err
	}
	got, err := h.run(ctx, password, salt, p, uint32(len(want)))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 || absent {
		return ErrPassword
	}
	return nil
}

func (h *Hasher) run(ctx context.Context, password string, salt []byte, p Params, size uint32) ([]byte, error) {
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait to check a password: %w", watchlist.ErrOverloaded)
	}
	defer h.slots.Release(1)
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, size), nil
}

// parsePHC reads "$argon2id$v=19$m=65536,t=3,p=1$salt$hash".
func parsePHC(s string) (Params, []byte, []byte, error) {
	var p Params
	bad := func() (Params, []byte, []byte, error) {
		return Params{}, nil, nil, errors.New("stored password hash is damaged")
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return bad()
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil {
		return bad()
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(sum) < 16 || len(sum) > 64 ||
		p.Memory > maxMemory || p.Time < 1 || p.Time > maxTime || p.Threads < 1 || p.Memory < 8*uint32(p.Threads) {
		return bad()
	}
	return p, salt, sum, nil
}

// CheckNewPassword reports whether a password may be set for a login: at least
// MinPassword characters, at most MaxPassword bytes, not containing the login,
// and not one character repeated. It returns a watchlist.FieldError whose
// pointer is ptr, or nil.
func CheckNewPassword(password, login, ptr string) error {
	fail := func(code, detail string) error {
		return watchlist.FieldError{Pointer: ptr, Code: code, Detail: detail}
	}
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return fail("too_short", fmt.Sprintf("a password has at least %d characters", MinPassword))
	case len(password) > MaxPassword:
		return fail("too_long", fmt.Sprintf("a password has at most %d bytes", MaxPassword))
	case login != "" && strings.Contains(strings.ToLower(password), strings.ToLower(login)):
		return fail("contains_login", "a password must not contain the login")
	}
	first, _ := utf8.DecodeRuneInString(password)
	if strings.Trim(password, string(first)) == "" {
		return fail("too_simple", "a password must not be one character repeated")
	}
	return nil
}
