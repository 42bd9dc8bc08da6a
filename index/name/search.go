package name

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// The stages of a search, per name of the query. A later stage runs only while
// no name has scored stopScore:
//
//  1. names that share a key (word, family or skeleton) with every word of the
//     query, or with all but one of three or more;
//  2. the same, where a word may also be near: one or two letters off, or equal
//     in its first four letters;
//  3. names that share keys with any two words of four or more, or with one word
//     that is not common.
//
// Particles, honorifics and initials are never needed, but count in the score.
// Every name that a stage admits is scored in full; none is cut off unseen.
const (
	stopScore = 0.85
	// minScore is the lowest score that is listed.
	minScore = 0.12
	// commonWord is the frequency from which a word alone admits no name.
	commonWord = 0.004
	// maxK bounds the answer, checkEvery how often a long search looks at its
	// context.
	maxK       = 1000
	checkEvery = 4096
)

// ErrQuery marks a query that no index could answer.
var ErrQuery = errors.New("name query: K must be at least 1")

// Search lists the entries whose names are most like one of the query's, best
// first, at most K; entries of equal score come in the order of their ids. A name
// without letters finds nothing. It fails when ctx ends, and when bleve does.
func (x *Index) Search(ctx context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error) {
	if q.K < 1 {
		return nil, ErrQuery
	}
	st := x.state.Load()
	best := map[uint32]watchlist.NameMatch{}
	for i, n := range q.Names {
		raws := names.Split(n)
		if len(raws) == 0 {
			continue
		}
		tokens := make([]*names.Token, len(raws))
		for k, r := range raws {
			tokens[k] = x.token(r)
		}
		s := x.newSearcher(st, tokens)
		err := s.run(ctx)
		for _, h := range s.hits {
			m, seen := best[h.seq]
			if !seen || h.score > m.Score {
				best[h.seq] = watchlist.NameMatch{Entry: st.ids[h.seq], Name: int(h.name), Query: i, Score: h.score}
			}
		}
		x.release(s)
		if err != nil {
			return nil, err
		}
	}
	return first(best, min(q.K, maxK)), nil
}

// first gives the k best matches in order. It sorts only those that can be among
// them, found by counting scores, since a common name has thousands of matches.
func first(best map[uint32]watchlist.NameMatch, k int) []watchlist.NameMatch {
	const steps = 1000
	var counts [steps + 1]int
	for _, m := range best {
		counts[int(m.Score*steps)]++
	}
	cut, n := steps, counts[steps]
	for n < k && cut > 0 {
		cut--
		n += counts[cut]
	}
	out := make([]watchlist.NameMatch, 0, n)
	for _, m := range best {
		if int(m.Score*steps) >= cut {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b watchlist.NameMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entry, b.Entry))
	})
	return out[:min(len(out), k)]
}

// hit is a scored name.
type hit struct {
	seq   uint32
	name  uint16
	score float64
}

// mask says which words of the query a name meets: by key in the low half, by
// key or nearness in the high half. scored marks a name that has its score.
type mask uint64

const (
	nearShift      = 16
	scored    mask = 1 << 63
)

func (m mask) keys() uint16 { return uint16(m) }
func (m mask) near() uint16 { return uint16(m >> nearShift) }

// searcher is the work of one query name.
type searcher struct {
	st     *state
	tokens []*names.Token
	terms  []queryTerms
	// need are the words that a name must meet, rare those that suffice alone.
	need, rare uint16
	count      int
	scorer     scorer
	hits       []hit
	best       float64

	masks []([]mask)   // per segment, by document; the delta's last
	seen  []([]uint32) // documents with a mask
	spare []([]mask)
}

func (x *Index) newSearcher(st *state, tokens []*names.Token) *searcher {
	s, _ := x.scratch.Get().(*searcher)
	if s == nil {
		s = &searcher{}
	}
	s.st, s.tokens = st, tokens
	s.scorer.reset(tokens, st.lexicon)
	s.terms = s.terms[:0]
	for i := range tokens {
		s.terms = append(s.terms, newQueryTerms(tokens, i))
	}
	s.need, s.rare = needed(tokens)
	s.count = bitCount(s.need)
	for i := range len(st.segments) + 1 {
		n := len(st.delta)
		if i < len(st.segments) {
			n = len(st.segments[i].docs)
		}
		s.masks = append(s.masks, s.blank(n))
		s.seen = append(s.seen, nil)
	}
	return s
}

// blank gives n zero masks, from a former query where possible.
func (s *searcher) blank(n int) []mask {
	for i, m := range s.spare {
		if cap(m) >= n {
			s.spare = slices.Delete(s.spare, i, i+1)
			return m[:n]
		}
	}
	return make([]mask, n)
}

// release cleans the searcher up for the next query.
func (x *Index) release(s *searcher) {
	s.spare = s.spare[:0]
	for i, m := range s.masks {
		for _, d := range s.seen[i] {
			m[d] = 0
		}
		s.spare = append(s.spare, m)
	}
	s.masks, s.seen, s.hits, s.best = s.masks[:0], s.seen[:0], s.hits[:0], 0
	s.st, s.tokens = nil, nil
	x.scratch.Put(s)
}

// needed picks the words that a name must meet: the core ones, or when there are
// none the honorifics, particles or initials; and those of them that are
// uncommon enough to find a name alone.
func needed(tokens []*names.Token) (need, rare uint16) {
	for _, c := range []names.Class{names.Core, names.Honorific, names.Particle, names.Initial} {
		for i, t := range tokens {
			if t.Class != c {
				continue
			}
			need |= 1 << i
			if t.Frequency < commonWord && len(t.Text) > 3 {
				rare |= 1 << i
			}
		}
		if need != 0 {
			return need, rare
		}
	}
	return need, rare
}

func (s *searcher) run(ctx context.Context) error {
	full := s.count
	least := full
	if full >= 3 {
		least = full - 1
	}
	if err := s.collect(); err != nil {
		return err
	}
	stages := []struct {
		near  bool
		admit func(m mask) bool
	}{
		{false, func(m mask) bool { return bitCount(m.keys()&s.need) >= least }},
		{true, func(m mask) bool { return bitCount(m.near()&s.need) >= least }},
		{false, func(m mask) bool {
			k := m.keys()
			return full >= 4 && bitCount(k&s.need) >= 2 || full >= 2 && k&s.rare != 0
		}},
	}
	for _, g := range stages {
		if g.near {
			if err := s.collectNear(); err != nil {
				return err
			}
		}
		if err := s.scoreAdmitted(ctx, g.admit); err != nil {
			return err
		}
		if s.best >= stopScore {
			break
		}
	}
	return nil
}

// scoreAdmitted scores the live names that admit lets in.
func (s *searcher) scoreAdmitted(ctx context.Context, admit func(m mask) bool) error {
	work := 0
	for i, masks := range s.masks {
		for _, d := range s.seen[i] {
			if masks[d]&scored != 0 || !admit(masks[d]) {
				continue
			}
			masks[d] |= scored
			if work++; work%checkEvery == 0 && ctx.Err() != nil {
				return fmt.Errorf("name search: %w", ctx.Err())
			}
			var dc doc
			if i < len(s.st.segments) {
				dc = s.st.segments[i].docs[d]
			} else {
				dc = s.st.delta[d].doc
			}
			if !s.st.live.has(dc.seq) {
				continue
			}
			score := s.scorer.score(dc.tokens)
			if dc.weak {
				score = names.WeakScore(score)
			}
			s.best = max(s.best, score)
			if score >= minScore {
				s.hits = append(s.hits, hit{dc.seq, dc.name, score})
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("name search: %w", err)
	}
	return nil
}
