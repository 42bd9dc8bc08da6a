package spaces

import (
	"errors"
	"sync"
	"sync/atomic"

	"vigie/models"
	"vigie/watchlist"
)

// errNoFile: no node that answers has the file.
var errNoFile = errors.New("no node that answers has the file")

// State says how a node stands to the calibration in force.
type State string

// The states.
const (
	// Current: the node compares by the calibration in force.
	Current State = "current"
	// Changing: it builds the gallery of that calibration; the earlier one serves.
	Changing State = "changing"
	// NoFile: it can't get the file, Unusable: it can't use it, OtherModel: its
	// engine makes templates of another model, Failed: building failed. It goes on
	// with the earlier calibration and tries again.
	NoFile     State = "no_file"
	Unusable   State = "unusable_file"
	OtherModel State = "other_model"
	Failed     State = "failed"
)

// Status is how this node stands to the calibration in force.
type Status struct {
	State State
	// InForce is the version that was decided; without a decision it is that of
	// this release. Used is what the node compares with now, Shipped what this
	// release brought.
	InForce, Used, Shipped string
	// Done of Total templates are projected, while State is Changing.
	Done, Total int64
	// Changes and Failures count since the start.
	Changes, Failures uint64
	// History holds the decisions on templates of this engine's kind, All those on
	// any, oldest first.
	History, All []watchlist.CalibrationDecision
}

// reporter remembers how the last change went.
type reporter struct {
	done              atomic.Int64
	changes, failures atomic.Uint64

	mu    sync.Mutex // guards the fields below
	state State
	told  State // the failure that was logged last, "" for none since the last success
	total int64
}

func (r *reporter) set(s State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state = s; s == Current {
		r.told = ""
	}
}

func (r *reporter) current() { r.set(Current) }

func (r *reporter) begin(total int64) {
	r.done.Store(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total = total
	if r.state == "" || r.state == Current {
		r.state = Changing
	}
}

func (r *reporter) changed() {
	r.changes.Add(1)
	r.set(Current)
}

// failed notes why a change failed and reports whether that is news.
func (r *reporter) failed(err error) bool {
	r.failures.Add(1)
	state := Failed
	switch {
	case errors.Is(err, errOvertaken):
		state = Changing
	case errors.Is(err, errNoFile):
		state = NoFile
	case errors.Is(err, errUnusable):
		state = Unusable
	case errors.Is(err, errOtherModel):
		state = OtherModel
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	news := state != Changing && state != r.told
	if r.state = state; news {
		r.told = state
	}
	return news
}

// Status reports from memory and never blocks for long.
func (s *Spaces) Status() Status {
	history := *s.history.Load()
	st := Status{
		State: Current, InForce: s.target(history).version, Shipped: s.shipped.Version(),
		Changes: s.report.changes.Load(), Failures: s.report.failures.Load(), History: history, All: *s.all.Load(),
	}
	sp := s.cur.Load()
	if sp == nil {
		return st
	}
	if st.Used = sp.calib.Version(); st.Used == st.InForce {
		return st
	}
	s.report.mu.Lock()
	defer s.report.mu.Unlock()
	if st.State = s.report.state; st.State == Current || st.State == "" {
		st.State = Changing // it is about to begin
	}
	st.Done, st.Total = s.report.done.Load(), s.report.total
	return st
}

// Used is the version that the node compares with now, "" before the start.
func (s *Spaces) Used() string {
	if sp := s.cur.Load(); sp != nil {
		return sp.calib.Version()
	}
	return ""
}

// Calibration is what the node compares with now.
func (s *Spaces) Calibration() *models.Calibration {
	if sp := s.cur.Load(); sp != nil {
		return sp.calib
	}
	return s.shipped
}
