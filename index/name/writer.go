package name

import (
	"runtime"
	"sync"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// writer is what only writers need of the current state.
type writer struct {
	current map[watchlist.EntryID]version
	// plain holds the words that are nothing but their letters, words the others,
	// joined the neighbours written as one.
	plain  map[string]uint32
	words  map[names.Raw]uint32
	joined map[string]uint32
	token  func(names.Raw) *names.Token
	// arena is memory for the words of names, handed out piece by piece.
	arena []uint32
}

// version is the current write of an entry: its number and how many names it
// has.
type version struct {
	seq   uint32
	count int
}

func newWriter(token func(names.Raw) *names.Token) writer {
	return writer{current: map[watchlist.EntryID]version{}, plain: map[string]uint32{}, words: map[names.Raw]uint32{}, joined: map[string]uint32{}, token: token}
}

// split folds the names of an entry into words.
func split(e *watchlist.Entry) [][]names.Raw {
	out := make([][]names.Raw, len(e.Names))
	for i, n := range e.Names {
		out[i] = names.Split(n)
	}
	return out
}

// take puts changes into a state that nobody reads yet.
func (w *writer) take(st *state, changes []watchlist.Change) {
	var on, off []uint32
	for _, c := range changes {
		if v, ok := w.current[c.ID]; ok {
			off = append(off, v.seq)
			delete(w.current, c.ID)
			st.size -= v.count
			st.dead += v.count
		}
		if c.Entry == nil || c.Entry.Status != watchlist.StatusActive {
			continue
		}
		before := len(st.delta)
		st.delta = w.add(st, c.Entry, split(c.Entry), st.delta)
		w.complete(st, st.delta[before:])
		on = append(on, w.current[c.ID].seq)
	}
	st.live = st.live.with(on, off)
}

// add gives the entry a new version and appends its names, split into raws, to
// docs. The keys of new words are missing until complete.
func (w *writer) add(st *state, e *watchlist.Entry, raws [][]names.Raw, docs []doc) []doc {
	seq := st.addID(e.ID)
	before := len(docs)
	for i, n := range e.Names {
		if len(raws[i]) == 0 {
			continue
		}
		d := doc{
			seq: [1]uint32{seq}, name: [1]uint16{uint16(i)}, words: w.piece(2*len(raws[i]) - 1),
			shape: shape{weak: n.Kind == watchlist.NameWeak, tokens: uint8(len(raws[i]))},
		}
		for _, r := range raws[i] {
			d.words = append(d.words, w.number(st, r))
		}
		docs = append(docs, d)
	}
	w.current[e.ID] = version{seq, len(docs) - before}
	st.size += len(docs) - before
	return docs
}

// number gives the word its place in the lexicon.
func (w *writer) number(st *state, r names.Raw) uint32 {
	plain := r == names.Raw{Text: r.Text, Rich: r.Text}
	var n uint32
	var ok bool
	if plain {
		n, ok = w.plain[r.Text]
	} else {
		n, ok = w.words[r]
	}
	if ok {
		return n
	}
	n = uint32(len(st.lexicon))
	st.lexicon = append(st.lexicon, word{Token: &names.Token{Raw: r}})
	if plain {
		w.plain[r.Text] = n
	} else {
		w.words[r] = n
	}
	return n
}

// piece gives an empty slice with room for n words.
func (w *writer) piece(n int) []uint32 {
	if cap(w.arena)-len(w.arena) < n {
		w.arena = make([]uint32, 0, max(n, min(1<<16, 64+len(w.current))))
	}
	at := len(w.arena)
	w.arena = w.arena[:at+n]
	return w.arena[at : at : at+n]
}

// complete computes the keys of the words that have none yet, and adds to docs
// the number of core words and the neighbours that are often written as one word.
func (w *writer) complete(st *state, docs []doc) {
	from := len(st.lexicon)
	for from > 0 && st.lexicon[from-1].Sounds == nil && !st.lexicon[from-1].joined {
		from--
	}
	parallel(len(st.lexicon)-from, func(i int) {
		x := &st.lexicon[from+i]
		x.Token = w.token(x.Raw)
	})
	for i := range docs {
		d := &docs[i]
		for _, n := range d.words[:d.tokens] {
			if st.lexicon[n].Class == names.Core {
				d.core++
			}
		}
		for k := range int(d.tokens) - 1 {
			a, b := st.lexicon[d.words[k]], st.lexicon[d.words[k+1]]
			if !joinable(a.Token, b.Token) {
				continue
			}
			text := a.Text + b.Text
			id, ok := w.joined[text]
			if !ok {
				id = uint32(len(st.lexicon))
				st.lexicon = append(st.lexicon, word{Token: &names.Token{Raw: names.Raw{Text: text}}, joined: true})
				w.joined[text] = id
			}
			d.words = append(d.words, id)
		}
	}
	sketched := len(st.sketches)
	st.sketches = append(st.sketches, make([]names.Sketch, len(st.lexicon)-sketched)...)
	parallel(len(st.lexicon)-sketched, func(i int) { st.sketches[sketched+i] = st.lexicon[sketched+i].Sketch() })
}

// parallel calls f for 0 to n-1, on all cores when that pays.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n/64)
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := k * n / workers; i < (k+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}
