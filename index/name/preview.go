package name

import (
	"context"
	"fmt"
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// Preview says what the change of one table of spelling families into another does
// to the entries that can be found. spellings are those concerned: of the change,
// and of the family that it changes. Each is held against each word of the names
// that is in a family by either table, and each word whose families change against
// every spelling of the tables: words of two families count as two names. No other
// pair of a spelling of the tables and a word can change. It fails when ctx ends.
func (x *Index) Preview(ctx context.Context, now, then *names.Table, spellings []string) (watchlist.FamilyImpact, error) {
	st := x.state.Load()
	p := preview{st: st, bearers: map[uint32]bool{}, linked: map[uint32]bool{}, nearer: map[uint32]bool{}, parted: map[uint32]bool{}}
	for _, s := range spellings {
		raws := names.Split(watchlist.Name{Full: s})
		if len(raws) == 0 {
			continue
		}
		r := raws[len(raws)-1]
		p.asked = append(p.asked, asked{s, r, pair{now.NewToken(r), then.NewToken(r)}, map[uint32]bool{}})
	}
	p.all = spellingsOf(now, then)
	for w := range st.lexicon {
		if w%checkEvery == 0 && ctx.Err() != nil {
			return watchlist.FamilyImpact{}, fmt.Errorf("preview of a table of families: %w", ctx.Err())
		}
		if !st.lexicon[w].joined {
			p.word(uint32(w), now, then)
		}
	}
	out := watchlist.FamilyImpact{
		Bearers: len(p.bearers), Linked: len(p.linked), Nearer: len(p.nearer), Parted: len(p.parted), Entries: st.entries(),
	}
	for _, a := range p.asked {
		out.Spellings = append(out.Spellings, watchlist.SpellingBearers{Spelling: a.spelling, Entries: len(a.bearers)})
	}
	return out, nil
}

// asked is a spelling as either table sees it, and the entry versions that have it.
type asked struct {
	spelling string
	raw      names.Raw
	pair
	bearers map[uint32]bool
}

// pair is a word as either table sees it.
type pair struct{ now, then *names.Token }

// spellingsOf lists the spellings of both tables.
func spellingsOf(now, then *names.Table) []pair {
	seen := map[names.Raw]bool{}
	var out []pair
	for _, t := range []*names.Table{now, then} {
		for _, f := range t.Families() {
			for _, form := range f.Forms {
				raws := names.Split(watchlist.Name{Full: form})
				if len(raws) == 0 || seen[raws[len(raws)-1]] {
					continue
				}
				r := raws[len(raws)-1]
				seen[r] = true
				out = append(out, pair{now.NewToken(r), then.NewToken(r)})
			}
		}
	}
	return out
}

// preview collects the entry versions concerned, by their numbers.
type preview struct {
	st    *state
	asked []asked
	// all are the spellings of both tables.
	all                             []pair
	bearers, linked, nearer, parted map[uint32]bool
}

// word holds one word of the list against the spellings.
func (p *preview) word(w uint32, now, then *names.Table) {
	raw := p.st.lexicon[w].Raw
	if !now.Knows(raw) && !then.Knows(raw) {
		return
	}
	word := pair{now.NewToken(raw), then.NewToken(raw)}
	var link, near, part bool
	hold := func(a pair) {
		before, rule := names.Similarity(a.now, word.now)
		after, _ := names.Similarity(a.then, word.then)
		switch apart := rule == names.RuleMissing || rule == names.RuleTwoNames; {
		case after > before && apart:
			link = true
		case after > before:
			near = true
		case after < before:
			part = true
		}
	}
	for _, a := range p.asked {
		if raw.Text == a.raw.Text && raw.Source == a.raw.Source {
			p.each(w, a.bearers, p.bearers)
		}
		hold(a.pair)
	}
	if !now.Same(then, raw) {
		for _, a := range p.all {
			hold(a)
		}
	}
	if link {
		p.each(w, p.linked)
	}
	if near {
		p.each(w, p.nearer)
	}
	if part {
		p.each(w, p.parted)
	}
}

// each adds the current entry versions with a word to the sets.
func (p *preview) each(w uint32, sets ...map[uint32]bool) {
	add := func(part int, form uint32) {
		seqs, _ := p.st.bearers(part, form)
		for _, seq := range seqs {
			if p.st.live.has(seq) {
				for _, s := range sets {
					s[seq] = true
				}
			}
		}
	}
	for part, seg := range p.st.segments {
		forms, _ := seg.holding(w)
		for _, f := range forms {
			add(part, f)
		}
	}
	for i, d := range p.st.delta {
		if slices.Contains(d.words, w) {
			add(len(p.st.segments), uint32(i))
		}
	}
}

// entries counts the entries that can be found.
func (s *state) entries() int {
	seen, n := make([]bool, len(s.ids)), 0
	for part := range s.parts() {
		for f := range s.forms(part) {
			seqs, _ := s.bearers(part, uint32(f))
			for _, seq := range seqs {
				if s.live.has(seq) && !seen[seq] {
					seen[seq] = true
					n++
				}
			}
		}
	}
	return n
}
