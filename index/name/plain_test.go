package name

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// plainList is what a search should answer, word for word as search.go says it and
// without anything clever: all names of all entries are held against the query. Its
// words are those of the release's table; searchBy goes by another.
type plainList map[watchlist.EntryID][]plainName

type plainName struct {
	index  int
	weak   bool
	tokens []*names.Token
	joined []string
}

// plainKey is a word under a table.
type plainKey struct {
	table *names.Table
	raw   names.Raw
}

var plainTokens sync.Map // plainKey to *names.Token

func plainToken(table *names.Table, r names.Raw) *names.Token {
	k := plainKey{table, r}
	if t, ok := plainTokens.Load(k); ok {
		return t.(*names.Token)
	}
	t, _ := plainTokens.LoadOrStore(k, table.NewToken(r))
	return t.(*names.Token)
}

func plainParse(table *names.Table, n watchlist.Name) (out []*names.Token) {
	for _, r := range names.Split(n) {
		out = append(out, plainToken(table, r))
	}
	return out
}

// put makes the list hold e, or not when it is not active.
func (l plainList) put(e *watchlist.Entry) {
	delete(l, e.ID)
	if e.Status != watchlist.StatusActive {
		return
	}
	for i, n := range e.Names {
		p := plainName{index: i, weak: n.Kind == watchlist.NameWeak, tokens: plainParse(names.Shipped(), n)}
		for k := range max(0, len(p.tokens)-1) {
			if joinable(p.tokens[k], p.tokens[k+1]) {
				p.joined = append(p.joined, p.tokens[k].Text+p.tokens[k+1].Text)
			}
		}
		if len(p.tokens) > 0 {
			l[e.ID] = append(l[e.ID], p)
		}
	}
}

// meets says which needed words of the query the name meets by key and, key or not,
// by nearness.
func (p plainName) meets(tokens []*names.Token, need uint16) (key, near uint16) {
	all := make([]word, 0, len(p.tokens)+len(p.joined))
	for _, t := range p.tokens {
		all = append(all, word{Token: t})
	}
	for _, j := range p.joined {
		all = append(all, word{Token: &names.Token{Raw: names.Raw{Text: j}}, joined: true})
	}
	for i := range tokens {
		if need&(1<<i) == 0 {
			continue
		}
		q := newQueryTerms(tokens, i)
		k := fuzziness(len(tokens[i].Text))
		for _, w := range all {
			w.keys(func(t term) {
				if slices.Contains(q.keys, t) {
					key |= 1 << i
				}
				if slices.Contains(q.near, t) {
					near |= 1 << i
				}
			})
			if q.fuzzy && (within(tokens[i].Text, w.Text, k) || w.Alt != "" && within(tokens[i].Text, w.Alt, k)) {
				near |= 1 << i
			}
		}
	}
	return key, near | key
}

func (p plainName) score(tokens []*names.Token) float64 {
	var sims [names.MaxTokens][names.MaxTokens]float32
	for i, a := range tokens {
		for j, b := range p.tokens {
			v, _ := names.Similarity(a, b)
			sims[i][j] = float32(v)
		}
	}
	v := names.Score(tokens, p.tokens, &sims)
	if p.weak {
		v = names.WeakScore(v)
	}
	return v
}

// under is the list with its words by a table. Which neighbours are joined is up to the
// rules alone.
func (l plainList) under(table *names.Table) plainList {
	if table == names.Shipped() {
		return l
	}
	out := plainList{}
	for id, list := range l {
		for _, p := range list {
			tokens := make([]*names.Token, len(p.tokens))
			for i, t := range p.tokens {
				tokens[i] = plainToken(table, t.Raw)
			}
			p.tokens = tokens
			out[id] = append(out[id], p)
		}
	}
	return out
}

// search answers a query by going over the list.
func (l plainList) search(q watchlist.NameQuery) []watchlist.NameMatch {
	return l.searchBy(names.Shipped(), q)
}

// searchBy is search by a table of spelling families.
func (l plainList) searchBy(table *names.Table, q watchlist.NameQuery) []watchlist.NameMatch {
	l = l.under(table)
	found := map[watchlist.EntryID]watchlist.NameMatch{}
	for qi, n := range q.Names {
		tokens := plainParse(table, n)
		if len(tokens) == 0 {
			continue
		}
		for _, m := range l.one(tokens) {
			m.Query = qi
			if b, ok := found[m.Entry]; !ok || cmp.Or(cmp.Compare(b.Score, m.Score), cmp.Compare(m.Query, b.Query), cmp.Compare(m.Name, b.Name)) < 0 {
				found[m.Entry] = m
			}
		}
	}
	out := []watchlist.NameMatch{}
	for _, m := range found {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b watchlist.NameMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entry, b.Entry))
	})
	return out[:min(len(out), q.K)]
}

// one gives all names that the stages admit for one name of a query.
func (l plainList) one(tokens []*names.Token) (out []watchlist.NameMatch) {
	type met struct {
		id        watchlist.EntryID
		n         plainName
		key, near uint16
	}
	var all []met
	need := needed(tokens)
	full := bits.OnesCount16(need)
	least := full
	if full >= 3 {
		least--
	}
	var byKey, byNear [16]int
	for id, list := range l {
		for _, n := range list {
			m := met{id: id, n: n}
			m.key, m.near = n.meets(tokens, need)
			if m.near == 0 {
				continue
			}
			for i := range tokens {
				byKey[i] += int(m.key >> i & 1)
				byNear[i] += int(m.near >> i & 1)
			}
			all = append(all, m)
		}
	}
	var rare, rareNear uint16
	for i := range tokens {
		if byKey[i] <= commonWord {
			rare |= 1 << i
		}
		if byNear[i] <= commonNear {
			rareNear |= 1 << i
		}
	}
	top := 0.0
	seen := make([]bool, len(all))
	for _, admit := range []func(m met) bool{
		func(m met) bool { return bits.OnesCount16(m.key) >= least },
		func(m met) bool { return bits.OnesCount16(m.near) >= least },
		func(m met) bool {
			return full >= 4 && bits.OnesCount16(m.key) >= 2 || m.key&rare != 0 || m.near&rareNear != 0
		},
	} {
		for i, m := range all {
			if seen[i] || !admit(m) {
				continue
			}
			seen[i] = true
			score := m.n.score(tokens)
			top = max(top, score)
			if score >= minScore {
				out = append(out, watchlist.NameMatch{Entry: m.id, Name: m.n.index, Score: score})
			}
		}
		if top >= stopScore {
			break
		}
	}
	return out
}
