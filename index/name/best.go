package name

import (
	"cmp"
	"slices"

	"vigie/watchlist"
)

// hit is a scored form.
type hit struct {
	score float64
	form  uint32
	part  uint16
	query uint16
}

// best keeps what the answer is made of: the forms that may be in it, and the score
// that the k-th best entry has at least, so that what is surely below it needs no
// score. An entry counts once, however many of its names are met.
type best struct {
	st   *state
	k    int
	hits []hit
	// scores are the k highest of different entries so far, the lowest first (a
	// heap); counted says which entries have one.
	scores  []float64
	counted []uint64
	list    []uint32 // of those in counted
}

func (b *best) reset(st *state, k int) {
	for _, seq := range b.list {
		b.counted[seq/64] = 0
	}
	b.st, b.k, b.hits, b.scores, b.list = st, k, b.hits[:0], b.scores[:0], b.list[:0]
	if n := len(st.ids)/64 + 1; len(b.counted) < n {
		b.counted = make([]uint64, n+n/8)
	}
}

// floor is a score that k entries reach, 0 while there are fewer.
func (b *best) floor() float64 {
	if len(b.scores) < b.k {
		return 0
	}
	return b.scores[0]
}

// add takes a scored form. Of an entry that has several names, the score that came
// first counts for the floor: it may be too low, never too high.
func (b *best) add(h hit) {
	if h.score < b.floor() {
		return
	}
	b.hits = append(b.hits, h)
	seqs, _ := b.st.bearers(int(h.part), h.form)
	for _, seq := range seqs {
		if len(b.scores) == b.k && h.score <= b.scores[0] {
			return
		}
		if b.counted[seq/64]&(1<<(seq%64)) != 0 || !b.st.live.has(seq) {
			continue
		}
		b.counted[seq/64] |= 1 << (seq % 64)
		b.list = append(b.list, seq)
		b.push(h.score)
	}
}

// push puts a score into the heap, in place of the lowest when there are k.
func (b *best) push(v float64) {
	h := b.scores
	i := 0
	if len(h) < b.k {
		h = append(h, v)
		for i = len(h) - 1; i > 0 && h[(i-1)/2] > v; i = (i - 1) / 2 {
			h[i] = h[(i-1)/2]
		}
	} else {
		for {
			c := 2*i + 1
			if c+1 < len(h) && h[c+1] < h[c] {
				c++
			}
			if c >= len(h) || h[c] >= v {
				break
			}
			h[i] = h[c]
			i = c
		}
	}
	h[i] = v
	b.scores = h
}

// bearer is an entry's name in the answer.
type bearer struct {
	seq         uint32
	query, name uint16
}

// answer gives the k best entries in order: by score, then by id. Of an entry's
// names the one of the highest score is told, of equals that of the query's first
// name, then the entry's first.
func (b *best) answer() []watchlist.NameMatch {
	floor := b.floor()
	b.hits = slices.DeleteFunc(b.hits, func(h hit) bool { return h.score < floor })
	slices.SortFunc(b.hits, func(x, y hit) int { return cmp.Compare(y.score, x.score) })
	out := make([]watchlist.NameMatch, 0, min(b.k, 64))
	taken := map[uint32]bool{}
	var same []bearer
	for from := 0; from < len(b.hits) && len(out) < b.k; {
		to := from + 1
		for to < len(b.hits) && b.hits[to].score == b.hits[from].score {
			to++
		}
		same = same[:0]
		for _, h := range b.hits[from:to] {
			same = b.bearers(same, h, b.k-len(out), taken)
		}
		slices.SortFunc(same, func(x, y bearer) int {
			return cmp.Or(b.st.compareIDs(x.seq, y.seq), cmp.Compare(x.query, y.query), cmp.Compare(x.name, y.name))
		})
		for _, m := range same {
			if len(out) < b.k && !taken[m.seq] {
				taken[m.seq] = true
				out = append(out, watchlist.NameMatch{Entry: b.st.ids[m.seq], Name: int(m.name), Query: int(m.query), Score: b.hits[from].score})
			}
		}
		from = to
	}
	return out
}

// bearers adds those who bear a form and are not taken. Those whose numbers follow
// their ids are in order: of them the first want are enough.
func (b *best) bearers(list []bearer, h hit, want int, taken map[uint32]bool) []bearer {
	seqs, names := b.st.bearers(int(h.part), h.form)
	for i := 0; i < len(seqs); i++ {
		seq := seqs[i]
		if i > 0 && seq == seqs[i-1] || taken[seq] || !b.st.live.has(seq) {
			continue
		}
		if want == 0 && seq < b.st.rising {
			n, _ := slices.BinarySearch(seqs[i:], b.st.rising)
			i += n - 1
			continue
		}
		if seq < b.st.rising {
			want--
		}
		list = append(list, bearer{seq, h.query, names[i]})
	}
	return list
}
