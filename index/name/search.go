package name

import (
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
//  3. names that share keys with any two words of four or more, or that meet one
//     word, by key or nearness, that few names on this list meet.
//
// Particles, honorifics and initials are never needed, but count in the score.
// Every name that a stage admits is scored, or has a bound on its score
// (names.Bound) that is below the K-th best; none is cut off unseen. The answer is
// that of scoring all names that the stages admit.
const (
	stopScore = 0.85
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
	s.best.reset(st, min(q.K, maxK))
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
	return s.best.answer(), nil
}

// mask says which words of the query a name meets: by key in the low half, by
// key or nearness in the high half. scored marks a name that has its score, or
// needs none; counted one that countLive has counted.
type mask uint64

const (
	nearShift      = 16
	scored    mask = 1 << 63
	counted   mask = 1 << 62
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
	best   best
	// top is the highest score of the present name of the query.
	top float64

	// met says of each word of the lexicon which of the query's it meets; words
	// lists those with any. A word that meets one of openers opens a form.
	met     []mask
	words   []uint32
	openers mask

	masks []([]mask)   // per part, by form; the delta's last
	seen  []([]uint32) // forms with a mask
	spare []([]mask)
	// waiting are the forms that a stage admits, in lists by their tuple; number 0
	// is nobody.
	waiting []waiter
	batch   [128]looked
	fetched names.Class
}

// waiter is a form that waits for its tuple's score; next is the one that came
// before it, 0 for none.
type waiter struct {
	form uint32
	next int32
	part uint16
}

func (x *Index) newSearcher(st *state) *searcher {
	s, _ := x.scratch.Get().(*searcher)
	if s == nil {
		s = &searcher{}
	}
	s.st = st
	if len(s.met) < len(st.lexicon) {
		s.met = make([]mask, len(st.lexicon)+len(st.lexicon)/8)
	}
	for i := range st.parts() {
		s.masks = append(s.masks, s.blank(st.forms(i)))
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
	s.query, s.tokens, s.top = i, tokens, 0
	s.scorer.reset(tokens, s.st)
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

// release keeps the searcher for another query, without anything of this one.
func (x *Index) release(s *searcher) {
	s.clean()
	s.spare = append(s.spare[:0], s.masks...)
	s.masks = s.masks[:0]
	s.st, s.tokens, s.best.st = nil, nil, nil
	clear(s.batch[:])
	s.scorer.forget()
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
	s.openers = anyMask(s.rarest(full - least + 1))
	s.mark()
	err := s.score(ctx, func(m mask) bool { return bitCount(m.keys()) >= least })
	if err != nil || s.top >= stopScore {
		return err
	}
	s.collectNear()
	s.mark()
	err = s.score(ctx, func(m mask) bool { return bitCount(m.near()) >= least })
	if err != nil || s.top >= stopScore {
		return err
	}
	// A name that holds two words of the query holds one of all but the commonest.
	rare := s.uncommon()
	s.openers = rare
	if full >= 4 {
		s.openers |= mask(s.rarest(full - 1))
	}
	s.mark()
	return s.score(ctx, func(m mask) bool { return m&rare != 0 || full >= 4 && bitCount(m.keys()) >= 2 })
}

// anyMask is the mask of query words met in any way.
func anyMask(words uint16) mask { return mask(words) | mask(words)<<nearShift }

// score scores the forms that admit lets in and that may be among the best: tuple
// by tuple, beginning with the highest bound, until none is worth it any more.
func (s *searcher) score(ctx context.Context, admit func(m mask) bool) error {
	if err := s.wait(ctx, admit); err != nil {
		return err
	}
	work := 0
	for _, i := range s.scorer.byBound() {
		t := s.scorer.tuples[i]
		if !s.worth(t.bound) || ctx.Err() != nil {
			break
		}
		for n := t.first; n != 0; n = s.waiting[n].next {
			if work++; work%checkEvery == 0 && ctx.Err() != nil {
				break
			}
			s.take(s.waiting[n], i)
		}
	}
	for _, i := range s.scorer.order {
		s.scorer.tuples[i].first = 0
	}
	s.scorer.order = s.scorer.order[:0]
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("name search: %w", err)
	}
	return nil
}

// worth reports whether a name of that bound may be among the K best, or may be the
// one that ends the search by scoring stopScore.
func (s *searcher) worth(bound float64) bool {
	return bound >= s.best.floor() || s.top < stopScore && bound >= stopScore
}

// wait lists the forms that admit lets in under their tuples.
func (s *searcher) wait(ctx context.Context, admit func(m mask) bool) error {
	s.waiting = append(s.waiting[:0], waiter{})
	for part, masks := range s.masks {
		batch := s.batch[:0]
		for _, f := range s.seen[part] {
			if masks[f]&scored != 0 || !admit(masks[f]) {
				continue
			}
			masks[f] |= scored
			if batch = append(batch, looked{form: f}); len(batch) == cap(batch) {
				if ctx.Err() != nil {
					return fmt.Errorf("name search: %w", ctx.Err())
				}
				s.list(part, batch)
				batch = batch[:0]
			}
		}
		s.list(part, batch)
	}
	return nil
}

// looked is a form that is being listed.
type looked struct {
	words []uint32
	form  uint32
	weak  bool
}

// list lists some forms of a part under their tuples. They lie far apart in memory,
// so each step is done for all of them before the next: a processor waits for many
// of them at a time then, instead of one after another.
func (s *searcher) list(part int, batch []looked) {
	for i := range batch {
		h := s.st.shape(part, batch[i].form)
		batch[i].words, batch[i].weak = s.st.words(part, batch[i].form)[:h.tokens], h.weak
	}
	for i := range batch {
		s.fetched += s.scorer.fetch(batch[i].words)
	}
	for _, b := range batch {
		n := int32(len(s.waiting))
		i := s.scorer.tuple(b.words, b.weak, false)
		t := &s.scorer.tuples[i]
		if t.first == 0 {
			s.scorer.order = append(s.scorer.order, i)
		}
		s.waiting = append(s.waiting, waiter{form: b.form, part: uint16(part), next: t.first})
		t.first = n
	}
}

// take scores a form of tuple i, when that may matter and someone living bears it.
func (s *searcher) take(w waiter, i int32) {
	t := &s.scorer.tuples[i]
	if !t.exact {
		n := s.st.shape(int(w.part), w.form).tokens
		i = s.scorer.tuple(s.st.words(int(w.part), w.form)[:n], t.weak, true)
	}
	if !s.worth(s.scorer.tuples[i].bound) {
		return
	}
	score := s.scorer.score(i)
	if score < minScore || !s.st.borne(int(w.part), w.form) {
		return
	}
	s.top = max(s.top, score)
	s.best.add(hit{score: score, form: w.form, part: w.part, query: uint16(s.query)})
}
