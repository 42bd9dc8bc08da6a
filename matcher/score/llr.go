package score

import "vigie/watchlist/names"

// Every constant here is a log10 likelihood ratio unless it says otherwise. m is
// the chance of an observation between two records of one person, u between
// records of two. Where no figures of the region are at hand, m and u are
// estimates and the constant is nearer to 0 than log10(m/u).
const (
	// MaxNameLLR caps names. With a base rate of one wanted person in ten thousand
	// travellers (-4), the best name alone leaves odds of one in ten: a person
	// must look, and no name is ever strong by itself.
	MaxNameLLR = 3.0
	// MaxPartialNameLLR caps names of which a part is missing on one side or of
	// another form: a relative has as much in common.
	MaxPartialNameLLR = 2.0
	// MaxWeakNameLLR caps weak aliases ("le Malien"), which many people bear.
	MaxWeakNameLLR = 0.7
	// MinNameLLR: a traveller may hold a document in a wholly other name, so
	// names alone never rule a person out. m = 0.01.
	MinNameLLR = -2.0

	// wordAgrees is m for one word of a name: a bearer's own word comes back in
	// one of the forms that a rule knows.
	wordAgrees = 0.9
	// wordsDepend shrinks the sum over words: given names and surnames of one
	// people go together, so the second word says less than the first.
	wordsDepend = 0.7
	// wordConflict is a core word on each side that fits nothing: m 0.06 (a
	// married name, a nickname), u 0.97.
	wordConflict = -1.2
	// wordOmitted is a core word that only one side has: common in mated records
	// (second given names), hardly less so in others.
	wordOmitted = -0.1
	// initialShare is u for an initial: the share of names with a word on it.
	initialShare = 0.1

	// birthExact: m 0.8, u one day in some 25 years of birth, 1.1e-4, would give
	// 3.9; whole villages share registration dates, so less.
	birthExact = 3.0
	// birthDefault is an equal 1 January or 31 December, which registers give when
	// only the year is known: u = 0.2 x 0.04.
	birthDefault = 1.2
	// birthSwapped: day and month changed places, m 0.02, u 1.1e-4.
	birthSwapped = 1.5
	// birthMonth: year and month agree, a day is unknown; u = 0.04/12.
	birthMonth = 1.8
	// birthYear: the year agrees and one side knows no more; u = 0.04.
	birthYear = 1.1
	// birthYearDefault: the year agrees, and one of two differing days is a
	// default.
	birthYearDefault = 0.7
	// birthYearOnly: the year agrees, the days differ: m 0.06, u 0.04.
	birthYearOnly = 0.0
	// birthDayMonth: day and month agree in another year: m 0.01, u 0.003.
	birthDayMonth = 0.4
	// yearShare is u for a year of birth.
	yearShare = 0.04
	// birthRangeMax caps a date inside a recorded range.
	birthRangeMax = 1.0
	// birthNear: one or two years apart where a side is an estimate.
	birthNear = 0.1
	// birthNearFull: one or two years apart between two full dates.
	birthNearFull = -0.7
	// birthFar and birthFarFull: more than two years apart, m 0.06 and 0.02.
	birthFar     = -1.2
	birthFarFull = -1.6
	// birthVeryFar: more than ten years apart, which a face shows too.
	birthVeryFar = -2.0

	// sexSame: u 0.7, since most travellers and most entries are men.
	sexSame = 0.1
	// sexDiffers: m 0.01 (clerks' errors, borrowed documents), u 0.3.
	sexDiffers = -1.3

	// nationalitySame: u 0.4 at a border between neighbours.
	nationalitySame = 0.3
	// nationalityDiffers: m 0.25, since second passports are the smuggler's tool.
	nationalityDiffers = -0.3

	// documentExact: number and issuer agree; u under 1e-6, but a lost or stolen
	// document is carried by somebody else.
	documentExact = 5.0
	// documentNoIssuer: the number agrees, an issuer is unknown.
	documentNoIssuer = 4.0
	// documentOtherIssuer: the number agrees under another issuer.
	documentOtherIssuer = 1.5
	// documentConfusable: equal but for characters that OCR mistakes.
	documentConfusable = 3.5
	// documentNear: one character off; the neighbour in the series is a stranger.
	documentNear = 1.5
	// documentDiffers: two numbers of one type and issuer; people renew them.
	documentDiffers = -0.2
)

// spread says how many times more pairs of strangers a rule joins than an equal
// spelling does: u = spread x frequency of the word.
var spread = map[names.Rule]float64{
	names.RuleExact: 1, names.RuleICAO: 1, names.RuleFamily: 1, names.RuleJoined: 1.5,
	names.RuleSound: 2, names.RuleTruncated: 3, names.RuleTypo: 5, names.RuleSkeleton: 6,
	names.RuleShort: 8,
}

// twoNames is a pair of known names that look alike, Diop and Diouf. Measured:
// 5 of 16,000 words of mated pairs, 1,255 of 1.8 million of others.
const twoNames = -0.35

// The rules say how two words are alike, not how much, so their worth is scaled
// by the likeness of the words. From fullSupport on they count in full, at
// noSupport for nothing, below it against, and at wordsUnlike like two words that
// fit nothing. On aliases of the OFAC list and spellings of the region, log10
// (m/u) of words with differing letters was 2.0 from 0.82 on, 1.2 at 0.75, 0.4 at
// 0.68 and -0.6 at 0.62; the scale stays below that, since people with like names
// are often of one people, which those u's leave out.
const (
	fullSupport = 0.90
	noSupport   = 0.75
	wordsUnlike = 0.60
	// shortSupport is the share of its worth that a short form keeps: log10(m/u)
	// measured 1.1.
	shortSupport = 0.5
)

// scaled weighs what a rule is worth by the likeness of the two words. It rises
// with the likeness and is never above worth.
func scaled(worth, likeness float64) float64 {
	switch {
	case likeness >= fullSupport:
		return worth
	case likeness >= noSupport:
		return worth * (likeness - noSupport) / (fullSupport - noSupport)
	}
	return max(wordConflict, wordConflict*(noSupport-likeness)/(noSupport-wordsUnlike))
}
