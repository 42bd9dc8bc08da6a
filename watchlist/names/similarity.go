package names

import "strings"

// Rule says why two words were taken for one.
type Rule string

// The rules, strongest first.
const (
	RuleExact     Rule = "exact"     // same letters once accents are gone
	RuleICAO      Rule = "icao"      // same but for an expansion, Ä as AE
	RuleFamily    Rule = "family"    // spellings of one family of the table
	RuleSound     Rule = "sound"     // same sound in the region's orthographies
	RuleTruncated Rule = "truncated" // one is the beginning of the other, cut off
	RuleJoined    Rule = "joined"    // two words written as one
	RuleSkeleton  Rule = "skeleton"  // same consonants, near vowels
	RuleTypo      Rule = "typo"      // a few letters differ
	RuleShort     Rule = "short"     // a short form: Fatou of Fatoumata, Emeka of Chukwuemeka
	RuleTwoNames  Rule = "two_names" // alike, but the table knows them as two names
	RuleInitial   Rule = "initial"   // an initial of the other
	RuleMissing   Rule = "missing"   // nothing on the other side
)

// The scores of the rules. They order candidates and are not probabilities; the
// evidence of each rule is in matcher/score.
const (
	scoreICAO      = 0.99
	scoreFamily    = 0.97
	scoreSound     = 0.95
	scoreTruncated = 0.93
	scoreJoined    = 0.98
	scoreArabic    = 0.93
	scoreShort     = 0.74
	scoreInitial   = 0.70
	// otherArticleCost is the share that is left where one side alone joins the
	// Arabic article to the word.
	otherArticleCost = 0.96
	// The scores of one rule spread by how alike the words are written, so that of two
	// names that sound alike the one with the same letters comes first: this much
	// above and below.
	spread          = 0.012
	consonantSpread = 0.1
	// distinctFamilies caps two words that the table knows to be two names.
	distinctFamilies = 0.66
	// MinTokenScore is the score below which two words are two names.
	MinTokenScore = 0.62
)

// Similarity compares two words, 0 to 1, and names the rule that held. A score
// under MinTokenScore is returned as 0 with RuleMissing. It is symmetric.
func Similarity(a, b *Token) (float64, Rule) {
	if a.Syllabic != b.Syllabic {
		return syllabic(a, b)
	}
	if a == b || a.Text == b.Text && a.Consonantal == b.Consonantal {
		return 1, RuleExact
	}
	if a.Alt == b.Text || b.Alt == a.Text || a.Alt != "" && a.Alt == b.Alt {
		return scoreICAO, RuleICAO
	}
	if a.SharesFamily(b) || sameParticle(a, b) {
		return scoreFamily + spelt(a, b), RuleFamily
	}
	if s, r := shortForms(a, b); s > 0 {
		return s, r
	}
	score, rule := soundSimilarity(a, b)
	if s := typoSimilarity(a, b); s > score {
		score, rule = s, RuleTypo
	}
	if score < scoreShort && (shortForm(a, b) || shortForm(b, a) || shortEnd(a, b) || shortEnd(b, a)) {
		score, rule = scoreShort, RuleShort
	}
	if len(a.Families) > 0 && len(b.Families) > 0 && score >= distinctFamilies {
		return distinctFamilies, RuleTwoNames
	}
	if score < MinTokenScore {
		return 0, RuleMissing
	}
	return score, rule
}

// syllabic compares a word of Han characters or Hangul with one of another script.
// Only its usual reading, letter by letter, says anything: the region's sound
// rules would join Chen, Cheng and Zhan, which are many people's names.
func syllabic(a, b *Token) (float64, Rule) {
	if a.Text == b.Text {
		return scoreSound, RuleSound
	}
	if s := typoSimilarity(a, b); s >= MinTokenScore && min(len(a.Text), len(b.Text)) >= 6 {
		return s, RuleTypo
	}
	return 0, RuleMissing
}

// shortForms handles initials and words cut off by a machine-readable zone.
func shortForms(a, b *Token) (float64, Rule) {
	if a.Class == Initial != (b.Class == Initial) {
		if a.Text[:1] == b.Text[:1] && a.Class != Particle && b.Class != Particle {
			return scoreInitial, RuleInitial
		}
		return 0, RuleMissing
	}
	if a.Prefix && cutOff(a, b) || b.Prefix && cutOff(b, a) {
		return scoreTruncated, RuleTruncated
	}
	return 0, RuleMissing
}

// cutOff reports whether cut may be the beginning of whole.
func cutOff(cut, whole *Token) bool {
	return len(cut.Text) >= 3 && len(whole.Text) > len(cut.Text) && strings.HasPrefix(whole.Text, cut.Text)
}

// shortForm reports whether short is the beginning of long as names are
// shortened in the region: at least four letters and two consonants of sound.
func shortForm(short, long *Token) bool {
	return len(short.Text) >= 4 && len(long.Text) > len(short.Text) && !short.Consonantal && !long.Consonantal &&
		short.Text[:3] == long.Text[:3] && len(consonantsOf(short.Sounds[0])) >= 2 &&
		strings.HasPrefix(long.Sounds[0], strings.TrimRight(short.Sounds[0], "aeiou"))
}

// shortEnd reports whether short is the end of long: names of the coast are
// shortened to their last part, Chukwuemeka to Emeka, Babatunde to Tunde. Four
// letters at least, and three dropped. It scores so low that only an equal
// surname makes one name of the two.
func shortEnd(short, long *Token) bool {
	return len(short.Text) >= 4 && len(long.Text) >= len(short.Text)+3 && !short.Consonantal && !long.Consonantal &&
		short.Class == Core && long.Class == Core && strings.HasSuffix(long.Text, short.Text)
}

// soundSimilarity compares the sounds of two words.
func soundSimilarity(a, b *Token) (float64, Rule) {
	best, skeleton := 0.0, false
	for i, x := range a.Sounds {
		for j, y := range b.Sounds {
			var s float64
			same := a.Skeletons[i] == b.Skeletons[j]
			if !same && hopeless(a, b, i, j) {
				continue
			}
			switch {
			case x == y:
				s = scoreSound
			case a.Consonantal && !b.Consonantal:
				s = scoreArabic * arabicRatio(x, y)
			case b.Consonantal && !a.Consonantal:
				s = scoreArabic * arabicRatio(y, x)
			default:
				s = scoreSound * soundRatio(x, y)
			}
			if s > best {
				s *= chance(a, b, x, y)
			}
			switch {
			case a.article && i == len(a.Sounds)-1 || b.article && j == len(b.Sounds)-1:
				s *= otherArticleCost
			case i+j > 0:
				// A less likely reading.
				s *= 0.98
			}
			if s > best {
				best, skeleton = s, same
			}
		}
	}
	if len(a.Text) <= 2 || len(b.Text) <= 2 {
		best = min(best, 0.9)
	}
	switch {
	case best < MinTokenScore:
		return 0, RuleMissing
	case best >= scoreSound*0.98 || skeleton && a.Consonantal != b.Consonantal:
		return best + spelt(a, b), RuleSound
	case skeleton:
		return best + spelt(a, b), RuleSkeleton
	}
	return best * 0.97, RuleTypo
}

// spelt is spread for words of the same letters, -spread for words that share none.
// Beside a script that writes no short vowels the consonants decide, h among them,
// and weigh more, since they are all that is written.
func spelt(a, b *Token) float64 {
	if a.Consonantal || b.Consonantal {
		return spread - consonantSpread*(1-lettersAlike(lettersOf(a), lettersOf(b)))
	}
	return spread * (2*lettersAlike(a.Text, b.Text) - 1)
}

// lettersAlike is the share of letters that two spellings have in common, 0 to 1.
func lettersAlike(x, y string) float64 {
	return max(0, 1-2*letterDistance(x, y)/float64(max(1, len(x)+len(y))))
}

// lettersOf drops the vowels of a word, w and y among them, and of one in Arabic
// letters printed by ICAO's table its escapes.
func lettersOf(t *Token) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("aeiouwy", r) || r == 'x' && t.Consonantal {
			return -1
		}
		return r
	}, t.Text)
}

// hopeless reports whether two sounds are surely so unlike that they end below
// MinTokenScore, by their consonants alone; it saves the comparison.
func hopeless(a, b *Token, i, j int) bool {
	if a.sums == nil || b.sums == nil {
		return false
	}
	return mostSound(a.sums[i], b.sums[j], len(a.Sounds[i])+len(b.Sounds[j])) < MinTokenScore
}

// mostSound bounds the score of two sounds from above, by their consonants and the
// length of both together.
func mostSound(x, y letterSum, length int) float64 {
	if length == 0 {
		return scoreSound
	}
	return scoreSound * (1 - 2*x.leastSound(y)/float64(length))
}

// Sounds so short that they agree by chance, see chance.
const (
	shortSound = 3
	// unlikeLetters is the share of equal letters below which two spellings have
	// little in common.
	unlikeLetters  = 0.4
	chanceLetters  = 0.85
	chanceOneSound = 0.85
	chanceTwo      = 0.95
)

// chance lowers the score of two sounds that are short enough to agree by
// chance: where one side writes no short vowels, those of one or two consonants
// and other vowels; otherwise those of up to three sounds that are spelt quite
// differently (Xin, Kyong). On 20,000 strangers against the OFAC list it took a
// quarter of the false alerts away, and no recall at 10.
func chance(a, b *Token, x, y string) float64 {
	if a.Consonantal != b.Consonantal {
		if x == y {
			return 1
		}
		switch min(len(consonantsOf(x)), len(consonantsOf(y))) {
		case 0, 1:
			return chanceOneSound
		case 2:
			return chanceTwo
		}
		return 1
	}
	if a.Consonantal || max(len(x), len(y)) > shortSound {
		return 1
	}
	mean := float64(len(a.Text)+len(b.Text)) / 2
	if 1-letterDistance(a.Text, b.Text)/mean < unlikeLetters {
		return chanceLetters
	}
	return 1
}

// consonantsOf drops the vowels of a sound.
func consonantsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return -1
		}
		return r
	}, s)
}

// mostTypo is the largest distance of letters of two words that are taken for one,
// typoCost what a letter costs of one in two.
const (
	mostTypo = 2.6
	typoCost = 0.9
)

// typoSimilarity compares the letters of two words, or gives 0 when they differ
// by more than their length allows: one letter in three to five, two above.
func typoSimilarity(a, b *Token) float64 {
	la, lb := len(a.Text), len(b.Text)
	short, long := min(la, lb), max(la, lb)
	budget := 2.0
	switch {
	case short <= 2:
		return 0
	case short <= 5:
		budget = 1
	case short >= 9:
		budget = mostTypo
	}
	if float64(long-short) > budget || a.sum != 0 && b.sum != 0 && a.sum.least(b.sum) > budget {
		return 0
	}
	c := letterDistance(a.Text, b.Text)
	if c > budget {
		return 0
	}
	return 1 - c/float64(short+long)*2*typoCost
}
