package face

import (
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"vigie/index/face/kernel"
	"vigie/watchlist"
)

// Space is the calibrated space that templates of one model are compared in, and
// parts of those of other models when it implements Parts. Its methods are pure and
// safe for concurrent use.
type Space interface {
	// Project returns the template in the space: finite values, the same bits on
	// every node, always of the same length. It fails on a template that does not
	// fit the model.
	Project(template []float32) ([]float32, error)
	// Model names the encoder and recipe whose templates it projects.
	Model() string
	// Agreement is the score from which two photos of an entry are compared as
	// one, +Inf to keep all apart: see Agreeing. It is the same on every node.
	Agreement() float64
}

// Options tune a Gallery. The zero value is fine; none of them changes an
// answer, except Elsewhere.
type Options struct {
	// Kernel scans the codes; nil takes the fastest that this CPU can run.
	Kernel *kernel.Set
	// Parallel is the number of rows from which a query that is alone is answered
	// by two goroutines; 0 takes a default, a negative value means never.
	Parallel int
	// MaxWaiting is how many queries may wait while others are answered; 0 takes
	// a default, a negative value means none.
	MaxWaiting int
	// History is how many raft indexes FaceQuery.AsOf can reach back; 0 takes a
	// default. It reaches less far back when more rows died than live, and not
	// beyond the last Rebuild.
	History uint64
	// Elsewhere names a model whose templates another gallery of the node compares,
	// and with them the composite templates that begin with it; "" for none. They are
	// no rows of this gallery and not among Skipped. The space's own model is
	// never meant.
	Elsewhere string
	// Logger gets faults of the background work, never anything of an entry; nil
	// drops them.
	Logger *slog.Logger
}

const (
	defaultParallel = 200_000
	defaultWaiting  = 64
	defaultHistory  = 100_000
)

func (o Options) withDefaults() Options {
	if o.Kernel == nil {
		o.Kernel = kernel.Best()
	}
	switch {
	case o.Parallel == 0:
		o.Parallel = defaultParallel
	case o.Parallel < 0:
		o.Parallel = math.MaxInt
	}
	switch {
	case o.MaxWaiting == 0:
		o.MaxWaiting = defaultWaiting
	case o.MaxWaiting < 0:
		o.MaxWaiting = 0
	}
	if o.History == 0 {
		o.History = defaultHistory
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Gallery is the exact face index. Apply, Rebuild and Close belong to one
// goroutine; all other methods are safe for concurrent use and never wait for
// it. It does part of its work in a goroutine of its own, which ends by itself
// when nothing is left to do.
type Gallery struct {
	space    Space
	kernel   *kernel.Set
	parallel int
	log      *slog.Logger

	view   atomic.Pointer[view]
	queue  queue
	pools  pools
	counts counts

	mu     sync.Mutex // guards what follows; no search takes it
	w      *store
	busy   bool // the background runs
	closed bool
	stop   atomic.Bool // tells the background to end soon
	work   sync.WaitGroup
}

// New makes an empty gallery over space. Close it to end its goroutine.
func New(space Space, o Options) *Gallery {
	o = o.withDefaults()
	space = divide(space, o.Elsewhere)
	g := &Gallery{
		space: space, kernel: o.Kernel, parallel: o.Parallel, log: o.Logger,
		queue: queue{free: runtime.GOMAXPROCS(0), most: o.MaxWaiting},
		w:     newStore(space, o.Kernel, o.History, defaultSizes()),
	}
	g.view.Store(g.w.view())
	return g
}

// Close stops the background work and waits for its end. Searches go on
// answering, and Apply and Rebuild go on working, but nothing is merged or
// compacted any more. It never fails.
func (g *Gallery) Close() error {
	g.stop.Store(true)
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.work.Wait()
	return nil
}

// Applied is the raft index that searches include.
func (g *Gallery) Applied() uint64 { return g.view.Load().applied }

// Oldest is the first raft index that FaceQuery.AsOf may name.
func (g *Gallery) Oldest() uint64 { return g.view.Load().oldest }

// Size is the number of templates that a probe is compared with: those of active
// entries, expired ones among them, that the space projects whole or in part. The
// mean of several counts as many as it is made of.
func (g *Gallery) Size() int { return g.view.Load().photos }

// Skipped is the number of templates of active entries that can't be found,
// because another model made them or the space refuses them.
func (g *Gallery) Skipped() int { return g.view.Load().skipped }

// Model names the encoder and recipe whose templates the gallery compares.
func (g *Gallery) Model() string { return g.space.Model() }

// Apply takes over changed entries, in order, and publishes them all at once
// before it returns: no search sees a part of them, or misses an entry that is
// being replaced. Queries as of an earlier index tell them apart by Change.Index;
// one that is not after Applied and up to index, such as 0, counts as index, and
// one that falls as that of the change before. A reference whose photos and vector
// are unchanged is not moved. It fails when index lies before Applied.
func (g *Gallery) Apply(changes []watchlist.Change, index uint64) error {
	defer runtime.KeepAlive(g)
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.w
	if index < w.applied {
		return fmt.Errorf("face gallery: change at index %d, but %d is applied", index, w.applied)
	}
	if err := w.takeOver(changes, index); err != nil {
		return err
	}
	g.publish()
	g.kick()
	return nil
}

// publish shows the store to searches. The caller holds mu.
func (g *Gallery) publish() { g.view.Store(g.w.view()) }
