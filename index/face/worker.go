package face

import (
	"fmt"
	"math"
	"sort"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
)

const (
	// bunch is how many survivors are scored between two looks at the bound.
	bunch = 8
	// farAway is a distance beyond which a query without a threshold looks only
	// when it must: codes tell lower bounds within it.
	farAway = 1e6
)

// worker is one goroutine's work on one job.
type worker struct {
	job     *job
	top     top
	scratch codes.Scratch
	out     []codes.Survivor
	ids     [bunch]uint32
	kernel  *kernel.Set
	exact   uint64 // rows scored
	err     error
}

// look searches a chunk. A panic, which only a filter can raise, ends the search
// and not the process.
func (w *worker) look(c *chunk) (err error) {
	done := false
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic of type %T", r)
		} else if !done {
			// The filter ended this goroutine.
			w.err = errGivenUp
		}
	}()
	w.chunk(c)
	done = true
	return nil
}

func (w *worker) chunk(c *chunk) {
	seg, mark := c.part.seg, c.part.mark
	outliers := seg.codes.Outliers(mark)
	if c.outliers {
		w.rows(c.part, outliers)
	}
	bound := w.bound()
	limit := reach(bound)
	rows := c.to - c.from
	guess := math.IsInf(limit, 1) && len(w.top.heap)+rows >= w.top.k
	if guess {
		limit = farAway
	}
	w.out = seg.codes.Scan(mark, w.job.probes[c.probe], c.from, c.to, limit, &w.scratch, w.out[:0])
	found := len(w.out)
	w.bestFirst(c.part)
	if !guess || found+between(outliers, c.from, c.to) == rows || reach(w.bound()) <= farAway {
		return
	}
	w.out = seg.codes.Scan(mark, w.job.probes[c.probe], c.from, c.to, reach(w.bound()), &w.scratch, w.out[:0])
	w.bestFirst(c.part)
}

// between counts the numbers from..to-1 in an ascending list.
func between(list []uint32, from, to int) int {
	at := func(x int) int { return sort.Search(len(list), func(i int) bool { return int(list[i]) >= x }) }
	return at(to) - at(from)
}

// bound is a score below which nothing matters any more.
func (w *worker) bound() float64 { return max(w.top.floor(w.job.low), w.job.limit()) }

// bestFirst scores the survivors in w.out, the nearest to all appearance first,
// until the rest can't matter.
func (w *worker) bestFirst(p *part) {
	s := w.out
	if len(s) <= bunch {
		for i, v := range s {
			w.ids[i] = v.Row
		}
		w.rows(p, w.ids[:len(s)])
		return
	}
	heapify(s)
	limit := reach(w.bound())
	for len(s) > 0 && float64(s[0].Lower) <= limit {
		n := 0
		for n < bunch && len(s) > 0 && float64(s[0].Lower) <= limit {
			w.ids[n] = s[0].Row
			n++
			s = pop(s)
		}
		w.rows(p, w.ids[:n])
		limit = reach(w.bound())
	}
}

// rows scores rows of a part and offers those that count.
func (w *worker) rows(p *part, ids []uint32) {
	seg, q := p.seg, w.job.probe
	w.exact += uint64(len(ids))
	bound := w.bound()
	w.kernel.Prefetch(seg.vectors, seg.stride, ids[:min(bunch, len(ids))])
	for ; len(ids) >= 4; ids = ids[4:] {
		if len(ids) > bunch {
			w.kernel.Prefetch(seg.vectors, seg.stride, ids[bunch:min(bunch+4, len(ids))])
		}
		x := [4][]float32{seg.vector(int(ids[0])), seg.vector(int(ids[1])), seg.vector(int(ids[2])), seg.vector(int(ids[3]))}
		for i, s := range within4(q, &x, bound) {
			if s >= bound {
				bound = w.offer(p, int(ids[i]), s, bound)
			}
		}
	}
	for _, i := range ids {
		if s, ok := within(q, seg.vector(int(i)), bound); ok {
			bound = w.offer(p, int(i), s, bound)
		}
	}
	if bound > w.job.limit() {
		w.job.raise(bound)
	}
}

// offer lets a row in whose score reaches the bound, if it is to be seen, and
// returns the bound from then on.
func (w *worker) offer(p *part, row int, s, bound float64) float64 {
	seg, j := p.seg, w.job
	if !seg.visible(row, j.stamp) {
		return bound
	}
	who := seg.who[row]
	id, face := namesAt(p.names, seg.name[row])
	if j.filter != nil && !w.top.has(who) && !j.filter(id) {
		return bound
	}
	w.top.offer(hit{who: who, id: id, face: face, score: s})
	return w.top.floor(bound)
}
