package name

import (
	"strings"

	"vigie/watchlist/names"
)

// scorer scores names against one query name. It compares each distinct word of
// the list with the query's words once, and scores each distinct sequence of
// words once: a thousand names that hold Diallo cost one comparison of Diallo.
// Words unlike every word of the query only count by their class and weight, so
// those of one class and weight stand for one another.
type scorer struct {
	query   []*names.Token
	lexicon []word
	// row is 1 more than the row of a word of the lexicon, or 0; used lists the
	// words that have one.
	row   []uint16
	used  []uint32
	rows  []row
	plain map[plainWord]uint16
	memo  map[uint64]float64
	entry []*names.Token
	grid  [names.MaxTokens][names.MaxTokens]float32
}

// row is the similarity of a word to every word of the query.
type row struct {
	token *names.Token
	sims  [names.MaxTokens]float32
}

// plainWord is what counts of a word that is like none of the query.
type plainWord struct {
	class  names.Class
	weight float64
}

// maxRows is how many rows a search may have; a word beyond is compared each time.
const maxRows = 1<<16 - 2

func (s *scorer) reset(query []*names.Token, lexicon []word) {
	for _, w := range s.used {
		s.row[w] = 0
	}
	s.query, s.lexicon, s.used, s.rows = query, lexicon, s.used[:0], s.rows[:0]
	if len(s.row) < len(lexicon) {
		s.row = make([]uint16, len(lexicon)+len(lexicon)/8)
	}
	if s.plain == nil {
		s.plain, s.memo = map[plainWord]uint16{}, map[uint64]float64{}
	}
	clear(s.plain)
	clear(s.memo)
}

// memoTokens is the longest name that is remembered: four rows fit in a key.
const memoTokens = 4

func (s *scorer) score(words []uint32) float64 {
	s.entry = s.entry[:0]
	key, known := uint64(0), len(words) <= memoTokens
	var spare row
	for j, w := range words {
		n := s.rowOf(w)
		r := &spare
		if n == 0 {
			known = false
			spare = s.compare(s.lexicon[w].Token)
		} else {
			r = &s.rows[n-1]
			key = key<<16 | uint64(n)
		}
		for i := range s.query {
			s.grid[i][j] = r.sims[i]
		}
		s.entry = append(s.entry, r.token)
	}
	if !known {
		return names.Score(s.query, s.entry, &s.grid)
	}
	v, ok := s.memo[key]
	if !ok {
		v = names.Score(s.query, s.entry, &s.grid)
		s.memo[key] = v
	}
	return v
}

// rowOf gives the number of the word's row from 1, or 0 when there are too many.
func (s *scorer) rowOf(w uint32) uint16 {
	if n := s.row[w]; n != 0 {
		return n
	}
	if len(s.rows) >= maxRows {
		return 0
	}
	r := s.compare(s.lexicon[w].Token)
	n := uint16(len(s.rows) + 1)
	if r.sims == [names.MaxTokens]float32{} && !s.joins(r.token) {
		p := plainWord{r.token.Class, r.token.Weight}
		if same := s.plain[p]; same != 0 {
			n = same
		} else {
			s.plain[p] = n
		}
	}
	if int(n) > len(s.rows) {
		s.rows = append(s.rows, r)
	}
	s.row[w] = n
	s.used = append(s.used, w)
	return n
}

func (s *scorer) compare(t *names.Token) row {
	r := row{token: t}
	for i, q := range s.query {
		v, _ := names.Similarity(q, t)
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
