package score

import (
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// surnamesDiffer reports whether a word that may be a surname has another, unlike
// word in its place: the two were paired and speak against each other, or each
// was left over. llrs are those of the pairs.
func (m nameMatch) surnamesDiffer(llrs []float64) bool {
	leftProbe, leftEntry := false, false
	var probe, entry func(i int) bool // made only when a pair needs them
	for k, p := range m.c.Pairs {
		if p.Rule != names.RuleMissing && llrs[k] >= 0 {
			continue
		}
		if probe == nil {
			probe, entry = maybeSurname(m.probe, m.probeSurname), maybeSurname(m.entry, m.entrySurname)
		}
		switch {
		case p.Entry < 0:
			leftProbe = leftProbe || probe(p.Probe)
		case p.Probe < 0:
			leftEntry = leftEntry || entry(p.Entry)
		case probe(p.Probe) || entry(p.Entry):
			return true
		}
	}
	return leftProbe && leftEntry
}

// maybeSurname tells which core words of a name may be its surname: the recorded
// one, or when none is recorded the first and the last, since both orders are
// written.
func maybeSurname(tokens []*names.Token, surname string) func(i int) bool {
	recorded := map[string]bool{}
	for _, r := range names.Split(watchlist.Name{Full: surname}) {
		recorded[r.Text] = true
	}
	first, last, known := -1, -1, false
	for i, t := range tokens {
		if t.Class != names.Core {
			continue
		}
		known = known || recorded[t.Text]
		if first < 0 {
			first = i
		}
		last = i
	}
	return func(i int) bool {
		switch {
		case tokens[i].Class != names.Core:
			return false
		case known:
			return recorded[tokens[i].Text]
		}
		return i == first || i == last
	}
}
