package score

import (
	"slices"
	"strconv"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// The codes of name evidence.
const (
	CodeNameExact     = "name_exact"
	CodeNameFamily    = "name_same_family"
	CodeNameSound     = "name_same_sound"
	CodeNameNear      = "name_near"
	CodeNamePartial   = "name_partial"
	CodeNameDifferent = "name_different"
)

// The scores that the codes begin at.
const (
	partialFrom = 0.5
	nearFrom    = 0.72
)

// commonBelow is the LLR below which a name that is alike is said to be common: at
// least one stranger in some 600 bears it.
const commonBelow = 2.7

// CompareNames holds each name of the probe against each of the entry and
// reports the pair that is most alike; between equals the earlier. Weak aliases
// are lowered, see names.WeakScore. Params are "kind" (of the entry's name),
// "name" (its index), "common" when the name is borne by many, and "order" when
// the words come in another order. With explain, Pairs holds every word of both
// names. It returns false when either side has no name with a letter.
func CompareNames(probe, entry []watchlist.Name, explain bool) (watchlist.Evidence, bool) {
	return NewNames(probe).Compare(entry, explain)
}

// Names is a probe's names, parsed once to be held against many entries. It is
// immutable and safe for concurrent use.
type Names struct {
	cal    *Calibration
	table  *names.Table
	names  []watchlist.Name
	parsed []names.Parsed
}

// NewNames parses the probe's names, to be weighed by the shipped calibration.
func NewNames(probe []watchlist.Name) Names { return Shipped().NewNames(probe) }

// NewNamesBy is NewNames with another table of spelling families than the release's.
func NewNamesBy(table *names.Table, probe []watchlist.Name) Names {
	return Shipped().newNames(table, probe)
}

// NewNames parses the probe's names, to be weighed by this calibration.
func (c *Calibration) NewNames(probe []watchlist.Name) Names {
	return c.newNames(names.Shipped(), probe)
}

func (c *Calibration) newNames(table *names.Table, probe []watchlist.Name) Names {
	n := Names{cal: c, table: table, names: slices.Clone(probe)}
	for _, p := range probe {
		n.parsed = append(n.parsed, table.Parse(p))
	}
	return n
}

// Compare is CompareNames for one entry.
func (n Names) Compare(entry []watchlist.Name, explain bool) (watchlist.Evidence, bool) {
	best, ok := n.best(entry)
	if !ok {
		return watchlist.Evidence{}, false
	}
	return best.evidence(explain), true
}

// best is the pair of names that is most alike.
func (n Names) best(entry []watchlist.Name) (nameMatch, bool) {
	best := nameMatch{score: -1, cal: n.cal}
	for i, e := range entry {
		pe := n.table.Parse(e)
		if len(pe.Tokens) == 0 {
			continue
		}
		for k, pp := range n.parsed {
			if len(pp.Tokens) == 0 {
				continue
			}
			if m := compareTokens(pp.Tokens, pe.Tokens, e.Kind); m.score > best.score {
				m.cal, m.name, m.probeSurname, m.entrySurname = n.cal, i, n.names[k].Surname, e.Surname
				best = m
			}
		}
	}
	return best, best.score >= 0
}

// compareTokens compares two names; a weak alias is lowered.
func compareTokens(probe, entry []*names.Token, kind watchlist.NameKind) nameMatch {
	c := names.Compare(probe, entry)
	m := nameMatch{score: c.Score, c: c, probe: probe, entry: entry, kind: kind}
	if kind == watchlist.NameWeak {
		m.score = names.WeakScore(m.score)
	}
	return m
}

type nameMatch struct {
	cal          *Calibration
	score        float64
	c            names.Comparison
	probe, entry []*names.Token
	name         int
	kind         watchlist.NameKind
	// The surnames as recorded, or "".
	probeSurname, entrySurname string
}

func (m nameMatch) evidence(explain bool) watchlist.Evidence {
	ev := watchlist.Evidence{
		Kind: watchlist.EvidenceName, Score: m.score,
		Params: map[string]string{"kind": string(m.kind), "name": strconv.Itoa(m.name)},
	}
	llrs, total := m.weigh()
	differs := m.surnamesDiffer(llrs)
	ev.Code, ev.Reason = m.word(differs)
	total = m.cal.data.Names.At(total)
	ev.LLR = max(MinNameLLR, min(m.highest(ev.Code, differs), total))
	if m.score >= nearFrom && total < commonBelow {
		ev.Params["common"] = "true"
		ev.Reason += " Ce nom est répandu dans la région."
	}
	if m.reordered() {
		ev.Params["order"] = "changed"
	}
	if explain {
		ev.Pairs = m.pairs(llrs)
	}
	return ev
}

// highest is the most that the whole name may be worth. Of two names, the words
// that happen to agree are no support.
func (m nameMatch) highest(code string, differs bool) float64 {
	switch {
	case differs || m.score < partialFrom:
		return 0
	case m.kind == watchlist.NameWeak:
		return MaxWeakNameLLR
	case code == CodeNamePartial:
		return MaxPartialNameLLR
	}
	return MaxNameLLR
}

// weigh gives the LLR of each pair and their sum. The words of a name depend on one
// another, given names and surnames of one people go together: the calibration's
// curve of names makes an LLR of the sum.
func (m nameMatch) weigh() (each []float64, total float64) {
	each = make([]float64, len(m.c.Pairs))
	agree, leftProbe, leftEntry := 0.0, 0, 0
	for i, p := range m.c.Pairs {
		switch {
		case p.Entry < 0 && m.probe[p.Probe].Class == names.Core:
			leftProbe++
		case p.Probe < 0 && m.entry[p.Entry].Class == names.Core:
			leftEntry++
		case p.Probe >= 0 && p.Entry >= 0:
			each[i] = m.cal.pair(m.probe[p.Probe], m.entry[p.Entry], p.Rule, p.Score)
			agree += each[i]
		}
	}
	conflict, omission := m.cal.data.Words.Conflict.LLR, m.cal.data.Words.Omitted.LLR
	conflicts := min(leftProbe, leftEntry)
	omitted := max(leftProbe, leftEntry) - conflicts
	for i, p := range m.c.Pairs {
		if p.Rule != names.RuleMissing {
			continue
		}
		// Shown on the side that has the word; a conflict is shared by both.
		switch {
		case p.Probe >= 0 && m.probe[p.Probe].Class != names.Core, p.Entry >= 0 && m.entry[p.Entry].Class != names.Core:
		case conflicts > 0:
			each[i] = conflict / 2
		default:
			each[i] = omission
		}
	}
	return each, agree + float64(conflicts)*conflict + float64(omitted)*omission
}

// word gives code and sentence.
func (m nameMatch) word(differs bool) (code, reason string) {
	weakest, missing := names.RuleExact, 0
	for _, p := range m.c.Pairs {
		switch {
		case p.Rule == names.RuleMissing:
			if p.Probe >= 0 && m.probe[p.Probe].Class == names.Core || p.Entry >= 0 && m.entry[p.Entry].Class == names.Core {
				missing++
			}
		case strength[p.Rule] > strength[weakest]:
			weakest = p.Rule
		}
	}
	switch {
	case m.c.Score < partialFrom:
		return CodeNameDifferent, "Noms différents."
	case differs || m.c.Score < nearFrom || missing > 0 || weakest == names.RuleTwoNames:
		return CodeNamePartial, "Une partie du nom correspond."
	}
	switch strength[weakest] {
	case 0:
		return CodeNameExact, "Nom identique."
	case 1:
		return CodeNameFamily, "Même nom dans une autre orthographe de la région."
	case 2:
		return CodeNameSound, "Nom de même prononciation."
	}
	return CodeNameNear, "Nom proche, écrit ou abrégé autrement."
}

// strength orders the rules by how far they stray from the written word.
var strength = map[names.Rule]int{
	names.RuleExact: 0, names.RuleICAO: 0, names.RuleJoined: 0,
	names.RuleFamily: 1, names.RuleSound: 2, names.RuleSkeleton: 3, names.RuleTruncated: 3,
	names.RuleTypo: 3, names.RuleShort: 3, names.RuleInitial: 3, names.RuleTwoNames: 4,
}

func (m nameMatch) reordered() bool {
	last := -1
	for _, p := range m.c.Pairs {
		if p.Probe < 0 || p.Entry < 0 {
			continue
		}
		if p.Entry < last {
			return true
		}
		last = p.Entry
	}
	return false
}

func (m nameMatch) pairs(llrs []float64) []watchlist.TokenPair {
	out := make([]watchlist.TokenPair, len(m.c.Pairs))
	for i, p := range m.c.Pairs {
		t := watchlist.TokenPair{Rule: string(p.Rule), Score: p.Score, LLR: llrs[i]}
		if p.Probe >= 0 {
			t.Probe, t.Frequency = written(m.probe, p.Probe, p.Joined < 0), m.probe[p.Probe].Frequency
		}
		if p.Entry >= 0 {
			t.Entry, t.Frequency = written(m.entry, p.Entry, p.Joined > 0), max(t.Frequency, m.entry[p.Entry].Frequency)
		}
		out[i] = t
	}
	return out
}

// written shows a word as it was compared, in its own script when not Latin.
func written(t []*names.Token, i int, joined bool) string {
	s := t[i].Text
	if t[i].Source != "" {
		s = t[i].Source
	}
	if joined && i+1 < len(t) {
		s += " " + t[i+1].Text
	}
	return s
}
