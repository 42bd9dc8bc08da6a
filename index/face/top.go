package face

import (
	"slices"
	"strings"

	"vigie/watchlist"
)

// hit is an identity with its best reference so far.
type hit struct {
	who   uint32
	id    watchlist.EntryID
	label string
	score float64
}

// worse orders identities: lower score first, then the later entry id, then the
// later label.
func (a hit) worse(b hit) bool {
	if a.score != b.score {
		return a.score < b.score
	}
	if c := strings.Compare(string(a.id), string(b.id)); c != 0 {
		return c > 0
	}
	return a.label > b.label
}

// mapless is the k up to which a top finds an identity by looking through all that
// it has: beyond, a map is quicker (BenchmarkTop).
const mapless = 256

// top keeps the best k identities offered, each once, with its best reference. It is
// a heap with the worst in front.
type top struct {
	k    int
	heap []hit
	who  []uint32       // heap's identities, in its order
	at   map[uint32]int // where in heap an identity is; of use when k is beyond mapless
}

// reset empties the top for k identities. It keeps no memory of a large one.
func (t *top) reset(k int) {
	const large = 4096
	if clear(t.heap); cap(t.heap) > large || t.at == nil {
		t.heap, t.who, t.at = nil, nil, map[uint32]int{}
	}
	clear(t.at)
	t.k, t.heap, t.who = k, t.heap[:0], t.who[:0]
}

// find gives an identity's place in the heap, or -1.
func (t *top) find(who uint32) int {
	if t.k <= mapless {
		return slices.Index(t.who, who)
	}
	if i, ok := t.at[who]; ok {
		return i
	}
	return -1
}

// set puts a hit in a place of the heap.
func (t *top) set(i int, h hit) {
	t.heap[i], t.who[i] = h, h.who
	if t.k > mapless {
		t.at[h.who] = i
	}
}

// floor is the score below which nothing more can get in, or low while there is
// room.
func (t *top) floor(low float64) float64 {
	if len(t.heap) < t.k {
		return low
	}
	return max(low, t.heap[0].score)
}

// has reports whether the identity is in.
func (t *top) has(who uint32) bool { return t.find(who) >= 0 }

// offer lets a hit in if it is good enough.
func (t *top) offer(h hit) {
	if i := t.find(h.who); i >= 0 {
		if t.heap[i].worse(h) {
			t.heap[i] = h
			t.down(i)
		}
		return
	}
	if len(t.heap) < t.k {
		last := len(t.heap)
		t.heap, t.who = append(t.heap, h), append(t.who, h.who)
		t.set(last, h)
		t.up(last)
		return
	}
	if t.heap[0].worse(h) {
		if t.k > mapless {
			delete(t.at, t.who[0])
		}
		t.set(0, h)
		t.down(0)
	}
}

func (t *top) swap(i, j int) {
	a, b := t.heap[i], t.heap[j]
	t.set(i, b)
	t.set(j, a)
}

func (t *top) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !t.heap[i].worse(t.heap[p]) {
			return
		}
		t.swap(i, p)
		i = p
	}
}

func (t *top) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(t.heap) {
			return
		}
		if c+1 < len(t.heap) && t.heap[c+1].worse(t.heap[c]) {
			c++
		}
		if !t.heap[c].worse(t.heap[i]) {
			return
		}
		t.swap(i, c)
		i = c
	}
}

// best lists up to k identities, best first, and whether there are more.
func (t *top) best(k int) ([]watchlist.FaceMatch, bool) {
	slices.SortFunc(t.heap, func(a, b hit) int {
		switch {
		case b.worse(a):
			return -1
		case a.worse(b):
			return 1
		}
		return 0
	})
	out := make([]watchlist.FaceMatch, 0, min(k, len(t.heap)))
	for _, h := range t.heap[:min(k, len(t.heap))] {
		out = append(out, matchOf(watchlist.EntryID(strings.Clone(string(h.id))), strings.Clone(h.label), h.score))
	}
	return out, len(t.heap) > k
}
