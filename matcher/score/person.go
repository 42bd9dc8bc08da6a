package score

import (
	"slices"

	"vigie/watchlist"
)

// The codes of sex and nationality evidence.
const (
	CodeSexSame            = "sex_same"
	CodeSexDiffers         = "sex_different"
	CodeNationalitySame    = "nationality_same"
	CodeNationalityDiffers = "nationality_different"
)

// CompareSex compares two recorded sexes. It returns false unless both are M or
// F: unspecified says nothing.
func CompareSex(probe, entry watchlist.Sex) (watchlist.Evidence, bool) {
	known := func(s watchlist.Sex) bool { return s == watchlist.SexMale || s == watchlist.SexFemale }
	if !known(probe) || !known(entry) {
		return watchlist.Evidence{}, false
	}
	if probe == entry {
		return watchlist.Evidence{Kind: watchlist.EvidenceSex, Score: 1, LLR: sexSame, Code: CodeSexSame, Reason: "Même sexe."}, true
	}
	return watchlist.Evidence{Kind: watchlist.EvidenceSex, LLR: sexDiffers, Code: CodeSexDiffers, Reason: "Le sexe diffère."}, true
}

// stateless are codes of ICAO Doc 9303-3 that name no nationality: stateless
// persons, refugees, unspecified, and organisations that
// issue laissez-passer to people of any nationality.
var stateless = []watchlist.Country{"XXA", "XXB", "XXC", "XXX", "UNO", "UNA", "UNK", "XPO", "XEC", "XOM", "XBA", "XIM", "XCC", "XCE", "XCO", "XMP", "XES", "XDC", "XAF", "XAU", "EUE"}

// CompareNationality compares the probe's nationality with the entry's. It
// returns false when either is unknown, or is a code that names none.
func CompareNationality(probe watchlist.Country, entry []watchlist.Country) (watchlist.Evidence, bool) {
	known := slices.DeleteFunc(slices.Clone(entry), func(c watchlist.Country) bool { return c == "" || slices.Contains(stateless, c) })
	if probe == "" || len(known) == 0 || slices.Contains(stateless, probe) {
		return watchlist.Evidence{}, false
	}
	if slices.Contains(known, probe) {
		return watchlist.Evidence{Kind: watchlist.EvidenceNationality, Score: 1, LLR: nationalitySame, Code: CodeNationalitySame, Reason: "Même nationalité."}, true
	}
	return watchlist.Evidence{Kind: watchlist.EvidenceNationality, LLR: nationalityDiffers, Code: CodeNationalityDiffers, Reason: "Nationalité différente de celles connues."}, true
}
