package names

import "math"

// Pair is one word of the probe's name held against one of the entry's. Probe
// and Entry index the tokens; -1 means that the other side stands alone. Joined
// tells on which side a second word belongs to the pair: -1 the probe's next
// word, 1 the entry's next word, 0 none.
type Pair struct {
	Probe, Entry int
	Joined       int
	Rule         Rule
	Score        float64
}

// Comparison is the outcome of comparing two names.
type Comparison struct {
	// Score is the similarity of the names, 0 to 1.
	Score float64
	// Pairs covers every token of both sides, the probe's in order first.
	Pairs []Pair
}

// Compare pairs the words of two names so that the total is greatest, in any
// order, and scores the whole.
func Compare(probe, entry []*Token) Comparison {
	var sims [MaxTokens][MaxTokens]float32
	var rules [MaxTokens][MaxTokens]Rule
	probe, entry = limit(probe), limit(entry)
	for i, p := range probe {
		for j, e := range entry {
			s, r := Similarity(p, e)
			sims[i][j], rules[i][j] = float32(s), r
		}
	}
	a := align(probe, entry, &sims)
	c := Comparison{Score: a.score}
	usedEntry := [MaxTokens]bool{}
	usedProbe := [MaxTokens]bool{}
	for i := range probe {
		j := a.match[i]
		if j < 0 {
			continue
		}
		p := Pair{Probe: i, Entry: j, Rule: rules[i][j], Score: float64(sims[i][j])}
		usedProbe[i], usedEntry[j] = true, true
		if a.joined[i] != 0 {
			p.Rule, p.Score, p.Joined = RuleJoined, scoreJoined, a.joined[i]
			if p.Joined < 0 {
				usedProbe[i+1] = true
			} else {
				usedEntry[j+1] = true
			}
		}
		c.Pairs = append(c.Pairs, p)
	}
	for i := range probe {
		if !usedProbe[i] {
			c.Pairs = append(c.Pairs, Pair{Probe: i, Entry: -1, Rule: RuleMissing})
		}
	}
	for j := range entry {
		if !usedEntry[j] {
			c.Pairs = append(c.Pairs, Pair{Probe: -1, Entry: j, Rule: RuleMissing})
		}
	}
	return c
}

// Score is Compare without the pairs, for ranking many names: sims holds the
// similarity of every pair of words as Similarity gives it.
func Score(probe, entry []*Token, sims *[MaxTokens][MaxTokens]float32) float64 {
	return align(limit(probe), limit(entry), sims).score
}

// Bound is never less than Score of the same arguments, save for the last bits,
// and takes a fraction of its time.
//
// Score is A/(A+D), less something for the order: A is what the pairs are worth, D
// what they lack of their full weight and what the words left over cost. Of all
// pairings together, no word is worth more than in its best pair, and each adds at
// least the lesser of two things to D: what its best pair lacks, or what a word left
// over costs on a side that has more of them. Words without any pair are left over
// for sure, and those of both sides conflict. So A is at most the sum of the best,
// D at least that of the least, and A/(A+D) grows with A and falls with D.
func Bound(probe, entry []*Token, sims *[MaxTokens][MaxTokens]float32) float64 {
	probe, entry = limit(probe), limit(entry)
	if len(probe) == 0 || len(entry) == 0 {
		return 0
	}
	wp, we := weights(probe), weights(entry)
	var bestP, bestE [MaxTokens]float64
	for i := range probe {
		for j := range entry {
			s := float64(sims[i][j])
			s *= shade(s)
			bestP[i], bestE[j] = max(bestP[i], s), max(bestE[j], s)
			if i+1 < len(probe) && isJoin(probe[i], probe[i+1], entry[j]) {
				bestP[i], bestP[i+1], bestE[j] = max(bestP[i], scoreJoined), max(bestP[i+1], scoreJoined), max(bestE[j], scoreJoined)
			}
			if j+1 < len(entry) && isJoin(entry[j], entry[j+1], probe[i]) {
				bestE[j], bestE[j+1], bestP[i] = max(bestE[j], scoreJoined), max(bestE[j+1], scoreJoined), max(bestP[i], scoreJoined)
			}
		}
	}
	a, d := 0.0, 0.0
	side := func(w, best []float64, extra float64) (alone float64) {
		for i, b := range best {
			a += w[i] * b / 2
			d += w[i] * min((1-b)/2, extra)
			if b == 0 {
				alone += w[i]
			}
		}
		return alone
	}
	ofEntry := extraCost(probe)
	conflict := min(side(wp[:len(probe)], bestP[:len(probe)], probeExtra), side(we[:len(entry)], bestE[:len(entry)], ofEntry))
	if probe[len(probe)-1].Prefix {
		conflict *= cutConflict
	}
	if a == 0 {
		return 0
	}
	return a / (a + d + (2*conflictCost-probeExtra-ofEntry)*conflict)
}

func limit(t []*Token) []*Token {
	if len(t) > MaxTokens {
		return t[:MaxTokens]
	}
	return t
}

type alignment struct {
	score  float64
	match  [MaxTokens]int
	joined [MaxTokens]int
}

// The shape of the score. Words left over on both sides contradict each other
// and cost conflictCost times their weight; words left over on one side only are
// omissions and cost little: a traveller's second given name is often missing; but
// two common words of four are not yet a name, and stay under 0.8. An omission costs
// so much that a name with a word that is something like the probe's (0.74) comes
// before one that has none in its place.
// Another order costs orderCost a swap, three at most, so that it only decides
// between equals.
const (
	conflictCost = 1.3
	probeExtra   = 0.34
	entryExtra   = 0.34
	orderCost    = 0.004
	// cutConflict is the part of a conflict that counts when the probe's name is cut
	// off, cutExtra is entryExtra there: what is missing may have been cut off.
	cutConflict = 0.5
	cutExtra    = 0.2
)

// extraCost gives what a word of the entry's alone costs beside a probe's name.
func extraCost(probe []*Token) float64 {
	if probe[len(probe)-1].Prefix {
		return cutExtra
	}
	return entryExtra
}

func align(probe, entry []*Token, sims *[MaxTokens][MaxTokens]float32) alignment {
	var a alignment
	for i := range a.match {
		a.match[i] = -1
	}
	if len(probe) == 0 || len(entry) == 0 {
		return a
	}
	wp, we := weights(probe), weights(entry)
	var usedP, usedE [MaxTokens]bool
	matched, total := a.joins(probe, entry, sims, &wp, &we, &usedP, &usedE)
	m := assign(len(probe), len(entry), sims, &wp, &we, &usedP, &usedE)
	restP, restE := 0.0, 0.0
	for i := range probe {
		if usedP[i] {
			continue
		}
		j := m[i]
		if j < 0 {
			restP += wp[i]
			continue
		}
		a.match[i] = j
		usedE[j] = true
		w := (wp[i] + we[j]) / 2
		s := float64(sims[i][j])
		matched += w * s * shade(s)
		total += w
	}
	for j := range entry {
		if !usedE[j] {
			restE += we[j]
		}
	}
	conflict := min(restP, restE)
	if probe[len(probe)-1].Prefix {
		// What is missing may have been cut off, and then contradicts nothing.
		conflict *= cutConflict
	}
	total += 2*conflictCost*conflict + probeExtra*(restP-conflict) + extraCost(probe)*(restE-conflict)
	if total > 0 {
		a.score = max(0, matched/total-orderCost*float64(min(3, inversions(&a.match, len(probe)))))
	}
	return a
}

// shade bends the score of a pair so that two doubtful words don't add up to a
// good name: 1 at 1, 0.93 at 0.9, 0.8 at 0.7.
func shade(s float64) float64 { return 1 - 0.67*(1-s) }

// joins takes out pairs of words that one side writes as one (Da Silva,
// Dasilva) and returns their matched and total weight.
func (a *alignment) joins(probe, entry []*Token, sims *[MaxTokens][MaxTokens]float32, wp, we *[MaxTokens]float64, usedP, usedE *[MaxTokens]bool) (matched, total float64) {
	var goodP, goodE [MaxTokens]bool
	take := func(i, j, side int, w float64) {
		a.match[i], a.joined[i] = j, side
		usedP[i], usedE[j] = true, true
		if side < 0 {
			usedP[i+1] = true
		} else {
			usedE[j+1] = true
		}
		matched += w * scoreJoined
		total += w
	}
	// A word that has its equal on the other side is not joined.
	for i := range probe {
		for j := range entry {
			if sims[i][j] > 0.9 {
				goodP[i], goodE[j] = true, true
			}
		}
	}
	for i := range probe {
		for j := range entry {
			if usedP[i] || usedE[j] || goodP[i] || goodE[j] {
				continue
			}
			if i+1 < len(probe) && !usedP[i+1] && !goodP[i+1] && isJoin(probe[i], probe[i+1], entry[j]) {
				take(i, j, -1, (wp[i]+wp[i+1]+we[j])/2)
			} else if j+1 < len(entry) && !usedE[j+1] && !goodE[j+1] && isJoin(entry[j], entry[j+1], probe[i]) {
				take(i, j, 1, (we[j]+we[j+1]+wp[i])/2)
			}
		}
	}
	return matched, total
}

// isJoin reports whether whole is a and b written together.
func isJoin(a, b, whole *Token) bool {
	la := len(a.Text)
	return la+len(b.Text) == len(whole.Text) && whole.Text[:la] == a.Text && whole.Text[la:] == b.Text
}

// weights gives each token its say: rare words more than common ones, particles
// and honorifics little. A name with fewer than two core words lets honorifics
// count in full, since Cheikh is also a given name.
func weights(t []*Token) (w [MaxTokens]float64) {
	core := 0
	for _, x := range t {
		if x.Class == Core {
			core++
		}
	}
	for i, x := range t {
		switch x.Class {
		case Particle:
			w[i] = 0.08
		case Honorific:
			w[i] = 0.3
			if core < 2 {
				w[i] = 0.6
			}
		case Initial:
			w[i] = 0.45
		default:
			w[i] = x.Weight
		}
		if core == 0 && x.Class == Particle {
			w[i] = 0.5
		}
	}
	return w
}

// CoreWeight is the say of a core word that a share f of names hold: 0.65 for
// one in ten, 0.98 for one in two thousand.
func CoreWeight(f float64) float64 {
	return 0.5 + 0.145*min(4, max(1, -math.Log10(f)))
}

// inversions counts pairs of matched words whose order differs.
func inversions(m *[MaxTokens]int, n int) int {
	c := 0
	for i := range n {
		for k := i + 1; k < n; k++ {
			if m[i] >= 0 && m[k] >= 0 && m[i] > m[k] {
				c++
			}
		}
	}
	return c
}

// WeakScore lowers the score of a weak alias, so that it stays under what a good
// name reaches: a tenth less, and never above 0.8.
func WeakScore(s float64) float64 { return min(0.8, 0.9*s) }
