package spaces

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"

	"vigie/models"
	"vigie/watchlist"
)

// maxPast is how many past spaces are kept at most.
const maxPast = 4

// pastRE is the name of a past space's folder: up to which raft index it served,
// and its version.
var pastRE = regexp.MustCompile(`^past-([0-9]{1,20})-([a-z0-9][a-z0-9-]{0,63})$`)

// past is a space that served up to a raft index.
type past struct {
	until   uint64
	version string
}

func parsePast(name string) (past, bool) {
	m := pastRE.FindStringSubmatch(name)
	if m == nil {
		return past{}, false
	}
	until, err := strconv.ParseUint(m[1], 10, 64)
	return past{until, m[2]}, err == nil
}

// leaving is a space that was replaced.
type leaving struct {
	space *space
	// idle is closed when the last search in it has ended; until then it is fed
	// with changes. writer guards fed.
	idle <-chan struct{}
	fed  bool
}

// pastSpaces are the folders of past spaces.
type pastSpaces struct {
	dir string
	// turn holds one token while a past space is loaded or removed: each takes as
	// much memory as the list.
	turn chan struct{}
	// due is the raft index after which the oldest of them must go, 0 for none.
	due atomic.Uint64
}

func (p *pastSpaces) folder(x past) string {
	return filepath.Join(p.dir, fmt.Sprintf("past-%d-%s", x.until, x.version))
}

// list gives the past spaces, the oldest first.
func (p *pastSpaces) list() []past {
	names, err := os.ReadDir(p.dir)
	if err != nil {
		return nil
	}
	var out []past
	for _, n := range names {
		if x, ok := parsePast(n.Name()); ok {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b past) int {
		if a.until < b.until {
			return -1
		}
		return 1
	})
	return out
}

// prune removes the past spaces that lie before what a replay can reach, and the
// oldest beyond maxPast.
func (p *pastSpaces) prune(applied, history uint64, log *slog.Logger) {
	list, due := p.list(), uint64(0)
	for i, x := range list {
		if len(list)-i <= maxPast && (history == 0 || x.until+history >= applied) {
			if due == 0 && history > 0 {
				due = x.until + history
			}
			continue
		}
		p.turn <- struct{}{}
		err := os.RemoveAll(p.folder(x))
		<-p.turn
		if err != nil {
			log.Error("a past gallery can't be removed", "error", err)
		}
	}
	p.due.Store(due)
}

// overdue tells once that the list has reached an index at which a past space
// must go.
func (p *pastSpaces) overdue(index uint64) bool {
	due := p.due.Load()
	return due > 0 && index > due && p.due.CompareAndSwap(due, 0)
}

// Replay searches an earlier list in the space that its searches were made in:
// that of the calibration which is asked for, else the one that this node served
// with at that index. It fails with a *watchlist.CalibrationError when the node
// does not hold that space any more.
func (s *Spaces) Replay(ctx context.Context, q watchlist.ReplayQuery) (*watchlist.Replay, error) {
	sp, m, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer sp.uses.leave()
	wanted := func(x past) bool {
		return x.until >= q.AsOf && (q.Calibration == "" || q.Calibration == x.version)
	}
	last := s.leaving.Load() // before the list, which has it when it is gone here
	for _, x := range s.past.list() {
		if wanted(x) {
			return s.replayPast(ctx, q, x)
		}
	}
	if last != nil && wanted(past{last.space.gallery.Applied(), last.space.calib.Version()}) {
		return (*last.space.match.Load()).Replay(ctx, q)
	}
	used, want := sp.calib.Version(), q.Calibration
	lost := false
	if want == "" {
		want = used
		// Nothing of that time is kept here: the history tells what was in force.
		if v := watchlist.CalibrationAsOf(*s.history.Load(), q.AsOf); v != "" {
			want = v
		}
		lost = q.AsOf <= s.since.Load() && s.since.Load() > 0
	}
	if want != used || lost {
		return nil, &watchlist.CalibrationError{Version: want, Known: s.known(want)}
	}
	return m.Replay(ctx, q)
}

// known tells whether a version is one of the history.
func (s *Spaces) known(version string) bool {
	return version == s.shipped.Version() || slices.ContainsFunc(*s.history.Load(), func(d watchlist.CalibrationDecision) bool { return d.Version == version })
}

// replayPast loads a past space for one replay and lets it go.
func (s *Spaces) replayPast(ctx context.Context, q watchlist.ReplayQuery, x past) (*watchlist.Replay, error) {
	select {
	case s.past.turn <- struct{}{}:
		defer func() { <-s.past.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("replay: wait for a past gallery: %w", ctx.Err())
	}
	gone := &watchlist.CalibrationError{Version: x.version, Known: true}
	c, err := s.pastCalibration(ctx, x.version)
	if err != nil {
		s.opt.Logger.Error("the calibration of a past gallery can't be read", "calibration", x.version, "error", err)
		return nil, gone
	}
	id := s.registry.Load()
	if id == nil {
		return nil, gone
	}
	sp := s.newSpace(c, s.past.folder(x))
	sp.recall(*id)
	defer func() { _ = sp.close() }() // it was read only
	if sp.gallery.Applied() == 0 {
		return nil, gone // it was of another registry, or damaged; the log says which
	}
	// Up to there no entry changed that its files do not show.
	if sp.gallery.Applied() < x.until {
		if err := sp.gallery.Apply(nil, x.until); err != nil {
			return nil, err
		}
	}
	m, err := s.matcher(c, sp.gallery)
	if err != nil {
		return nil, err
	}
	return m.Replay(ctx, q)
}

// pastCalibration reads a calibration of the history.
func (s *Spaces) pastCalibration(ctx context.Context, version string) (*models.Calibration, error) {
	if version == s.shipped.Version() {
		return s.shipped, nil
	}
	for _, d := range *s.history.Load() {
		if d.Version == version {
			b, err := s.files.Get(ctx, d.File)
			if err != nil {
				return nil, err
			}
			return s.fitting(b, version)
		}
	}
	return nil, errors.New("it is not in the history")
}
