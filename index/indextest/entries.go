package indextest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"vigie/watchlist"
)

// Model is the model id of the templates that Entry makes, of 128 values.
const Model = "indextest/128"

// Entry makes the n-th test entry: active, with a name, a document and a face
// that no other n shares. Equal n and revision give equal entries; another
// revision gives the same id with another name, document and face.
func Entry(n int, revision uint64) *watchlist.Entry {
	rng := rand.New(rand.NewPCG(uint64(n)+1, revision))
	return &watchlist.Entry{
		ID:            watchlist.NewEntryID("UTO", fmt.Sprintf("01920000-0000-7000-8000-%012x", n)),
		Origin:        watchlist.Origin{Country: "UTO", Authority: "Specimen"},
		Category:      watchlist.CategorySmuggler,
		Action:        watchlist.ActionInquiryCheck,
		Status:        watchlist.StatusActive,
		Revision:      revision,
		Names:         []watchlist.Name{{Kind: watchlist.NamePrimary, Full: word(rng) + " " + word(rng) + " " + word(rng)}},
		Births:        []watchlist.Birth{{From: watchlist.PartialDate{Year: 1950 + rng.IntN(50)}}},
		Sex:           watchlist.SexMale,
		Nationalities: []watchlist.Country{"UTO"},
		Documents:     []watchlist.Document{{Type: "passport", Number: number(rng), Issuer: "UTO"}},
		Faces: []watchlist.Face{{
			ID: "face-1", Model: Model, Template: watchlist.EncodeTemplate(Template(rng, 128)),
		}},
		LegalBasis: "test", Offence: "test", CaseReference: "test",
		Issued: 1, ReviewBy: 2, ExpiresAt: 1 << 52,
	}
}

// Template draws a template of dim values from the unit sphere.
func Template(rng *rand.Rand, dim int) []float32 {
	t := make([]float32, dim)
	for i := range t {
		t[i] = float32(rng.NormFloat64()) / 11.3
	}
	return t
}

// word makes a pronounceable word of eight letters; two of them seldom share a
// syllable.
func word(rng *rand.Rand) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for range 4 {
		b.WriteByte(consonants[rng.IntN(len(consonants))])
		b.WriteByte(vowels[rng.IntN(len(vowels))])
	}
	return strings.ToUpper(b.String()[:1]) + b.String()[1:]
}

// number makes a document number whose digits leave others at least several
// edits away.
func number(rng *rand.Rand) string {
	return fmt.Sprintf("%c%c%09d", 'A'+rune(rng.IntN(26)), 'A'+rune(rng.IntN(26)), rng.IntN(1e9))
}
