package score

// Every constant here is a log10 likelihood ratio that no data at hand can fit; the
// calibration file lists them as reasoned (Reasons), all others are in that file. m
// is the chance of an observation between two records of one person, u between
// records of two; the constant is nearer to 0 than log10(m/u).
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

	// noSupport is the likeness, no LLR, up to which two words whose letters differ
	// are never worth more than unlikeWords: Santos and Sanches are two names. Among
	// random pairs such words still speak for one person, as Curve Likeness has it;
	// but people with like names are often of one people or family, which random
	// pairs leave out.
	noSupport   = 0.76
	unlikeWords = -0.1

	// BirthDiffer is the share of a person's records whose dates of birth differ
	// (estimates, clerks' errors, invented dates); no LLR. How they differ is counted
	// on the alternative dates of lists.
	BirthDiffer = 0.2
	// MaxBirthLLR caps dates: whole villages share a date of registration.
	MaxBirthLLR = 3.0
	// MinBirthLLR: a date may be invented, so it never rules a person out.
	MinBirthLLR = -2.0
	// birthRangeMax caps a date inside a recorded range.
	birthRangeMax = 1.0

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

// Reasons lists the constants above for the calibration file.
func Reasons() []Reasoned {
	return []Reasoned{
		{"max_name", MaxNameLLR, "a person must look: at a base rate of 1e-4 the best name alone leaves odds of one in ten"},
		{"max_partial_name", MaxPartialNameLLR, "a relative has as much in common"},
		{"max_weak_name", MaxWeakNameLLR, "many people bear a weak alias"},
		{"min_name", MinNameLLR, "a document may be in a wholly other name: m 0.01"},
		{"no_support_likeness", noSupport, "below it two words are two names to an officer; relatives and people of one origin have like names"},
		{"unlike_words", unlikeWords, "the most that such words are worth"},
		{"birth_differ", BirthDiffer, "share of one person's records whose dates differ; estimate"},
		{"max_birth", MaxBirthLLR, "villages share a date of registration"},
		{"min_birth", MinBirthLLR, "a date may be invented: m 0.01"},
		{"max_birth_range", birthRangeMax, "a range was written down because little was known"},
		{"sex_same", sexSame, "u 0.7: most travellers and most entries are men; estimate"},
		{"sex_different", sexDiffers, "m 0.01 (errors, borrowed documents), u 0.3; estimate"},
		{"nationality_same", nationalitySame, "u 0.4 at a border between neighbours; estimate"},
		{"nationality_different", nationalityDiffers, "m 0.25: second passports; estimate"},
		{"document_same", documentExact, "u under 1e-6, less what is lent or stolen; estimate"},
		{"document_same_no_issuer", documentNoIssuer, "as above, an issuer unknown; estimate"},
		{"document_same_other_issuer", documentOtherIssuer, "numbers of two countries meet; estimate"},
		{"document_confusable", documentConfusable, "characters that optical reading confuses; estimate"},
		{"document_near", documentNear, "the neighbour in the series is a stranger; estimate"},
		{"document_different", documentDiffers, "people renew documents; estimate"},
	}
}
