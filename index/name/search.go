package name

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
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
//  3. names that share keys with any two words of four or more, or that meet one
//     word, by key or nearness, that few names on this list meet.
//
// Particles, honorifics and initials are never needed, but count in the score.
// Every name that a stage admits is scored in full; none is cut off unseen.
const (
	stopScore = 0.85
	// goodScore is what a name with another word in the place of one does not reach.
	goodScore = 0.7
	// minScore is the lowest score that is listed.
	minScore = 0.12
	// commonWord is how many names may meet a word of the query by key for the word
	// alone to admit them, commonNear how many by nearness. They bound the work of
	// the last stage.
	commonWord = 1500
	commonNear = 600
	// maxK bounds the answer, checkEvery how often a long search looks at its
	// context.
	maxK       = 1000
	checkEvery = 4096
)

// ErrQuery marks a query that no index could answer.
var ErrQuery = errors.New("name query: K must be at least 1")

// Search lists the entries whose names are most like one of the query's, best
// first, at most K; entries of equal score come in the order of their ids. A name
// without letters finds nothing. It fails when ctx ends.
func (x *Index) Search(ctx context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error) {
	if q.K < 1 {
		return nil, ErrQuery
	}
	st := x.state.Load()
	s := x.newSearcher(st)
	defer x.release(s)
	s.k = min(q.K, maxK)
	for i, n := range q.Names {
		raws := names.Split(n)
		if len(raws) == 0 {
			continue
		}
		tokens := make([]*names.Token, len(raws))
		for k, r := range raws {
			tokens[k] = st.token(r)
		}
		s.begin(i, tokens)
		if err := s.run(ctx); err != nil {
			return nil, err
		}
	}
	return st.first(s.hits, s.k), nil
}

// first gives the k best entries in order. It looks only at the names that can be
// among them, found by counting scores, since a common name has thousands of
// matches; an entry with several names counts once, so it may have to look
// further down.
func (s *state) first(hits []hit, k int) []watchlist.NameMatch {
	const steps = 1000
	var counts [steps + 1]int
	for _, h := range hits {
		counts[int(h.score*steps)]++
	}
	best := map[uint32]hit{}
	cut, n := steps+1, 0
	for cut > 0 && len(best) < k {
		top := cut
		for want := n + k - len(best); n < want && cut > 0; {
			cut--
			n += counts[cut]
		}
		for _, h := range hits {
			if c := int(h.score * steps); c < cut || c >= top {
				continue
			}
			if b, seen := best[h.seq]; !seen || h.better(b) {
				best[h.seq] = h
			}
		}
	}
	out := make([]watchlist.NameMatch, 0, len(best))
	for _, h := range best {
		out = append(out, watchlist.NameMatch{Entry: s.ids[h.seq], Name: int(h.name), Query: int(h.query), Score: h.score})
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
	query uint16
	score float64
}

// better orders the names of one entry: the score, then the query's name, then
// the entry's.
func (h hit) better(o hit) bool {
	return cmp.Or(cmp.Compare(o.score, h.score), cmp.Compare(h.query, o.query), cmp.Compare(h.name, o.name)) < 0
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

// searcher is the work of one query: its names one after another.
type searcher struct {
	st     *state
	query  int
	tokens []*names.Token
	terms  []queryTerms
	// need are the words that a name must meet, count is their number.
	need   uint16
	count  int
	scorer scorer
	hits   []hit
	best   float64
	// good counts the names that score goodScore, k is how many entries are wanted.
	good, k int

	// met says of each word of the lexicon which of the query's it meets; words
	// lists those with any. openers are the query's words by which a name is opened.
	met     []mask
	words   []uint32
	openers uint16

	masks []([]mask)   // per segment, by name; the delta's last
	seen  []([]uint32) // names with a mask
	spare []([]mask)
}

func (x *Index) newSearcher(st *state) *searcher {
	s, _ := x.scratch.Get().(*searcher)
	if s == nil {
		s = &searcher{}
	}
	s.st, s.openers = st, math.MaxUint16
	if len(s.met) < len(st.lexicon) {
		s.met = make([]mask, len(st.lexicon)+len(st.lexicon)/8)
	}
	for i := range len(st.segments) + 1 {
		n := len(st.delta)
		if i < len(st.segments) {
			n = len(st.segments[i].docs)
		}
		s.masks = append(s.masks, s.blank(n))
		if len(s.seen) <= i {
			s.seen = append(s.seen, nil)
		}
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

// begin takes up the query's i-th name.
func (s *searcher) begin(i int, tokens []*names.Token) {
	s.clean()
	s.query, s.tokens, s.best, s.good = i, tokens, 0, 0
	s.scorer.reset(tokens, s.st.lexicon)
	s.terms = s.terms[:0]
	for k := range tokens {
		s.terms = append(s.terms, newQueryTerms(tokens, k))
	}
	s.need = needed(tokens)
	s.count = bitCount(s.need)
}

// clean forgets what the words and names of the last query name met.
func (s *searcher) clean() {
	for i, m := range s.masks {
		for _, d := range s.seen[i] {
			m[d] = 0
		}
		s.seen[i] = s.seen[i][:0]
	}
	for _, w := range s.words {
		s.met[w] = 0
	}
	s.words = s.words[:0]
}

// release keeps the searcher for another query.
func (x *Index) release(s *searcher) {
	s.clean()
	s.spare = append(s.spare[:0], s.masks...)
	s.masks, s.hits = s.masks[:0], s.hits[:0]
	s.st, s.tokens = nil, nil
	x.scratch.Put(s)
}

// needed picks the words that a name must meet: the core ones, or when there are
// none the honorifics, particles or initials.
func needed(tokens []*names.Token) (need uint16) {
	for _, c := range []names.Class{names.Core, names.Honorific, names.Particle, names.Initial} {
		for i, t := range tokens {
			if t.Class == c {
				need |= 1 << i
			}
		}
		if need != 0 {
			return need
		}
	}
	return need
}

func (s *searcher) run(ctx context.Context) error {
	full := s.count
	least := full
	if full >= 3 {
		least = full - 1
	}
	s.collect()
	s.openers = s.rarest(full - least + 1)
	s.mark()
	if err := s.stage(ctx, mask.keys, least); err != nil || s.best >= stopScore {
		return err
	}
	s.collectNear()
	s.mark()
	if err := s.stage(ctx, mask.near, least); err != nil || s.best >= stopScore {
		return err
	}
	s.openers = s.need
	s.mark()
	rare, rareNear := s.uncommon(mask.keys, commonWord), s.uncommon(mask.near, commonNear)
	return s.scoreAdmitted(ctx, func(m mask, _ *doc) bool {
		return full >= 4 && bitCount(m.keys()) >= 2 || m.keys()&rare != 0 || m.near()&rareNear != 0
	})
}

// uncommon gives the words of the query that at most limit live names meet.
func (s *searcher) uncommon(met func(mask) uint16, limit int) (set uint16) {
	var count [names.MaxTokens]int
	for part, masks := range s.masks {
		for _, d := range s.seen[part] {
			if !s.st.live.has(s.at(part, d).seq) {
				continue
			}
			for m := met(masks[d]); m != 0; m &= m - 1 {
				count[bits.TrailingZeros16(m)]++
			}
		}
	}
	for i, n := range count {
		if n <= limit {
			set |= 1 << i
		}
	}
	return set
}

// stage scores the names that meet all words but one or fewer: first those that
// may miss the word, then those that have another in its place. The latter are
// many where the others are common, and score low; they are left out when
// enough good names are there.
func (s *searcher) stage(ctx context.Context, met func(mask) uint16, least int) error {
	err := s.scoreAdmitted(ctx, func(m mask, d *doc) bool {
		n := bitCount(met(m))
		return n >= least && (n == s.count || int(d.core) < s.count)
	})
	if err != nil || s.good >= s.k {
		return err
	}
	return s.scoreAdmitted(ctx, func(m mask, _ *doc) bool { return bitCount(met(m)) >= least })
}

// at gives name d of a part: a segment, or the delta.
func (s *searcher) at(part int, d uint32) *doc {
	if part < len(s.st.segments) {
		return &s.st.segments[part].docs[d]
	}
	return &s.st.delta[d]
}

// scoreAdmitted scores the live names that admit lets in.
func (s *searcher) scoreAdmitted(ctx context.Context, admit func(m mask, d *doc) bool) error {
	work := 0
	for i, masks := range s.masks {
		for _, d := range s.seen[i] {
			if masks[d]&scored != 0 {
				continue
			}
			dc := s.at(i, d)
			if !admit(masks[d], dc) {
				continue
			}
			masks[d] |= scored
			if work++; work%checkEvery == 0 && ctx.Err() != nil {
				return fmt.Errorf("name search: %w", ctx.Err())
			}
			if !s.st.live.has(dc.seq) {
				continue
			}
			score := s.scorer.score(dc.words[:dc.tokens])
			if dc.weak {
				score = names.WeakScore(score)
			}
			s.best = max(s.best, score)
			if score >= goodScore {
				s.good++
			}
			if score >= minScore {
				s.hits = append(s.hits, hit{dc.seq, dc.name, uint16(s.query), score})
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("name search: %w", err)
	}
	return nil
}
