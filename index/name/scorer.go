package name

import "vigie/watchlist/names"

// scorer scores names against one query name. It compares each distinct word of
// the list with the query's words once: a thousand names that hold Diallo cost
// one comparison of Diallo.
type scorer struct {
	query   []*names.Token
	lexicon []*names.Token
	rows    map[uint32]int
	sims    [][names.MaxTokens]float32
	entry   []*names.Token
	grid    [names.MaxTokens][names.MaxTokens]float32
}

func (s *scorer) reset(query, lexicon []*names.Token) {
	s.query, s.lexicon = query, lexicon
	if s.rows == nil {
		s.rows = map[uint32]int{}
	}
	clear(s.rows)
	s.sims = s.sims[:0]
}

func (s *scorer) score(words []uint32) float64 {
	s.entry = s.entry[:0]
	for j, w := range words {
		row := s.row(w)
		for i := range s.query {
			s.grid[i][j] = row[i]
		}
		s.entry = append(s.entry, s.lexicon[w])
	}
	return names.Score(s.query, s.entry, &s.grid)
}

// row gives the similarity of a word of the list to every word of the query.
func (s *scorer) row(w uint32) *[names.MaxTokens]float32 {
	n, ok := s.rows[w]
	if !ok {
		n = len(s.sims)
		var row [names.MaxTokens]float32
		for i, q := range s.query {
			v, _ := names.Similarity(q, s.lexicon[w])
			row[i] = float32(v)
		}
		s.sims = append(s.sims, row)
		s.rows[w] = n
	}
	return &s.sims[n]
}
