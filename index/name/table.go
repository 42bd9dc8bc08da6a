package name

import (
	"slices"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// SetFamilies puts the table of spelling families in force that the changes
// recorded so far make, see SetTable.
func (x *Index) SetFamilies(changes []watchlist.FamilyChange) { x.SetTable(names.InForce(changes)) }

// SetTable computes the keys of words by another table from now on. Words whose
// families stay what they were keep their keys; of the dictionary only the families
// are made anew, and only where they changed. It builds aside: searches answer by
// the old table until the new state is whole, then by the new one, its keys and
// those of the query alike. It belongs to the goroutine of Apply and Rebuild, and
// looks at every word once.
func (x *Index) SetTable(t *names.Table) {
	x.mu.Lock()
	defer x.mu.Unlock()
	st := *x.state.Load()
	from := st.table
	st.table, st.token, x.w.token = t, t.NewToken, t.NewToken
	stale := map[int]bool{} // the blocks with a word whose keys change
	lexicon, sketches := slices.Clone(st.lexicon), slices.Clone(st.sketches)
	for i, w := range lexicon {
		if w.joined || from != nil && from.Same(t, w.Raw) {
			continue
		}
		lexicon[i].Token = t.NewToken(w.Raw)
		sketches[i] = lexicon[i].Sketch()
		if b := blockOf(st.blocks, uint32(i)); b >= 0 {
			stale[b] = true
		}
	}
	st.lexicon, st.sketches, st.blocks = lexicon, sketches, slices.Clone(st.blocks)
	for b := range stale {
		changed := *st.blocks[b]
		changed.families = familiesOf(lexicon, changed.first, changed.to)
		st.blocks[b] = &changed
	}
	// A fold that is under way has read the old keys.
	x.generation++
	x.state.Store(&st)
}

// blockOf gives the place of the block that has a word, -1 when none has it.
func blockOf(blocks []*block, word uint32) int {
	return slices.IndexFunc(blocks, func(b *block) bool { return word >= b.first && word < b.to })
}

// Table is the table of spelling families that searches go by; nil when they go by
// rules alone.
func (x *Index) Table() *names.Table { return x.state.Load().table }
