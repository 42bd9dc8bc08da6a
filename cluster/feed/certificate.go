package feed

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vigie/watchlist"

	"golang.org/x/mod/sumdb/note"
)

// The limits of a certificate.
const (
	maxCountryKeys = 8
	maxFeedKeys    = 16
)

// Country is the offline keys of a country, as note verifier keys: Threshold of them
// sign together. A partner pins them at pairing.
type Country struct {
	Threshold int      `cbor:"1,keyasint"`
	Keys      []string `cbor:"2,keyasint"`
}

// FeedKey is an online key, as a note verifier key, and what it is certified for.
type FeedKey struct {
	Key string `cbor:"1,keyasint"`
	// From and To are the epochs, both included. In the last of them it signs up to
	// LastSize leaves; 0: without limit.
	From     uint64 `cbor:"2,keyasint"`
	To       uint64 `cbor:"3,keyasint"`
	LastSize uint64 `cbor:"4,keyasint"`
	// Until ends its validity by the time of issue that it signs, Unix milliseconds.
	// That time can lie, epoch and size can't: see docs/adr/0016.
	Until int64 `cbor:"5,keyasint"`
}

// covers reports whether the key may sign this.
func (k FeedKey) covers(epoch, size uint64, issued int64) bool {
	return epoch >= k.From && epoch <= k.To && (epoch < k.To || k.LastSize == 0 || size <= k.LastSize) && issued <= k.Until
}

// Certificate is what the country's offline keys say of a country's online feed keys.
// The certificate with the highest serial holds, and replaces the others whole: a key
// that it does not list is revoked.
type Certificate struct {
	Origin watchlist.Country
	Serial uint64
	// Country is in force from this certificate on. If it differs from what was in
	// force, both sets of keys must have signed.
	Country Country
	Keys    []FeedKey
}

// Text gives the text that is signed.
func (c Certificate) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "vigie-feed-certificate/1\norigin %s\nserial %d\nthreshold %d\n", c.Origin, c.Serial, c.Country.Threshold)
	for _, k := range c.Country.Keys {
		fmt.Fprintf(&b, "country %s\n", k)
	}
	for _, k := range c.Keys {
		fmt.Fprintf(&b, "key %d %d %d %d %s\n", k.From, k.To, k.LastSize, k.Until, k.Key)
	}
	return b.String()
}

// Sign gives the signed note of a certificate.
func (c Certificate) Sign(signers ...note.Signer) ([]byte, error) {
	text := c.Text()
	again, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: it does not read back: %w", err)
	}
	if again.Text() != text {
		return nil, errors.New("sign certificate: it reads back as another one")
	}
	b, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return b, nil
}

func parseCertificate(text string) (Certificate, error) {
	l := &lines{rest: text}
	if l.next() != "vigie-feed-certificate/1" {
		return Certificate{}, reject(Malformed, "certificate")
	}
	c := Certificate{Origin: watchlist.Country(l.field("origin")), Serial: l.number(l.field("serial"))}
	threshold := l.number(l.field("threshold"))
	for strings.HasPrefix(l.rest, "country ") && len(c.Country.Keys) < maxCountryKeys {
		c.Country.Keys = append(c.Country.Keys, l.field("country"))
	}
	for strings.HasPrefix(l.rest, "key ") && len(c.Keys) < maxFeedKeys {
		parts := strings.Split(l.field("key"), " ")
		if len(parts) != 5 {
			return c, reject(Malformed, "certificate")
		}
		c.Keys = append(c.Keys, FeedKey{From: l.number(parts[0]), To: l.number(parts[1]), LastSize: l.number(parts[2]), Until: int64(l.number(parts[3])), Key: parts[4]})
	}
	if l.bad || l.rest != "" || !c.Origin.Valid() || c.Serial == 0 || threshold > maxCountryKeys {
		return c, reject(Malformed, "certificate")
	}
	c.Country.Threshold = int(threshold)
	return c, c.check()
}

func (c Certificate) check() error {
	if err := c.Country.check(); err != nil {
		return err
	}
	if len(c.Keys) == 0 {
		return reject(Malformed, "certificate without keys")
	}
	all := slices.Clone(c.Country.Keys)
	for _, k := range c.Keys {
		if k.From == 0 || k.From > k.To || k.Until <= 0 {
			return reject(Malformed, "validity of a key")
		}
		all = append(all, k.Key)
	}
	return checkKeys(all)
}

func (c Country) check() error {
	if c.Threshold < 1 || c.Threshold > len(c.Keys) || len(c.Keys) > maxCountryKeys {
		return reject(Malformed, "threshold of the country's keys")
	}
	return checkKeys(c.Keys)
}

// checkKeys refuses keys that don't parse, or that stand for the same key.
func checkKeys(keys []string) error {
	seen := map[string]bool{}
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil || len(k) > 300 {
			return reject(Malformed, "key")
		}
		id := v.Name() + "+" + strconv.FormatUint(uint64(v.KeyHash()), 16)
		// The same key under two names would count twice towards a threshold.
		raw := k[strings.LastIndexByte(k, '+')+1:]
		if seen[id] || seen[raw] {
			return reject(Malformed, "a key occurs twice")
		}
		seen[id], seen[raw] = true, true
	}
	return nil
}

// openCertificate checks that enough of the country's keys have signed b, and of the
// new ones if it changes them.
func openCertificate(b []byte, origin watchlist.Country, pinned Country) (Certificate, error) {
	text, signed, err := openNote(b, pinned.Keys)
	if err != nil {
		return Certificate{}, err
	}
	if len(signed) < pinned.Threshold {
		return Certificate{}, reject(BadSignature, "too few of the country's keys")
	}
	c, err := parseCertificate(text)
	if err != nil {
		return Certificate{}, err
	}
	if c.Origin != origin {
		return Certificate{}, reject(WrongFeed, "certificate")
	}
	if c.Country.Threshold != pinned.Threshold || !slices.Equal(c.Country.Keys, pinned.Keys) {
		_, signed, err := openNote(b, c.Country.Keys)
		if err != nil || len(signed) < c.Country.Threshold {
			return Certificate{}, reject(BadSignature, "too few of the new country keys")
		}
	}
	return c, nil
}
