package face

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"vigie/index/face/codes"
)

// errGivenUp says that a filter ended the goroutine it was called in.
var errGivenUp = errors.New("the search was given up")

// pass is one scan over a view for one or more jobs.
type pass struct {
	g      *Gallery
	view   *view
	jobs   []*job
	chunks []chunk
	next   atomic.Int64
}

// pass answers the jobs, and lets those that waited for its end start.
func (g *Gallery) pass(jobs []*job) {
	held := 1
	defer func() {
		// Only a filter that ends its goroutine leaves jobs unanswered.
		for _, j := range jobs {
			j.end(errGivenUp)
		}
		for _, batch := range g.queue.leaveScan(held) {
			go g.pass(batch)
		}
	}()
	n := g.counts.passes.Add(1)
	if len(jobs) > 1 {
		g.counts.batched.Add(uint64(len(jobs)))
	}
	p := &pass{g: g, view: g.view.Load(), jobs: jobs}
	defer runtime.KeepAlive(p.view)
	if !p.prepare(n%2 == 0) {
		return
	}
	defer p.giveBack()
	if len(jobs) == 1 && p.view.rows >= g.parallel && g.queue.helper() {
		held++
		p.runTwo(jobs[0])
		return
	}
	workers := make([]*worker, len(jobs))
	for i, j := range jobs {
		workers[i] = g.worker(j)
	}
	p.run(workers, true)
	for _, w := range workers {
		p.conclude(w)
	}
}

// prepare fits the jobs to the view and lays out the chunks, backward every
// other time: what the last pass read last may still be cached. It is false when
// no job is left.
func (p *pass) prepare(backward bool) bool {
	left := false
	for _, j := range p.jobs {
		stamp, err := p.view.stampFor(j.asOf)
		switch {
		case err != nil:
			j.end(err)
		case p.view.rows == 0 || j.low > 1:
			j.end(nil)
		case j.dim != p.view.dim:
			j.end(fmt.Errorf("the space gave %d dimensions to the probe, %d to the gallery", j.dim, p.view.dim))
		default:
			j.stamp, j.room = stamp, min(j.k, p.view.rows)+1
			j.bound.Store(math.Float64bits(j.low))
			left = true
		}
	}
	if !left {
		return false
	}
	parts := p.view.parts()
	var bases []*codes.Basis
	for i := range parts {
		b := parts[i].seg.basis
		k := slices.IndexFunc(bases, func(o *codes.Basis) bool { return o == b || o.ID() == b.ID() })
		if k < 0 {
			k = len(bases)
			bases = append(bases, b)
		}
		p.chunks = append(p.chunks, chunk{part: &parts[i], probe: k, to: parts[i].n})
	}
	p.chunks = split(p.chunks, backward)
	for _, j := range p.jobs {
		if !j.over {
			for _, b := range bases {
				j.probes = append(j.probes, p.g.pools.probe(b, j.probe, p.g.kernel))
			}
		}
	}
	return true
}

// run takes chunks until none is left or no job wants more. A worker that fails
// is out, and so is its job when nobody else works on it.
func (p *pass) run(workers []*worker, alone bool) {
	for p.step(workers, alone) {
	}
}

// step takes a chunk; it is false when there is no reason to take another.
func (p *pass) step(workers []*worker, alone bool) bool {
	i := int(p.next.Add(1)) - 1
	if i >= len(p.chunks) {
		return false
	}
	left := false
	for _, w := range workers {
		if w.job.over || w.err != nil {
			continue
		}
		if w.err = w.job.ended(); w.err == nil {
			w.err = w.look(&p.chunks[i])
		}
		if w.err != nil && alone {
			w.job.end(w.err)
		}
		left = left || w.err == nil
	}
	return left
}

// The states of the second goroutine of a pass.
const (
	notBegun int32 = iota
	hasBegun
	neednt // it comes too late to be of use
	hasEnded
)

const (
	// alongside is how many chunks the first goroutine of two takes before it sees to
	// what it started: the other has begun by then, if it can.
	alongside = 16
	// looks is how many times it looks whether the other has ended before it sleeps:
	// about as long as a chunk takes.
	looks = 1 << 14
)

// runTwo scans with a second goroutine, unless it comes too late to be of use.
//
// How soon it comes is up to the runtime. A processor that looks for work takes over
// the goroutine that another processor started or woke last only after a pause, meant
// to be of 3 µs and nearer to 80 with the timers of a usual Linux; and while it pauses,
// none is woken for what is started next. So the goroutine is not left the last one
// started; what is started after it is waited for while all are busy; and the first
// goroutine does not sleep for the end of the second, which would have to wake it.
func (p *pass) runTwo(j *job) {
	mine, other := p.g.worker(j), p.g.worker(j)
	var state atomic.Int32
	finished, last := make(chan struct{}), make(chan struct{})
	go func() {
		if state.CompareAndSwap(notBegun, hasBegun) {
			defer close(finished)
			defer state.Store(hasEnded)
			p.run([]*worker{other}, false)
		}
	}()
	go close(last)
	took := sync.OnceValue(func() bool {
		if state.CompareAndSwap(notBegun, neednt) {
			return false
		}
		for i := 0; i < looks && state.Load() != hasEnded; i++ {
		}
		<-finished
		return true
	})
	defer took() // even when a filter ends this goroutine
	more := true
	for i := 0; i < alongside && more; i++ {
		more = p.step([]*worker{mine}, false)
	}
	<-last
	if more {
		p.run([]*worker{mine}, false)
	}
	if took() {
		if mine.err == nil {
			mine.err = other.err
		}
		for _, h := range other.top.heap {
			mine.top.offer(h)
		}
	}
	p.g.release(other)
	p.conclude(mine)
}

// conclude gives a job its answer.
func (p *pass) conclude(w *worker) {
	j := w.job
	if w.err == nil && !j.over {
		j.found, j.more = w.top.best(j.k)
	}
	err := w.err
	p.g.release(w)
	j.end(err)
}
