package watchlist

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds of changes to the table of spelling families. They are part of the
// replicated behaviour.
const (
	// MaxFamilySpellings is the most spellings of one change, MaxSpelling the most
	// characters of one.
	MaxFamilySpellings = 32
	MaxSpelling        = 40
	// MinFamilyReason is the least that source, justification and reason say, in
	// characters, MaxFamilyReason the most.
	MinFamilyReason = 10
	MaxFamilyReason = 1000
	// MaxFamilyFrequency is the most bearers per million that a family can be said to
	// have: one in ten.
	MaxFamilyFrequency = 100_000
	// MaxFamilyAdded is how many spellings administrators may add to one family.
	MaxFamilyAdded = 96
	// MaxFamilyChanges is the most changes that are ever recorded, MaxFamilyOpen how
	// many of them may wait for a review, MaxExtraSpellings how many spellings the
	// administrators' part of the table may hold.
	MaxFamilyChanges  = 10_000
	MaxFamilyOpen     = 100
	MaxExtraSpellings = 5_000
)

// FamilyChangeKind is what a change does to the table of spelling families.
type FamilyChangeKind string

// The kinds of change.
const (
	// FamilyAdd adds a family of spellings.
	FamilyAdd FamilyChangeKind = "add"
	// FamilyExtend adds spellings to a family that is there.
	FamilyExtend FamilyChangeKind = "extend"
	// FamilyWithdraw takes an accepted change back.
	FamilyWithdraw FamilyChangeKind = "withdraw"
)

// FamilyStatus is how far a change has come.
type FamilyStatus string

// The states of a change. An accepted one that was withdrawn stays accepted, and
// says by which change it was.
const (
	FamilyProposed FamilyStatus = "proposed"
	FamilyAccepted FamilyStatus = "accepted"
	FamilyRefused  FamilyStatus = "refused"
)

// The two kinds of family.
const (
	FamilySurname = "surname"
	FamilyGiven   = "given"
)

// FamilyChange is one change to the table of spelling families: what was proposed,
// by whom and on what ground, and what another administrator decided. Changes are
// never removed. Times are Unix milliseconds.
type FamilyChange struct {
	// Number counts the changes from 1.
	Number uint64           `json:"number" cbor:"1,keyasint"`
	Kind   FamilyChangeKind `json:"kind" cbor:"2,keyasint"`
	// Part is FamilySurname or FamilyGiven, "" for a withdrawal.
	Part string `json:"part,omitempty" cbor:"3,keyasint,omitempty"`
	// Spellings are those of a new family, or those that join one.
	Spellings []string `json:"spellings,omitempty" cbor:"4,keyasint,omitempty"`
	// PerMillion estimates how many of a million names hold one of a new family's
	// spellings; 0 says nothing, the family then counts as rare.
	PerMillion uint32 `json:"per_million,omitempty" cbor:"5,keyasint,omitempty"`
	// Family names the family of the release that the spellings join, by the first
	// spelling of its row. Change is instead the number of the accepted change whose
	// family they join; of a withdrawal, the change that it takes back.
	Family string `json:"family,omitempty" cbor:"6,keyasint,omitempty"`
	Change uint64 `json:"change,omitempty" cbor:"7,keyasint,omitempty"`
	// AllowShared: spellings may belong to another family too, as the proposer knows.
	AllowShared bool `json:"allow_shared,omitempty" cbor:"8,keyasint,omitempty"`
	// Source says where the equivalence is attested, Justification why it belongs in
	// the table.
	Source        string `json:"source" cbor:"9,keyasint"`
	Justification string `json:"justification" cbor:"10,keyasint"`
	// ProposedBy is the account, ProposedIndex the raft index.
	ProposedBy    string       `json:"proposed_by" cbor:"11,keyasint"`
	ProposedAt    int64        `json:"proposed_at" cbor:"12,keyasint"`
	ProposedIndex uint64       `json:"proposed_index" cbor:"13,keyasint"`
	Status        FamilyStatus `json:"status" cbor:"14,keyasint"`
	// The review; zero until then.
	ReviewedBy    string `json:"reviewed_by,omitempty" cbor:"15,keyasint,omitempty"`
	ReviewedAt    int64  `json:"reviewed_at,omitempty" cbor:"16,keyasint,omitempty"`
	ReviewedIndex uint64 `json:"reviewed_index,omitempty" cbor:"17,keyasint,omitempty"`
	Reason        string `json:"reason,omitempty" cbor:"18,keyasint,omitempty"`
	// Version is the version that the table had from the acceptance on, 0 without
	// one. The table of the release alone has version 0.
	Version uint64 `json:"version,omitempty" cbor:"19,keyasint,omitempty"`
	// WithdrawnBy is the accepted change that took this one back, 0 for none.
	WithdrawnBy uint64 `json:"withdrawn_by,omitempty" cbor:"20,keyasint,omitempty"`
}

// InForce reports whether the change adds to the table now.
func (c *FamilyChange) InForce() bool {
	return c.Status == FamilyAccepted && c.WithdrawnBy == 0 && c.Kind != FamilyWithdraw
}

// Validate lists what is wrong with a proposal, with pointers into the API's
// request. It looks at the change alone: neither at the table nor at how the
// spellings fold, which differ between releases.
func (c *FamilyChange) Validate() ValidationError {
	k := &checker{}
	oneOf(k, "/kind", c.Kind, FamilyAdd, FamilyExtend, FamilyWithdraw)
	k.why("/source", c.Source)
	k.why("/justification", c.Justification)
	if c.Kind == FamilyWithdraw {
		if c.Change == 0 {
			k.add("/change", "required", "say which change is withdrawn, by its number")
		}
		if len(c.Spellings) > 0 || c.Part != "" || c.Family != "" || c.PerMillion != 0 || c.AllowShared {
			k.add("/kind", "not_allowed", "a withdrawal names a change and nothing else")
		}
		return k.errs
	}
	oneOf(k, "/part", c.Part, FamilySurname, FamilyGiven)
	switch {
	case c.Kind == FamilyAdd && (c.Family != "" || c.Change != 0):
		k.add("/family", "not_allowed", "a new family joins no other; to add to one, the kind is extend")
	case c.Kind == FamilyExtend && (c.Family == "") == (c.Change == 0):
		k.add("/family", "required", "name the family that the spellings join: one of the release, or one that a change added")
	}
	if c.Family != "" {
		k.spelling("/family", c.Family)
	}
	if c.PerMillion > MaxFamilyFrequency || c.Kind == FamilyExtend && c.PerMillion != 0 {
		k.add("/per_million", "out_of_range", fmt.Sprintf("of a new family, at most %d", MaxFamilyFrequency))
	}
	c.checkSpellings(k)
	return k.errs
}

func (c *FamilyChange) checkSpellings(k *checker) {
	least := 1
	if c.Kind == FamilyAdd {
		least = 2
	}
	if len(c.Spellings) < least {
		k.add("/spellings", "required", fmt.Sprintf("at least %d: a family links spellings of one name", least))
	}
	if len(c.Spellings) > MaxFamilySpellings {
		k.add("/spellings", "too_many", fmt.Sprintf("at most %d spellings in one change", MaxFamilySpellings))
		return
	}
	for i, s := range c.Spellings {
		ptr := fmt.Sprintf("/spellings/%d", i)
		k.spelling(ptr, s)
		for _, earlier := range c.Spellings[:i] {
			if earlier == s {
				k.add(ptr, "duplicate", "the spelling is given twice")
				break
			}
		}
	}
}

// spelling checks one spelling: text of one line without commas.
func (c *checker) spelling(ptr, s string) {
	c.text(ptr, s, MaxSpelling, true)
	c.visible(ptr, s)
	if strings.TrimSpace(s) != s || strings.ContainsAny(s, ",\t\n") {
		c.add(ptr, "malformed", "one word, without commas or space around it")
	}
}

// why checks a text that a court may read.
func (c *checker) why(ptr, s string) {
	before := len(c.errs)
	c.text(ptr, s, MaxFamilyReason, true)
	if len(c.errs) == before && utf8.RuneCountInString(strings.TrimSpace(s)) < MinFamilyReason {
		c.add(ptr, "too_short", fmt.Sprintf("at least %d characters", MinFamilyReason))
	}
}

// CheckFamilyReason lists what is wrong with the reason of a review.
func CheckFamilyReason(reason string) ValidationError {
	k := &checker{}
	k.why("/reason", reason)
	return k.errs
}

// FamilyVersion is the version of the table that the changes so far have led to.
func FamilyVersion(changes []FamilyChange) uint64 { return FamilyVersionAsOf(changes, ^uint64(0)) }

// FamilyVersionAsOf is the version that was in force at a raft index.
func FamilyVersionAsOf(changes []FamilyChange, index uint64) (version uint64) {
	for i := range changes {
		if c := &changes[i]; c.Version > version && c.ReviewedIndex <= index {
			version = c.Version
		}
	}
	return version
}
