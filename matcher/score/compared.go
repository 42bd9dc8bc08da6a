package score

import "vigie/watchlist/names"

// Compared is two names whose words were compared, before any calibration says what
// that is worth. A calibration is fitted on many of them.
type Compared struct{ m nameMatch }

// ComparePair compares the words of a probe's name and of an entry's; ok is false
// when either has none.
func ComparePair(probe, entry names.Parsed) (c Compared, ok bool) {
	if len(probe.Tokens) == 0 || len(entry.Tokens) == 0 {
		return Compared{}, false
	}
	return Compared{compareTokens(probe.Tokens, entry.Tokens, entry.Kind)}, true
}

// Words gives the words of both sides and how they were paired.
func (p Compared) Words() (probe, entry []*names.Token, pairs []names.Pair) {
	return p.m.probe, p.m.entry, p.m.c.Pairs
}

// Sum gives what the words come to, before the curve of names, and the most that
// the name may be worth by the rules for surnames and missing parts.
func (c *Calibration) Sum(p Compared) (sum, highest float64) {
	p.m.cal = c
	llrs, sum := p.m.weigh()
	differs := p.m.surnamesDiffer(llrs)
	code, _ := p.m.word(differs)
	return sum, p.m.highest(code, differs)
}

// LLR is that of the pair of names, as CompareNames reports it.
func (c *Calibration) LLR(p Compared) float64 {
	sum, highest := c.Sum(p)
	return max(MinNameLLR, min(highest, c.data.Names.At(sum)))
}
