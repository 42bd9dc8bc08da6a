package sharing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"vigie/watchlist"
)

// Format is the version of a Policy's encoding.
const Format uint16 = 1

// The limits of a policy.
const (
	MaxGrants  = 256
	MaxCaveats = 256
	maxText    = 200
)

// Kind says what kind of recipient is meant.
type Kind string

// The kinds.
const (
	// Partner is another country, or one authority of it.
	Partner Kind = "partner"
	// Authority is a service of the own country.
	Authority Kind = "authority"
	// Post is an own post that holds a copy.
	Post Kind = "post"
)

// Recipient names who would see a record. In a Grant it selects: an empty
// Country, Authority or Post means any.
type Recipient struct {
	Kind      Kind              `cbor:"1,keyasint"`
	Country   watchlist.Country `cbor:"2,keyasint,omitempty"`
	Authority string            `cbor:"3,keyasint,omitempty"`
	Post      string            `cbor:"4,keyasint,omitempty"`
}

// covers reports whether the selector s means r.
func (s Recipient) covers(r Recipient) bool {
	return s.Kind == r.Kind && (s.Country == "" || s.Country == r.Country) &&
		(s.Authority == "" || s.Authority == r.Authority) && (s.Post == "" || s.Post == r.Post)
}

// Grant lets the recipients that To selects see Groups of entries of Categories
// (empty: of every category). Grants add up.
type Grant struct {
	To         Recipient            `cbor:"1,keyasint"`
	Categories []watchlist.Category `cbor:"2,keyasint,omitempty"`
	Groups     Groups               `cbor:"3,keyasint,omitempty"`
	// Reports lets them see reported documents, whole.
	Reports bool `cbor:"4,keyasint,omitempty"`
}

// CaveatRule says what a handling caveat withholds, from every recipient but the
// entry's own authority, whatever is granted. Withhold may be empty: the caveat is
// known and travels with the entry.
type CaveatRule struct {
	// Caveat is compared without regard to case and outer spaces.
	Caveat string `cbor:"1,keyasint"`
	// Kinds are the kinds of recipient that it concerns; empty: all.
	Kinds    []Kind `cbor:"2,keyasint,omitempty"`
	Withhold Groups `cbor:"3,keyasint,omitempty"`
}

// Policy is what a country shares. The zero Policy shares nothing.
type Policy struct {
	Format uint16 `cbor:"1,keyasint"`
	// Version rises with each change.
	Version uint64 `cbor:"2,keyasint"`
	// Owner is the country whose records the policy is about.
	Owner   watchlist.Country `cbor:"3,keyasint"`
	Grants  []Grant           `cbor:"4,keyasint,omitempty"`
	Caveats []CaveatRule      `cbor:"5,keyasint,omitempty"`
}

// fold is how caveats are compared.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Validate checks what Encode and Decode demand. The error names the place, never
// a value.
func (p *Policy) Validate() error {
	if p.Format != Format {
		return fmt.Errorf("policy of format %d, this is %d", p.Format, Format)
	}
	if !p.Owner.Valid() {
		return errors.New("the policy's owner is no country code")
	}
	if len(p.Grants) > MaxGrants || len(p.Caveats) > MaxCaveats {
		return errors.New("too many grants or caveats")
	}
	for i, g := range p.Grants {
		if err := p.checkGrant(g); err != nil {
			return fmt.Errorf("grant %d: %w", i, err)
		}
	}
	seen := map[string]bool{}
	for i, c := range p.Caveats {
		name := fold(c.Caveat)
		switch {
		case name == "" || len(c.Caveat) > 4*maxText:
			return fmt.Errorf("caveat %d: no name, or too long", i)
		case seen[name]:
			return fmt.Errorf("caveat %d is there twice", i)
		case !c.Withhold.Valid():
			return fmt.Errorf("caveat %d withholds an unknown group", i)
		case slices.ContainsFunc(c.Kinds, func(k Kind) bool { return !k.valid() }):
			return fmt.Errorf("caveat %d: unknown kind of recipient", i)
		}
		seen[name] = true
	}
	return nil
}

func (k Kind) valid() bool { return k == Partner || k == Authority || k == Post }

func (p *Policy) checkGrant(g Grant) error {
	switch {
	case !g.To.Kind.valid():
		return errors.New("unknown kind of recipient")
	case g.To.Country != "" && !g.To.Country.Valid():
		return errors.New("no country code")
	case g.To.Kind == Partner && g.To.Country == "":
		return errors.New("a grant to a partner names its country")
	case g.To.Kind == Partner && g.To.Country == p.Owner:
		return errors.New("the own country is no partner")
	case g.To.Kind != Partner && g.To.Country != "" && g.To.Country != p.Owner:
		return errors.New("services and posts are the owner's")
	case g.To.Kind != Post && g.To.Post != "":
		return errors.New("only a post has a name")
	case len(g.To.Authority) > 4*maxText || len(g.To.Post) > 4*maxText:
		return errors.New("a name is too long")
	case !g.Groups.Valid():
		return errors.New("unknown group")
	case g.Groups == 0 && !g.Reports:
		return errors.New("it grants nothing")
	}
	for _, c := range g.Categories {
		switch c {
		case watchlist.CategorySmuggler, watchlist.CategoryTrafficker, watchlist.CategoryDocumentFraud, watchlist.CategoryFacilitator:
		default:
			return errors.New("unknown category")
		}
	}
	return nil
}
