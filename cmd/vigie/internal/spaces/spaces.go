package spaces

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"vigie/cluster/registry"
	"vigie/index/face"
	"vigie/index/face/file"
	"vigie/models"
	"vigie/watchlist"
)

// Files are the calibration files, by hash.
type Files interface {
	// Local reads what is on this node's disk, Get asks the other nodes too.
	Local(id watchlist.BlobID) ([]byte, error)
	Get(ctx context.Context, id watchlist.BlobID) ([]byte, error)
	// Accept keeps a file on this node.
	Accept(id watchlist.BlobID, plain []byte) error
}

// Matcher answers probes and replays in one space.
type Matcher interface {
	Match(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error)
	Replay(ctx context.Context, q watchlist.ReplayQuery) (*watchlist.Replay, error)
	Impact(ctx context.Context, q watchlist.ImpactQuery) (*watchlist.Impact, error)
}

// Registry is the list that a new space is built from.
type Registry interface {
	View() (*registry.View, error)
}

// Options set up Spaces. All fields are required, except those that say
// otherwise.
type Options struct {
	// Shipped is the calibration file of this release.
	Shipped []byte
	// Model names the templates that this node's engine makes; only a calibration
	// for them can be used.
	Model string
	// Gallery tunes every gallery.
	Gallery face.Options
	// Beside is the number of templates that each probe is compared with besides, in
	// a gallery of the node's second encoder; nil for none.
	Beside func() int
	// Dir is the folder of the gallery's files, Key what they are sealed with; nil
	// keeps no files.
	Dir string
	Key file.Sealer
	// Forget removes the files of a space that was replaced: nothing is replayed in it.
	Forget bool
	// TargetFPIR is the operating point, for reports.
	TargetFPIR float64
	Logger     *slog.Logger
}

// Spaces is the face index of a node over all calibrations. Decided, Recall,
// CatchUp, Apply and Rebuild are for the state machine's goroutine; all else is
// safe for concurrent use.
type Spaces struct {
	opt     Options
	shipped *models.Calibration
	files   Files
	reg     Registry
	matcher func(*models.Calibration, *face.Gallery) (Matcher, error)
	stamped func() uint64

	cur atomic.Pointer[space] // nil before the first Decided
	// history holds the decisions on templates of the engine's kind, all those on any.
	history, all atomic.Pointer[[]watchlist.CalibrationDecision]

	// registry names the registry file; nil before it is known.
	registry atomic.Pointer[string]
	// leaving is the space that was replaced last, until its files are a past
	// space; since is the raft index of the last swap of this process.
	leaving atomic.Pointer[leaving]
	since   atomic.Uint64

	// writer is held while the state machine changes the present space, and by the
	// builder at the beginning and at the end of its work.
	writer sync.Mutex
	epoch  int    // counts states that replaced the whole list
	queue  *queue // changes for the space being built; nil when there is none

	past   pastSpaces
	report reporter

	poke chan struct{}
	end  context.CancelFunc
	work sync.WaitGroup
}

// New reads the shipped calibration. It fails when that is not one for the
// engine's model.
func New(o Options) (*Spaces, error) {
	shipped, err := read(o.Shipped)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the built-in calibration: %w", err)
	case shipped.Model() != o.Model:
		return nil, fmt.Errorf("the built-in calibration is for %q, the engine makes %q", shipped.Model(), o.Model)
	}
	s := &Spaces{opt: o, shipped: shipped, poke: make(chan struct{}, 1)}
	s.past.dir, s.past.turn = o.Dir, make(chan struct{}, 1)
	s.history.Store(&[]watchlist.CalibrationDecision{})
	s.all.Store(&[]watchlist.CalibrationDecision{})
	return s, nil
}

// SetFiles gives the calibration files, before the state machine starts, and
// keeps the shipped one among them: a later release, and nodes of another one,
// find it here.
func (s *Spaces) SetFiles(f Files) {
	s.files = f
	if err := f.Accept(digest(s.opt.Shipped), s.opt.Shipped); err != nil {
		s.opt.Logger.Error("the shipped calibration can't be kept; other nodes may lack it", "calibration", s.shipped.Version(), "error", err)
	}
}

// Start gives what a space's matcher is made of and begins to follow the
// decisions. stamped is the raft index that a list stamp would have now. Match
// fails before Start.
func (s *Spaces) Start(reg Registry, stamped func() uint64, matcher func(*models.Calibration, *face.Gallery) (Matcher, error)) error {
	s.reg, s.stamped, s.matcher = reg, stamped, matcher
	sp := s.cur.Load()
	if sp == nil {
		return errors.New("spaces: the state machine has not started")
	}
	m, err := matcher(sp.calib, sp.gallery)
	if err != nil {
		return err
	}
	sp.match.Store(&m)
	ctx, cancel := context.WithCancel(context.Background())
	s.end = cancel
	s.work.Go(func() { s.follow(ctx) })
	return nil
}

// Close stops a change under way, which begins again at the next start, and
// closes the present space.
func (s *Spaces) Close() error {
	if s.end != nil {
		s.end()
	}
	s.work.Wait()
	if sp := s.cur.Load(); sp != nil {
		return sp.close()
	}
	return nil
}

// Match answers a probe in the present space. That goes on following the list
// until the search has ended, also when another takes its place meanwhile: a
// search takes its list stamp late, and must hold what that stamp says.
func (s *Spaces) Match(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error) {
	sp, m, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer sp.uses.leave()
	return m.Match(ctx, p)
}

// Impact looks at an entry in the present space.
func (s *Spaces) Impact(ctx context.Context, q watchlist.ImpactQuery) (*watchlist.Impact, error) {
	sp, m, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer sp.uses.leave()
	return m.Impact(ctx, q)
}

// Held is a calibration with its gallery, taken for a search.
type Held struct {
	Calibration *models.Calibration
	Gallery     *face.Gallery
	// Since is the raft index from which on this process has searched with them.
	Since uint64
	// Release must be called once, when the search has ended.
	Release func()
}

// Hold takes the present calibration and gallery for a search that a matcher of other
// spaces makes; both stay as they are, and follow the list, until it is released.
func (s *Spaces) Hold() (Held, error) {
	sp, _, err := s.enter()
	if err != nil {
		return Held{}, err
	}
	return Held{sp.calib, sp.gallery, sp.since, sp.uses.leave}, nil
}

// enter takes the present space for a search, which must leave it.
func (s *Spaces) enter() (*space, Matcher, error) {
	for {
		sp := s.cur.Load()
		if sp == nil || sp.match.Load() == nil {
			return nil, nil, errors.New("spaces: not started")
		}
		if sp.uses.enter() {
			return sp, *sp.match.Load(), nil
		}
	}
}

// Decided implements fsm.Calibrated. The first call chooses the space to start
// with; later ones make the builder look.
func (s *Spaces) Decided(history []watchlist.CalibrationDecision) {
	s.writer.Lock()
	defer s.writer.Unlock()
	own := watchlist.DecisionsFor(history, s.opt.Model)
	s.all.Store(&history)
	s.history.Store(&own)
	if s.cur.Load() == nil {
		s.cur.Store(s.choose(own))
	}
	s.wake()
}

func (s *Spaces) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Recall implements fsm.Keeper.
func (s *Spaces) Recall(id string) {
	s.writer.Lock()
	defer s.writer.Unlock()
	s.registry.Store(&id)
	s.cur.Load().recall(id)
}

// CatchUp implements fsm.Keeper.
func (s *Spaces) CatchUp(changes []watchlist.Change, index uint64) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	s.epoch++ // it comes at a start only: nothing is being built
	s.settle()
	return s.cur.Load().catchUp(changes, index)
}

// Apply implements fsm.Index.
func (s *Spaces) Apply(changes []watchlist.Change, index uint64) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.cur.Load().apply(changes, index); err != nil {
		return err
	}
	if l := s.leaving.Load(); l != nil && l.fed {
		if err := l.space.apply(changes, index); err != nil {
			return err
		}
	}
	if s.queue != nil {
		s.queue.add(changes, index)
	}
	if s.past.overdue(index) {
		s.wake()
	}
	return nil
}

// settle waits for the searches in a space that was replaced: what comes next is
// another list, which it will not see. The caller holds writer.
func (s *Spaces) settle() {
	if l := s.leaving.Load(); l != nil && l.fed {
		<-l.idle
		l.fed = false
	}
}

// Rebuild implements fsm.Index. A space that is being built begins anew.
func (s *Spaces) Rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	s.epoch++
	s.settle()
	return s.cur.Load().rebuild(entries, index)
}

// Applied implements fsm.Index.
func (s *Spaces) Applied() uint64 {
	if sp := s.cur.Load(); sp != nil {
		return sp.gallery.Applied()
	}
	return 0
}

// Stats are the present gallery's, KeptStats its files'; all zero before the
// start. Counters begin anew with each space.
func (s *Spaces) Stats() face.Stats {
	if sp := s.cur.Load(); sp != nil {
		return sp.gallery.Stats()
	}
	return face.Stats{}
}

// KeptStats tells of the present gallery's files; ok is false when it keeps
// none.
func (s *Spaces) KeptStats() (st face.KeptStats, ok bool) {
	if sp := s.cur.Load(); sp != nil && sp.keeper != nil {
		return sp.keeper.KeptStats(), true
	}
	return st, false
}

// Apart lists the places of an entry's faces that look like none of the others in
// the present space.
func (s *Spaces) Apart(faces []watchlist.Face) []int {
	if sp := s.cur.Load(); sp != nil {
		return sp.gallery.Apart(faces)
	}
	return nil
}

// Model names the templates that are compared.
func (s *Spaces) Model() string { return s.opt.Model }

// folder is where the gallery's files of a version lie.
func (s *Spaces) folder(version string) string { return filepath.Join(s.opt.Dir, version) }
