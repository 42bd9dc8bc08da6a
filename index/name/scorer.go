package name

import (
	"cmp"
	"slices"
	"strings"

	"vigie/watchlist/names"
)

// scorer scores names against one name of a query, by the rows of their words: how
// like each word of the query a word of the list is.
//
// A word has an exact row, from names.Similarity, and a rough one, from its sketch
// alone, that is nowhere lower. Rough rows are few, since their values are few:
// words that are about as like the query stand for one another there. So do, in
// exact rows, words like none of the query, which only count by class and weight.
// A tuple is a sequence of rows; it is bounded once and scored once, for all names
// that have it. Only names whose rough tuple may be among the best get exact rows.
type scorer struct {
	query    []*names.Token
	sketches []names.Sketch // of the query's words
	st       *state
	// rough and exact are 1 more than the row of a word of the lexicon, or 0; used
	// lists the words that have one.
	rough, exact []uint16
	used         []uint32
	rows         []row
	kinds        map[kind]uint16
	tuples       []tuple
	memo         [2]map[uint64]int32 // of tuples, by rows; the second of weak names
	order        []int32             // tuples with names to score
	entry        []*names.Token
	grid         [names.MaxTokens][names.MaxTokens]float32
}

// row is the similarity of a word to every word of the query, exact or no lower.
type row struct {
	token *names.Token
	exact bool
	sims  [names.MaxTokens]float32
}

// kind is what a shared row stands for: words of a class and weight that are alike
// by level, each level a number of four bits.
type kind struct {
	class  names.Class
	weight float64
	levels uint64
}

// levels are the values of rough rows: steps where the scores of rules lie.
var levels = [...]float64{0, 0.66, 0.7, 0.74, 0.8, 0.86, 0.93, 1}

// levelOf gives the lowest level that is no less than v.
func levelOf(v float64) int {
	for i, l := range levels {
		if v <= l {
			return i
		}
	}
	return len(levels) - 1
}

// tuple is a sequence of rows: all names that are as like the query as one
// another, word by word.
type tuple struct {
	words []uint32 // of one of them
	weak  bool
	// exact tells that all rows are; only then there is a score.
	exact bool
	// bound is no less than score, which holds once known is set.
	bound, score float64
	known        bool
	// first leads to the names that wait for the score, see searcher.wait; 0 for
	// none.
	first int32
}

const (
	// maxRows is how many rows a search may have; a word beyond is compared each time.
	maxRows = 1<<16 - 2
	// memoTokens is the longest name whose tuple is shared: four rows fit in a key.
	memoTokens = 4
	// boundSlack is more than the last bits by which a score may exceed its bound.
	boundSlack = 1e-9
)

func (s *scorer) reset(query []*names.Token, st *state) {
	for _, w := range s.used {
		s.rough[w], s.exact[w] = 0, 0
	}
	s.query, s.st, s.used, s.rows, s.tuples, s.order = query, st, s.used[:0], s.rows[:0], s.tuples[:0], s.order[:0]
	if len(s.rough) < len(st.lexicon) {
		n := len(st.lexicon) + len(st.lexicon)/8
		s.rough, s.exact = make([]uint16, n), make([]uint16, n)
	}
	if s.kinds == nil {
		s.kinds, s.memo = map[kind]uint16{}, [2]map[uint64]int32{{}, {}}
	}
	clear(s.kinds)
	clear(s.memo[0])
	clear(s.memo[1])
	s.sketches = s.sketches[:0]
	for _, t := range query {
		s.sketches = append(s.sketches, t.Sketch())
	}
}

// forget lets go of the query and of the state.
func (s *scorer) forget() {
	s.query, s.st = nil, nil
	clear(s.sketches)
	clear(s.rows)
	clear(s.tuples)
	clear(s.entry)
}

// tuple gives the number of the tuple of a name's words, by their exact rows or by
// rough ones.
func (s *scorer) tuple(words []uint32, weak, exact bool) int32 {
	key, shared := uint64(0), len(words) <= memoTokens
	for _, w := range words {
		n := s.row(w, exact)
		shared = shared && n != 0
		key = key<<16 | uint64(n)
	}
	if shared {
		if i, ok := s.memo[bit(weak)][key]; ok {
			return i
		}
	}
	i := int32(len(s.tuples))
	t := tuple{words: words, weak: weak, exact: s.fill(words, exact), bound: names.Bound(s.query, s.entry, &s.grid)}
	if weak {
		t.bound = names.WeakScore(t.bound)
	}
	t.bound += boundSlack
	s.tuples = append(s.tuples, t)
	if shared {
		s.memo[bit(weak)][key] = i
	}
	return i
}

// score gives the score of an exact tuple.
func (s *scorer) score(i int32) float64 {
	t := &s.tuples[i]
	if !t.known {
		s.fill(t.words, true)
		t.score, t.known = names.Score(s.query, s.entry, &s.grid), true
		if t.weak {
			t.score = names.WeakScore(t.score)
		}
	}
	return t.score
}

// byBound sorts the tuples that have names to score, the highest bound first.
func (s *scorer) byBound() []int32 {
	slices.SortFunc(s.order, func(a, b int32) int { return cmp.Compare(s.tuples[b].bound, s.tuples[a].bound) })
	return s.order
}

// fill sets entry and grid for a name, and tells whether all rows were exact.
func (s *scorer) fill(words []uint32, exact bool) bool {
	s.entry = s.entry[:0]
	all := true
	for j, w := range words {
		var r *row
		if n := s.row(w, exact); n != 0 {
			r = &s.rows[n-1]
		} else {
			spare := s.compare(w)
			r = &spare
		}
		for i := range s.query {
			s.grid[i][j] = r.sims[i]
		}
		s.entry = append(s.entry, r.token)
		all = all && r.exact
	}
	return all
}

// fetch reads a first bit of the words that have no row yet, so that the memory of
// many is on its way at once; the sum keeps the compiler from leaving it out.
func (s *scorer) fetch(words []uint32) (sum names.Class) {
	for _, w := range words {
		if s.rough[w] == 0 {
			sum += s.st.sketches[w].Class
		}
	}
	return sum
}

// row gives the number of the word's row from 1, or 0 when there are too many.
func (s *scorer) row(w uint32, exact bool) uint16 {
	n := s.rough[w]
	if exact {
		n = s.exact[w]
	}
	if n != 0 || len(s.rows) >= maxRows {
		return n
	}
	if s.rough[w] == 0 {
		s.used = append(s.used, w)
	}
	if exact {
		s.exact[w] = s.makeExact(w)
		return s.exact[w]
	}
	sk := &s.st.sketches[w]
	if r, ok := s.compareRoughly(sk); ok {
		k := kind{sk.Class, sk.Weight, 0}
		for i := range s.sketches {
			l := levelOf(float64(r.sims[i]))
			r.sims[i] = float32(levels[l])
			k.levels = k.levels<<4 | uint64(l)
		}
		r.exact = k.levels == 0
		s.rough[w] = s.share(k, r, w)
		if r.exact {
			s.exact[w] = s.rough[w]
		}
		return s.rough[w]
	}
	s.exact[w] = s.makeExact(w)
	s.rough[w] = s.exact[w]
	return s.rough[w]
}

func (s *scorer) makeExact(w uint32) uint16 {
	r := s.compare(w)
	if sk := &s.st.sketches[w]; r.sims == [names.MaxTokens]float32{} && !s.joins(r.token) {
		return s.share(kind{sk.Class, sk.Weight, 0}, r, w)
	}
	s.rows = append(s.rows, r)
	return uint16(len(s.rows))
}

// share gives the number of the row of a kind; r is it, for the word, when there is
// none yet.
func (s *scorer) share(k kind, r row, w uint32) uint16 {
	n := s.kinds[k]
	if n == 0 {
		r.token = s.st.lexicon[w].Token
		s.rows = append(s.rows, r)
		n = uint16(len(s.rows))
		s.kinds[k] = n
	}
	return n
}

// compareRoughly bounds the similarities by the sketches. It fails for words that
// may be one of a pair that one side writes as one, and where sketches can't tell.
func (s *scorer) compareRoughly(sk *names.Sketch) (r row, ok bool) {
	if sk.Letters() <= 3 {
		return r, false
	}
	for i := range s.sketches {
		q := &s.sketches[i]
		if i+1 < len(s.sketches) && sk.Letters() == q.Letters()+s.sketches[i+1].Letters() {
			return r, false
		}
		most := q.AtMost(sk)
		if most == 1 {
			return r, false
		}
		r.sims[i] = float32(most)
	}
	return r, true
}

func (s *scorer) compare(w uint32) row {
	r := row{token: s.st.lexicon[w].Token, exact: true}
	for i, q := range s.query {
		v, _ := names.Similarity(q, r.token)
		r.sims[i] = float32(v)
	}
	return r
}

// joins reports whether a word may be part of a pair of words that one side
// writes as one.
func (s *scorer) joins(t *names.Token) bool {
	for i, q := range s.query {
		if strings.HasPrefix(q.Text, t.Text) || strings.HasSuffix(q.Text, t.Text) {
			return true
		}
		if i+1 < len(s.query) && len(t.Text) == len(q.Text)+len(s.query[i+1].Text) && strings.HasPrefix(t.Text, q.Text) {
			return true
		}
	}
	return false
}
