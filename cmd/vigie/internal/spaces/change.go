package spaces

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"vigie/models"
	"vigie/watchlist"
)

var (
	// errUnusable: the file is no calibration, or another than was decided.
	errUnusable = errors.New("the file is not usable")
	// errOtherModel: the engine makes templates of another model.
	errOtherModel = errors.New("another model")
	// errOvertaken: the list was replaced, or changed too much, while a space was
	// built.
	errOvertaken = errors.New("overtaken by changes of the list")
)

const (
	// minRetry and maxRetry bound the pause before another try.
	minRetry = time.Second
	maxRetry = 30 * time.Second
	// maxQueued is how many changed entries may wait for a space that is being
	// built; with more it begins anew.
	maxQueued = 100_000
	// saveTime bounds the last write of a space's files.
	saveTime = 2 * time.Minute
)

// target is the calibration that this node should compare with.
type target struct {
	version string
	file    watchlist.BlobID // "" for the shipped one
}

// target is what the last decision says; without one it is the shipped
// calibration.
func (s *Spaces) target(history []watchlist.CalibrationDecision) target {
	if n := len(history); n > 0 && history[n-1].Version != s.shipped.Version() {
		return target{history[n-1].Version, history[n-1].File}
	}
	return target{version: s.shipped.Version()}
}

// follow brings the node to the calibration in force whenever that changes, and
// tries again after a failure.
func (s *Spaces) follow(ctx context.Context) {
	pause := minRetry
	retry := time.NewTimer(pause)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.poke:
			pause = minRetry
		case <-retry.C:
		}
		s.past.prune(s.Applied(), s.opt.Gallery.History, s.opt.Logger)
		to := s.target(*s.history.Load())
		if s.cur.Load().calib.Version() == to.version {
			s.report.current()
			continue
		}
		err := s.change(ctx, to)
		switch {
		case err == nil:
			s.wake() // another decision may have come
		case ctx.Err() != nil:
			return
		default:
			if s.report.failed(err) {
				s.opt.Logger.Error("this node still compares faces by an earlier calibration than the one in force",
					"used", s.cur.Load().calib.Version(), "in_force", to.version, "reason", err)
			}
			retry.Reset(pause)
			pause = min(2*pause, maxRetry)
		}
	}
}

// change builds the space of a calibration and puts it in place of the present
// one.
func (s *Spaces) change(ctx context.Context, to target) error {
	s.report.begin(int64(s.Stats().Templates))
	c, err := s.fetch(ctx, to)
	if err != nil {
		return err
	}
	s.report.set(Changing) // the file has come, if it was missing
	begin := time.Now()
	s.opt.Logger.Info("the gallery is projected into another space", "from", s.cur.Load().calib.Version(), "to", to.version)
	next := s.newSpace(c, s.folder(to.version))
	m, err := s.matcher(c, next.gallery)
	if err != nil {
		return errors.Join(err, next.close())
	}
	next.match.Store(&m)
	old, at, err := s.build(ctx, next)
	if err != nil {
		return errors.Join(err, next.close())
	}
	s.report.changed()
	s.opt.Logger.Info("faces are compared by another calibration now", "from", old.calib.Version(), "to", to.version,
		"index", at, "templates", next.gallery.Size(), "took", time.Since(begin).Round(time.Millisecond).String())
	s.retire(ctx)
	return nil
}

// fetch gets the file of a calibration from this disk or from any node.
func (s *Spaces) fetch(ctx context.Context, to target) (*models.Calibration, error) {
	if to.file == "" {
		return s.shipped, nil
	}
	b, err := s.files.Get(ctx, to.file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoFile, err)
	}
	return s.fitting(b, to.version)
}

// build fills a space with the list while the present one serves, and swaps them
// once both hold the same state. It gives the space that served, and the raft
// index of the swap.
func (s *Spaces) build(ctx context.Context, next *space) (old *space, at uint64, err error) {
	s.writer.Lock()
	id := s.registry.Load() // before the view: files are never those of a later registry
	v, err := s.reg.View()
	if err != nil {
		s.writer.Unlock()
		return nil, 0, fmt.Errorf("read the list: %w", err)
	}
	epoch, index := s.epoch, v.State().Index
	s.queue = &queue{after: index}
	s.writer.Unlock()

	if id != nil {
		next.recall(*id)
	}
	err = errors.Join(next.rebuild(s.counted(ctx, v.Each()), index), v.Close())
	// The new gallery knows no earlier state: a stamp must not name one any more.
	err = errors.Join(err, s.awaitStamped(ctx, index))
	for err == nil {
		var batch []change
		s.writer.Lock()
		switch batch = s.queue.take(); {
		case s.epoch != epoch || s.queue.overflowed:
			err = errOvertaken
		case len(batch) == 0:
			old = s.cur.Load()
			if at = old.gallery.Applied(); at > next.gallery.Applied() {
				err = next.apply(nil, at)
			}
			if err == nil {
				next.since = at
				s.since.Store(at)
				s.cur.Store(next)
				s.leaving.Store(&leaving{space: old, idle: old.uses.shut(), fed: true})
				s.queue = nil
				s.writer.Unlock()
				return old, at, nil
			}
		}
		s.writer.Unlock()
		for _, c := range batch {
			if err == nil {
				err = next.apply(c.changes, c.index)
			}
		}
		err = errors.Join(err, ctx.Err())
	}
	s.writer.Lock()
	s.queue = nil
	s.writer.Unlock()
	return nil, 0, err
}

// awaitStamped returns once a list stamp has an index; the registry may be ahead
// of it for a moment.
func (s *Spaces) awaitStamped(ctx context.Context, index uint64) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.stamped() < index {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// counted passes entries on, counts their faces, and ends with ctx.
func (s *Spaces) counted(ctx context.Context, entries iter.Seq2[*watchlist.Entry, error]) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for e, err := range entries {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && e.Status == watchlist.StatusActive {
				s.report.done.Add(int64(len(e.Faces)))
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// retire waits for the searches in the space that was replaced, writes its last
// state and makes its files a past space, as of the index up to which it served.
// What can't be kept is removed: replays of its searches are refused then.
func (s *Spaces) retire(ctx context.Context) {
	defer s.leaving.Store(nil)
	l := s.leaving.Load()
	old := l.space
	select {
	case <-l.idle:
	case <-ctx.Done(): // the API has ended its searches before
	}
	s.writer.Lock()
	l.fed = false
	until := old.gallery.Applied()
	s.writer.Unlock()
	var err error
	if old.keeper != nil && !s.opt.Forget {
		saving, cancel := context.WithTimeout(ctx, saveTime)
		err = old.keeper.Save(saving)
		cancel()
	}
	if err := old.close(); err != nil { // it tries once more, for a few seconds
		s.opt.Logger.Error("close the replaced gallery", "error", err)
	}
	if old.keeper == nil {
		return
	}
	from, saved := s.folder(old.calib.Version()), old.keeper.KeptStats().Applied
	if s.opt.Forget {
		if err := os.RemoveAll(from); err != nil {
			s.opt.Logger.Error("the replaced gallery's files can't be removed", "error", err)
		}
		return
	}
	if saved == old.gallery.Applied() || err == nil && saved > 0 {
		if err = os.Rename(from, s.past.folder(past{until: until, version: old.calib.Version()})); err == nil {
			return
		}
	}
	s.opt.Logger.Error("the replaced gallery can't be kept; its searches can't be replayed on this node", "calibration", old.calib.Version(), "error", err)
	if err := os.RemoveAll(from); err != nil {
		s.opt.Logger.Error("old gallery files can't be removed", "error", err)
	}
}

// change is one call of Apply.
type change struct {
	changes []watchlist.Change
	index   uint64
}

// queue holds the changes after an index for a space that is being built.
type queue struct {
	after      uint64
	list       []change
	n          int
	overflowed bool
}

func (q *queue) add(changes []watchlist.Change, index uint64) {
	if len(changes) == 0 || index <= q.after || q.overflowed {
		return
	}
	if q.n += len(changes); q.n > maxQueued {
		q.list, q.overflowed = nil, true
		return
	}
	q.list = append(q.list, change{changes, index})
}

func (q *queue) take() []change {
	list := q.list
	q.list, q.n = nil, 0
	return list
}
