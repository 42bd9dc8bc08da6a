package name

import (
	"cmp"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/benchmarks/gen"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// plainList is what a search should answer, word for word as search.go says it and
// without anything clever: all names of all entries are held against the query.
type plainList map[watchlist.EntryID][]plainName

type plainName struct {
	index  int
	weak   bool
	tokens []*names.Token
	joined []string
}

var plainTokens sync.Map // names.Raw to *names.Token

func plainToken(r names.Raw) *names.Token {
	if t, ok := plainTokens.Load(r); ok {
		return t.(*names.Token)
	}
	t, _ := plainTokens.LoadOrStore(r, names.NewToken(r))
	return t.(*names.Token)
}

func plainParse(n watchlist.Name) (out []*names.Token) {
	for _, r := range names.Split(n) {
		out = append(out, plainToken(r))
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
		p := plainName{index: i, weak: n.Kind == watchlist.NameWeak, tokens: plainParse(n)}
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

// search answers a query by going over the list.
func (l plainList) search(q watchlist.NameQuery) []watchlist.NameMatch {
	found := map[watchlist.EntryID]watchlist.NameMatch{}
	for qi, n := range q.Names {
		tokens := plainParse(n)
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

// plainCounts have few names that very many bear, so that words are common by every
// measure of a search.
var plainCounts = []gen.Counted{
	{Name: "Mamadou", Count: 50},
	{Name: "Cheikh", Count: 20},
	{Name: "Fatou", Count: 12},
	{Name: "El-Hadji", Count: 6},
	{Name: "Aminata", Count: 4},
	{Name: "Ndiaye", Surname: true, Count: 40},
	{Name: "Diallo", Surname: true, Count: 25},
	{Name: "Ba", Surname: true, Count: 12},
	{Name: "Da Silva", Surname: true, Count: 3},
	{Name: "Ould Ahmed", Surname: true, Count: 4},
	{Name: "Jallow", Surname: true, Count: 4},
}

// plainEntries draws entries of one to three names, some weak, some not active, some
// with the same name twice.
func plainEntries(r *rand.Rand, from, n int) []*watchlist.Entry {
	full := gen.SkewedNames(r.Uint64(), 3*n, plainCounts)
	list := make([]*watchlist.Entry, n)
	for i := range list {
		e := entryOf(from+i, full[3*i])
		for k := 1; k < 3 && r.IntN(5) == 0; k++ {
			a := watchlist.Name{Kind: watchlist.NamePrimary, Full: full[3*i+k]}
			if r.IntN(2) == 0 {
				a.Kind = watchlist.NameWeak
			}
			if r.IntN(5) == 0 {
				a = e.Names[0]
			}
			e.Names = append(e.Names, a)
		}
		if r.IntN(12) == 0 {
			e.Names[0].Full += " " + gen.SkewedNames(r.Uint64(), 1, plainCounts)[0] + " Ka Sy"
		}
		if r.IntN(20) == 0 {
			e.Status = watchlist.StatusWithdrawn
		}
		list[i] = e
	}
	return list
}

// plainQuery draws a query: a name of the list or another, as it is, misspelt, cut
// off, turned round, or several.
func plainQuery(r *rand.Rand, entries []*watchlist.Entry) watchlist.NameQuery {
	q := watchlist.NameQuery{K: []int{1, 3, 20, 200}[r.IntN(4)]}
	for range 1 + r.IntN(5)/4 {
		full := entries[r.IntN(len(entries))].Names[0].Full
		if r.IntN(4) == 0 {
			full = gen.SkewedNames(r.Uint64(), 1, plainCounts)[0]
		}
		if r.IntN(3) == 0 {
			full = gen.Misspell(r.Uint64(), full)
		}
		w := strings.Fields(full)
		switch r.IntN(8) {
		case 0:
			slices.Reverse(w)
		case 1:
			w = w[:1]
		case 2:
			w = w[len(w)-1:]
		case 3:
			w = append(w, w[0])
		case 4:
			w[0] = w[0][:1]
		}
		n := watchlist.Name{Full: strings.Join(w, " ")}
		if r.IntN(8) == 0 && len(n.Full) > 6 {
			n = watchlist.Name{Full: n.Full[:len(n.Full)-2], Truncated: true}
		}
		q.Names = append(q.Names, n)
	}
	return q
}

func checkPlain(t *testing.T, x *Index, l plainList, q watchlist.NameQuery) {
	t.Helper()
	got, err := x.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(l.search(q), got); diff != "" {
		t.Fatalf("query %+v: a scan of all names and the index differ (- scan, + index):\n%s", q, diff)
	}
}

// TestAgainstPlainScan holds answers against a scan that scores all names, to the
// bit, over generated lists: built at once, then changed name by name through delta,
// segments and rebuilds.
func TestAgainstPlainScan(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2026))
	x, l := newIndex(t), plainList{}
	entries := plainEntries(r, 0, 4500)
	for _, e := range entries {
		l.put(e)
	}
	if err := x.Rebuild(each(entries), 1); err != nil {
		t.Fatal(err)
	}
	index := uint64(1)
	for round := range 8 {
		for range 14 {
			checkPlain(t, x, l, plainQuery(r, entries))
		}
		for range 300 {
			index++
			i := r.IntN(len(entries))
			entries[i] = plainEntries(r, i, 1)[0]
			l.put(entries[i])
			put(t, x, index, entries[i])
		}
		if round == 5 {
			settle(x)
		}
	}
}

func each(entries []*watchlist.Entry) func(yield func(*watchlist.Entry, error) bool) {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestSearchesBesideUpdates searches from several goroutines while entries change
// and segments fold: an entry that never changes keeps its place among those that
// never change, and each answer is in order. The race detector watches.
func TestSearchesBesideUpdates(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	x, l := newIndex(t), plainList{}
	fixed := plainEntries(r, 0, 800)
	for _, e := range fixed {
		l.put(e)
	}
	if err := x.Rebuild(each(fixed), 1); err != nil {
		t.Fatal(err)
	}
	var queries []watchlist.NameQuery
	var want [][]watchlist.NameMatch
	for range 12 {
		full := fixed[r.IntN(len(fixed))].Names[0].Full
		q := watchlist.NameQuery{Names: []watchlist.Name{{Full: full}}, K: 1000}
		queries, want = append(queries, q), append(want, l.search(q))
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			for i := g; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				n := i % len(queries)
				got, err := x.Search(t.Context(), queries[n])
				if err == nil {
					err = stays(want[n], got)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 2500 {
		// Names that no query meets: what the queries find stays as it is.
		e := entryOf(100_000+i%700, fmt.Sprintf("Zwrgkx%c Qvbnpt%c", 'a'+i%26, 'a'+i/26%26))
		if i%3 == 0 {
			e.Status = watchlist.StatusWithdrawn
		}
		put(t, x, uint64(i+2), e)
	}
	close(done)
	wg.Wait()
}

// stays compares two answers.
func stays(want, got []watchlist.NameMatch) error {
	if diff := gocmp.Diff(want, got); diff != "" {
		return fmt.Errorf("an answer changed that should not (- want, + got):\n%s", diff)
	}
	return nil
}

// FuzzAgainstPlainScan holds the answers to any query against the scan.
func FuzzAgainstPlainScan(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 4))
	x, l := newIndex(f), plainList{}
	entries := append(plainEntries(r, 0, 700), entryOf(9000, "محمد ولد الشيخ"), entryOf(9001, "Maria Dasilva", "Müller 张伟"))
	for _, e := range entries {
		l.put(e)
	}
	if err := x.Rebuild(each(entries), 1); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Mamadou Ndiaye", "Da Silva", "M Ba", "الشيخ محمد", "Mueller", "Mamadou Mamadou Diallo Ba", "Ould", "x"} {
		f.Add(s, "Fatou", byte(20), false)
		f.Add(s, "", byte(1), true)
	}
	f.Fuzz(func(t *testing.T, one, two string, k byte, cut bool) {
		q := watchlist.NameQuery{Names: []watchlist.Name{{Full: one, Truncated: cut}, {Full: two}}, K: int(k) + 1}
		checkPlain(t, x, l, q)
	})
}
