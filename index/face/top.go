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

// top keeps the best k identities offered, each once, with its best reference. It is
// a heap with the worst in front.
type top struct {
	k    int
	heap []hit
	at   map[uint32]int
}

// reset empties the top for k identities. It keeps no memory of a large one.
func (t *top) reset(k int) {
	const large = 4096
	if clear(t.heap); cap(t.heap) > large || t.at == nil {
		t.heap, t.at = nil, map[uint32]int{}
	}
	clear(t.at)
	t.k, t.heap = k, t.heap[:0]
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
func (t *top) has(who uint32) bool {
	_, ok := t.at[who]
	return ok
}

// offer lets a hit in if it is good enough.
func (t *top) offer(h hit) {
	if i, ok := t.at[h.who]; ok {
		if t.heap[i].worse(h) {
			t.heap[i] = h
			t.down(i)
		}
		return
	}
	if len(t.heap) < t.k {
		t.heap = append(t.heap, h)
		t.at[h.who] = len(t.heap) - 1
		t.up(len(t.heap) - 1)
		return
	}
	if t.heap[0].worse(h) {
		delete(t.at, t.heap[0].who)
		t.heap[0] = h
		t.at[h.who] = 0
		t.down(0)
	}
}

func (t *top) swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.at[t.heap[i].who], t.at[t.heap[j].who] = i, j
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
