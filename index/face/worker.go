package face

import (
	"fmt"
	"math"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
)

const (
	// batch is how many rows are measured at once, at most.
	batch = 128
	// bunch is how many survivors are measured between two looks at the bound.
	bunch = 16
	// ordered is how many survivors of a chunk are taken in the order of their
	// lower bounds. By then the bound is tight, and sorting the rest costs more
	// than it saves.
	ordered = 8 * bunch
	// refineCost and scatterCost are what a row that passes level 1 costs, and the
	// distance of a row here and there, by that of a row in a run.
	refineCost  = 0.65
	scatterCost = 2
	// sample is how many rows of a chunk are tried with codes after such a share.
	sample = 8 * codes.Lanes
)

// worker is one goroutine's work on one job.
type worker struct {
	job     *job
	top     top
	scratch codes.Scratch
	out     []codes.Survivor
	ids     [batch]uint32
	d2      [batch]float32
	near    [batch]codes.Survivor // in batch: rows with their squared distances
	kernel  *kernel.Set
	loose   bool   // codes let too many rows pass
	exact   uint64 // rows scored
	met     uint64 // rows measured
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

// chunk looks at the rows that the codes leave, or at all of them while codes
// leave most.
func (w *worker) chunk(c *chunk) {
	if c.outliers {
		for ids := c.part.seg.codes.Outliers(c.part.mark); len(ids) > 0; {
			n := min(batch, len(ids))
			w.measure(c.part, ids[:n])
			ids = ids[n:]
		}
	}
	from := c.from
	if w.loose {
		from = w.coded(c, from, min(c.to, from+sample))
	}
	if !w.loose && from < c.to {
		from = w.coded(c, from, c.to)
	}
	for ; from < c.to; from += batch {
		ids := w.ids[:min(batch, c.to-from)]
		for i := range ids {
			ids[i] = uint32(from + i)
		}
		w.measure(c.part, ids)
	}
}

// coded looks at the survivors among rows of a chunk, notes whether codes cost more
// than they saved, and returns where to go on.
func (w *worker) coded(c *chunk, from, to int) int {
	limit := reach(w.bound())
	if math.IsInf(limit, 1) {
		w.loose = true
		return from
	}
	before := w.scratch.Stats().Level1
	w.out = c.part.seg.codes.Scan(c.part.mark, w.job.probes[c.probe], from, to, limit, &w.scratch, w.out[:0])
	passed := w.scratch.Stats().Level1 - before
	w.loose = refineCost*float64(passed)+scatterCost*float64(len(w.out)) > float64(to-from)
	w.bestFirst(c.part)
	return to
}

// bound is a score below which nothing matters any more.
func (w *worker) bound() float64 { return max(w.top.floor(w.job.low), w.job.limit()) }

// bestFirst measures the survivors in w.out, the nearest to all appearance first,
// until the rest can't matter.
func (w *worker) bestFirst(p *part) {
	s := w.out
	if len(s) > bunch && !w.loose {
		s = w.inOrder(p, s)
	}
	limit := reach(w.bound())
	n := 0
	for _, v := range s {
		if float64(v.Lower) > limit {
			continue
		}
		w.ids[n] = v.Row
		if n++; n == batch {
			w.measure(p, w.ids[:n])
			n, limit = 0, reach(w.bound())
		}
	}
	w.measure(p, w.ids[:n])
}

// inOrder measures the first survivors by their lower bounds, each bunch while the
// next is on its way to the cache, and returns those that are left.
func (w *worker) inOrder(p *part, s []codes.Survivor) []codes.Survivor {
	seg := p.seg
	heapify(s)
	var held [2][bunch]uint32
	var now []uint32
	for turn := 0; turn <= ordered/bunch; turn++ {
		next := held[turn%2][:0]
		limit := reach(w.bound())
		for turn < ordered/bunch && len(next) < bunch && len(s) > 0 && float64(s[0].Lower) <= limit {
			next = append(next, s[0].Row)
			s = pop(s)
		}
		w.kernel.Prefetch(seg.vectors, seg.stride, next)
		w.measure(p, now)
		if now = next; len(now) == 0 {
			break
		}
	}
	if len(s) > 0 && float64(s[0].Lower) > reach(w.bound()) {
		return nil
	}
	return s
}

// measure takes the float32 distances of up to batch rows of a part and scores
// those that may count, the nearest first.
func (w *worker) measure(p *part, ids []uint32) {
	bound := w.bound()
	if math.IsInf(bound, -1) && len(w.top.heap)+len(ids) < w.top.k {
		w.rows(p, ids) // all of them count
		return
	}
	seg, d2 := p.seg, w.d2[:len(ids)]
	w.met += uint64(len(ids))
	w.kernel.Distances(w.job.probe, seg.vectors, seg.stride, ids, d2)
	most := ceiling(reach(bound), seg.stride)
	s := w.near[:0]
	for i, d := range d2 {
		if float64(d) <= most {
			s = append(s, codes.Survivor{Row: ids[i], Lower: d})
		}
	}
	heapify(s)
	var few [4]uint32
	for len(s) > 0 && float64(s[0].Lower) <= most {
		n := 0
		for n < len(few) && len(s) > 0 {
			few[n] = s[0].Row
			n++
			s = pop(s)
		}
		w.rows(p, few[:n])
		most = ceiling(reach(w.bound()), seg.stride)
	}
}

// rows scores rows of a part and offers those that count.
func (w *worker) rows(p *part, ids []uint32) {
	seg, q := p.seg, w.job.probe
	w.exact += uint64(len(ids))
	bound := w.bound()
	for ; len(ids) >= 4; ids = ids[4:] {
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
	id, label := namesAt(p.names, seg.name[row])
	if s < j.lowMin && isLow(label) {
		return bound
	}
	if j.filter != nil && !w.top.has(who) && !j.filter(id) {
		return bound
	}
	w.top.offer(hit{who: who, id: id, label: label, score: s})
	return w.top.floor(bound)
}
