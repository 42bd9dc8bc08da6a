package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// maxNote is the most bytes of a signed note.
const maxNote = 16 << 10

// Fork says where an epoch leaves the one before: the first Size leaves of Epoch are
// those of the new epoch too.
type Fork struct {
	Epoch, Size uint64
	Root        []byte
}

// Checkpoint is the state of a feed as its origin signs it.
type Checkpoint struct {
	Feed ID
	// Size is the number of leaves, Root their Merkle root.
	Size uint64
	Root []byte
	// Epoch rises when the origin's history was cut: a restored backup, a lost quorum,
	// a stolen key. Fork is set from the second epoch on.
	Epoch uint64
	Fork  *Fork
	// State is the root of the live records, Live their number.
	State []byte
	Live  uint64
	// Policy is the version of the sharing policy; Oldest the first leaf that frames
	// are served from; Index the origin's raft index.
	Policy, Oldest, Index uint64
	// Issued and Due, Unix milliseconds: when this was signed, and when the next
	// checkpoint is promised. After Due a silent feed is late, and says so.
	Issued, Due int64
}

// Text gives the text that is signed: the three lines of a C2SP tlog-checkpoint, then
// one line for each further field in this order.
func (c Checkpoint) Text() string {
	b64 := base64.StdEncoding.EncodeToString
	t := fmt.Sprintf("%s\n%d\n%s\nepoch %d\nstate %s\nlive %d\npolicy %d\noldest %d\nindex %d\nissued %d\ndue %d\n",
		c.Feed.line(), c.Size, b64(c.Root), c.Epoch, b64(c.State), c.Live, c.Policy, c.Oldest, c.Index, c.Issued, c.Due)
	if c.Fork != nil {
		t += fmt.Sprintf("fork %d %d %s\n", c.Fork.Epoch, c.Fork.Size, b64(c.Fork.Root))
	}
	return t
}

// Sign gives the signed note of a checkpoint. The same checkpoint and key give the
// same bytes.
func (c Checkpoint) Sign(signers ...note.Signer) ([]byte, error) {
	text := c.Text()
	again, err := parseCheckpoint(text)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: it does not read back: %w", err)
	}
	if again.Text() != text {
		return nil, errors.New("sign checkpoint: it reads back as another one")
	}
	b, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// lines reads the fields of a note's text, one after the other.
type lines struct {
	rest string
	bad  bool
}

func (l *lines) next() string {
	line, rest, ok := strings.Cut(l.rest, "\n")
	l.rest, l.bad = rest, l.bad || !ok
	return line
}

// field reads a line "name value".
func (l *lines) field(name string) string {
	v, ok := strings.CutPrefix(l.next(), name+" ")
	l.bad = l.bad || !ok
	return v
}

// number reads a decimal without sign or leading zeros.
func (l *lines) number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 63)
	l.bad = l.bad || err != nil || strconv.FormatUint(n, 10) != s
	return n
}

// hash reads a base64 SHA-256.
func (l *lines) hash(s string) []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	l.bad = l.bad || err != nil || len(b) != sha256.Size
	return b
}

// parseCheckpoint reads Text's text and nothing else.
func parseCheckpoint(text string) (Checkpoint, error) {
	l := &lines{rest: text}
	id, ok := strings.CutPrefix(l.next(), "vigie-feed/1/")
	c := Checkpoint{Feed: ID(id)}
	if !ok || !c.Feed.Valid() {
		return c, reject(WrongFeed, "")
	}
	c.Size, c.Root = l.number(l.next()), l.hash(l.next())
	c.Epoch, c.State = l.number(l.field("epoch")), l.hash(l.field("state"))
	c.Live, c.Policy, c.Oldest, c.Index = l.number(l.field("live")), l.number(l.field("policy")), l.number(l.field("oldest")), l.number(l.field("index"))
	c.Issued, c.Due = int64(l.number(l.field("issued"))), int64(l.number(l.field("due")))
	if l.rest != "" {
		parts := strings.Split(l.field("fork"), " ")
		if len(parts) != 3 {
			return c, reject(Malformed, "fork")
		}
		c.Fork = &Fork{Epoch: l.number(parts[0]), Size: l.number(parts[1]), Root: l.hash(parts[2])}
	}
	switch {
	case l.bad || l.rest != "":
		return c, reject(Malformed, "checkpoint")
	case c.Epoch == 0 || (c.Epoch == 1) != (c.Fork == nil) || c.Fork != nil && c.Fork.Epoch >= c.Epoch:
		return c, reject(Malformed, "epoch")
	case c.Oldest > c.Size || c.Live > c.Size || c.Due < c.Issued:
		return c, reject(Malformed, "sizes or times")
	case c.Fork != nil && c.Fork.Size > c.Size:
		return c, reject(Malformed, "fork")
	}
	return c, nil
}

// openNote checks a note's signatures. It gives the keys, of those in keys, that have
// signed it; at least one.
func openNote(b []byte, keys []string) (text string, signed []string, err error) {
	if len(b) > maxNote {
		return "", nil, reject(Malformed, "note too long")
	}
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return "", nil, reject(Malformed, "key")
		}
		list = append(list, v)
	}
	n, err := note.Open(b, note.VerifierList(list...))
	if err != nil {
		return "", nil, reject(BadSignature, "")
	}
	for i, v := range list {
		ok := slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == v.Name() && s.Hash == v.KeyHash() })
		if ok && !slices.Contains(signed, keys[i]) {
			signed = append(signed, keys[i])
		}
	}
	return n.Text, signed, nil
}

// Cosign adds a cosigner's signature to a checkpoint that it has verified, and keeps
// those that are there. keys are the verifier keys of all signatures to keep.
func Cosign(signed []byte, keys []string, cosigner note.Signer) ([]byte, error) {
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, reject(Malformed, "key")
		}
		list = append(list, v)
	}
	if len(signed) > maxNote {
		return nil, reject(Malformed, "note too long")
	}
	n, err := note.Open(signed, note.VerifierList(list...))
	if err != nil {
		return nil, reject(BadSignature, "")
	}
	b, err := note.Sign(n, cosigner)
	if err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	return b, nil
}
