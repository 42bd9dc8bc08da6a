package name

import (
	"slices"
	"sync"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// draft is the living content of an index and nothing else, in one piece: what a
// compaction keeps and a file holds. Its numbers follow the entries' ids, so equal
// lists make equal drafts, however they came about. It holds no keys: those are
// computed by the table in force when an index is built.
type draft struct {
	words []names.Raw
	// Form f has the words text[at[f]:at[f+1]], joined ones left out; weak says so of
	// weak aliases.
	at, text []uint32
	weak     []bool
	// ids rise. Entry i has the names from[i]:from[i+1]: which of its names each is,
	// and its form.
	ids  []watchlist.EntryID
	from []uint32
	name []uint16
	form []uint32
}

// draftOf collects what is alive in a state.
func draftOf(st *state) *draft {
	seqs, names := st.living()
	d := &draft{at: []uint32{0}, from: make([]uint32, 1, len(seqs)+1), ids: make([]watchlist.EntryID, 0, len(seqs))}
	newWord := make([]uint32, len(st.lexicon)) // 1 more than the new number, 0 for none
	g := newGrouper(st.size)
	var forms []doc
	var first []uint32 // that forms are all different
	for i, seq := range seqs {
		d.ids = append(d.ids, st.ids[seq])
		for _, n := range names[i] {
			sh := st.shape(int(n.part), n.form)
			words := st.words(int(n.part), n.form)[:sh.tokens]
			forms = append(forms, doc{shape: sh, words: words})
			f := g.group(forms, first, len(forms)-1)
			if int(f) < len(first) {
				forms = forms[:len(forms)-1]
			} else {
				first = append(first, f)
				for _, w := range words {
					if newWord[w] == 0 {
						d.words = append(d.words, st.lexicon[w].Raw)
						newWord[w] = uint32(len(d.words))
					}
					d.text = append(d.text, newWord[w]-1)
				}
				d.at, d.weak = append(d.at, uint32(len(d.text))), append(d.weak, sh.weak)
			}
			d.name, d.form = append(d.name, n.name), append(d.form, f)
		}
		d.from = append(d.from, uint32(len(d.form)))
	}
	return d
}

// borneName is a name of an entry, by its form.
type borneName struct {
	form uint32
	part uint16
	name uint16
}

// living lists the current entry versions by the ids of their entries, and the
// names of each.
func (s *state) living() (seqs []uint32, list [][]borneName) {
	count := make([]uint32, len(s.ids))
	each := func(f func(seq uint32, n borneName)) {
		for part := range s.parts() {
			for i := range s.forms(part) {
				seqs, names := s.bearers(part, uint32(i))
				for k, seq := range seqs {
					if s.live.has(seq) {
						f(seq, borneName{uint32(i), uint16(part), names[k]})
					}
				}
			}
		}
	}
	each(func(seq uint32, _ borneName) { count[seq]++ })
	next := sums(count)
	all := make([]borneName, next[len(count)])
	from := slices.Clone(next)
	each(func(seq uint32, n borneName) {
		all[next[seq]] = n
		next[seq]++
	})
	for seq, n := range count {
		if n > 0 {
			seqs = append(seqs, uint32(seq))
		}
	}
	slices.SortFunc(seqs, s.compareIDs)
	for _, seq := range seqs {
		names := all[from[seq]:from[seq+1]]
		slices.SortFunc(names, func(a, b borneName) int { return int(a.name) - int(b.name) })
		list = append(list, names)
	}
	return seqs, list
}

// build makes an index of the draft, on all cores.
func (d *draft) build(token func(names.Raw) *names.Token, table *names.Table) (*state, writer) {
	st, w := &state{token: token, table: table, ids: d.ids, rising: uint32(len(d.ids)), size: len(d.form)}, newWriter(token)
	current := make(map[watchlist.EntryID]version, len(d.ids))
	var entries sync.WaitGroup
	entries.Go(func() {
		on := make([]uint32, len(d.ids))
		for i, id := range d.ids {
			current[id] = version{uint32(i), int(d.from[i+1] - d.from[i])}
			on[i] = uint32(i)
		}
		st.live = st.live.with(on, nil)
	})
	st.lexicon = make([]word, 0, len(d.words)+len(d.words)/8)
	for _, r := range d.words {
		w.number(st, r)
	}
	forms := make([]doc, len(d.weak))
	w.arena = make([]uint32, 0, 2*len(d.text))
	for f := range forms {
		text := d.text[d.at[f]:d.at[f+1]]
		words := append(w.piece(2*len(text)-1), text...)
		forms[f] = doc{shape: shape{weak: d.weak[f], tokens: uint8(len(text))}, words: words}
	}
	w.complete(st, forms)
	if len(forms) > 0 {
		var both sync.WaitGroup
		both.Go(func() { st.segments = []*segment{d.segment(forms)} })
		st.blocks = []*block{buildBlock(st.lexicon, 0, uint32(len(st.lexicon)))}
		both.Wait()
	}
	entries.Wait()
	w.current, w.arena = current, nil
	return st, w
}

// segment makes the segment of the forms and their bearers.
func (d *draft) segment(forms []doc) *segment {
	s := &segment{seqs: make([]uint32, len(d.form)), names: slices.Clone(d.name)}
	count := make([]uint32, len(forms))
	for _, f := range d.form {
		count[f]++
	}
	s.from = sums(count)
	next := slices.Clone(s.from)
	for i := range d.ids {
		for k := d.from[i]; k < d.from[i+1]; k++ {
			at := next[d.form[k]]
			next[d.form[k]]++
			s.seqs[at], s.names[at] = uint32(i), d.name[k]
		}
	}
	s.write(forms)
	return s
}
