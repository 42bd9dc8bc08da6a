package face

import (
	"sync"

	"vigie/index/face/codes"
	"vigie/index/face/kernel"
)

// pools keep what searches need again and again.
type pools struct {
	workers, probes sync.Pool
}

func (p *pools) probe(b *codes.Basis, q []float32, k *kernel.Set) *codes.Probe {
	if old, ok := p.probes.Get().(*codes.Probe); ok {
		old.Reset(b, q, k)
		return old
	}
	return codes.NewProbe(b, q, k)
}

// worker starts work on a job.
func (g *Gallery) worker(j *job) *worker {
	w, ok := g.pools.workers.Get().(*worker)
	if !ok {
		w = &worker{kernel: g.kernel}
	}
	w.job, w.err, w.exact, w.met, w.loose = j, nil, 0, 0, false
	w.scratch.ResetStats()
	w.top.reset(j.room)
	return w
}

// release counts what a worker did and keeps its memory, not what it found.
func (g *Gallery) release(w *worker) {
	s := w.scratch.Stats()
	g.counts.level1.Add(s.Level1)
	g.counts.level2.Add(s.Level2)
	g.counts.measured.Add(w.met)
	g.counts.exact.Add(w.exact)
	w.top.reset(0)
	w.job = nil
	if cap(w.out) > 4*chunkRows {
		w.out = nil
	}
	g.pools.workers.Put(w)
}

// giveBack keeps the probes of the jobs.
func (p *pass) giveBack() {
	for _, j := range p.jobs {
		for _, b := range j.probes {
			p.g.pools.probes.Put(b)
		}
		j.probes = nil
	}
}
