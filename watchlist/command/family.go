package command

import "vigie/watchlist"

// FamilyPropose proposes a change to the table of spelling families if the table
// is of version IfVersion. Of Change it takes what is proposed and on what ground;
// Apply sets the rest. The actor must be the account of an administrator: behind
// an API key there may be anybody.
type FamilyPropose struct {
	Change    watchlist.FamilyChange `cbor:"1,keyasint"`
	IfVersion uint64                 `cbor:"2,keyasint"`
}

// FamilyReview decides on a proposed change if the table is of version IfVersion,
// the one that the reviewer saw the effect on. The actor must be the account of an
// administrator, and to accept, another than that of the proposer; to refuse the
// own proposal takes it back.
type FamilyReview struct {
	Number    uint64 `cbor:"1,keyasint"`
	Accept    bool   `cbor:"2,keyasint"`
	Reason    string `cbor:"3,keyasint"`
	IfVersion uint64 `cbor:"4,keyasint"`
}

// Kind implements Body.
func (FamilyPropose) Kind() Kind { return KindFamilyPropose }

// Kind implements Body.
func (FamilyReview) Kind() Kind { return KindFamilyReview }
