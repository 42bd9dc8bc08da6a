package fitnames

import (
	"math/rand/v2"
	"runtime"
	"sync"

	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// pair is two names with the truth; folds are those of the two people.
type pair struct {
	a, b watchlist.Name
	// compared holds the comparison; ok is false where a name has no letter.
	compared score.Compared
	ok       bool
	fa, fb   int8
	mated    bool
	// weight makes every set count by its share.
	weight float64
	// words are what became of the core words, see words.
	words []word
}

// word is one core word of the first name, or one that only the second has.
type word struct {
	rule     names.Rule
	likeness float64
	// f is the share of names that hold it, the commoner of two.
	f float64
	// exposed tells that it is a word of the first name.
	exposed bool
	// conflict tells that a missing word has one on the other side; else it is an
	// omission.
	conflict bool
}

// sets draws the pairs of all sets, in a fixed order.
func sets(d *data, others int) (pairs []pair, cohort []score.CohortSet) {
	r := rand.New(rand.NewPCG(seed, 2))
	for _, s := range []struct {
		name          string
		people        []person
		against       []person
		mated, others float64 // shares of all mated pairs and of all others
	}{
		{"regional names, drawn and written again", d.region, d.region, 0.50, 0.50},
		{"OFAC individuals and their aliases", d.ofac, d.ofac, 0.25, 0.20},
		{"UN individuals and their good aliases", d.un, d.un, 0.15, 0},
		{"name_bench, matching pairs", d.set, nil, 0.10, 0},
		{"synthetic strangers against OFAC individuals", d.strangers, d.ofac, 0, 0.30},
	} {
		c := score.CohortSet{Name: s.name, Weight: max(s.mated, s.others)}
		first := len(pairs)
		if s.mated > 0 {
			for _, p := range s.people {
				for _, alias := range p.names[1:] {
					pairs = append(pairs, pair{a: alias, b: p.names[0], fa: int8(p.fold), fb: int8(p.fold), mated: true})
				}
			}
			c.Mated = len(pairs) - first
		}
		if s.others > 0 {
			for range int(float64(others) * s.others) {
				i, j := r.IntN(len(s.people)), r.IntN(len(s.against))
				if s.mated > 0 && i == j {
					continue
				}
				p, q := s.people[i], s.against[j]
				pairs = append(pairs, pair{a: p.names[r.IntN(len(p.names))], b: q.names[r.IntN(len(q.names))], fa: int8(p.fold), fb: int8(q.fold)})
			}
			c.Others = len(pairs) - first - c.Mated
		}
		for i := first; i < len(pairs); i++ {
			if pairs[i].mated {
				pairs[i].weight = s.mated / float64(c.Mated)
			} else {
				pairs[i].weight = s.others / float64(c.Others)
			}
		}
		cohort = append(cohort, c)
	}
	return pairs, cohort
}

// observe compares the words of every pair, on all cores; each name is parsed once.
func observe(pairs []pair) {
	parsed := map[string]*names.Parsed{}
	var list []*names.Parsed
	var texts []watchlist.Name
	for i := range pairs {
		for _, n := range []watchlist.Name{pairs[i].a, pairs[i].b} {
			if parsed[n.Full] == nil {
				parsed[n.Full] = &names.Parsed{}
				list, texts = append(list, parsed[n.Full]), append(texts, n)
			}
		}
	}
	inParallel(len(list), func(i int) { *list[i] = names.Parse(texts[i]) })
	inParallel(len(pairs), func(i int) {
		p := &pairs[i]
		if p.compared, p.ok = score.ComparePair(*parsed[p.a.Full], *parsed[p.b.Full]); p.ok {
			p.words = words(p.compared)
		}
	})
}

// inParallel calls f for 0 to n-1; each call must write to its own place only.
func inParallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}

// words lists the core words of the first name and what became of them, and those
// of the second that nothing fits.
func words(c score.Compared) []word {
	a, b, pairs := c.Words()
	var out []word
	leftA, leftB := 0, 0
	for _, x := range pairs {
		switch {
		case x.Probe >= 0 && x.Entry >= 0:
			if a[x.Probe].Class == names.Core || b[x.Entry].Class == names.Core {
				out = append(out, word{rule: x.Rule, likeness: x.Score, f: max(a[x.Probe].Frequency, b[x.Entry].Frequency), exposed: true})
			}
		case x.Probe >= 0 && a[x.Probe].Class == names.Core:
			out = append(out, word{rule: names.RuleMissing, f: a[x.Probe].Frequency, exposed: true})
			leftA++
		case x.Entry >= 0 && b[x.Entry].Class == names.Core:
			out = append(out, word{rule: names.RuleMissing, f: b[x.Entry].Frequency})
			leftB++
		}
	}
	conflicts := min(leftA, leftB)
	ca, cb := conflicts, conflicts
	for i := range out {
		if out[i].rule != names.RuleMissing {
			continue
		}
		n := &ca
		if !out[i].exposed {
			n = &cb
		}
		if *n > 0 {
			out[i].conflict = true
			*n--
		}
	}
	return out
}
