package matcher

import (
	"math"
	"slices"
	"strconv"

	"vigie/watchlist"
)

const (
	// NameThreshold is the least score of a name comparison, 0 to 1, that brings
	// an entry into the candidate list by its name. DESIGN.md, section 3, has what
	// it was measured to cost and to find.
	NameThreshold = 0.78
	// weakNameLLR caps what a weak alias may add.
	weakNameLLR = 1.0
	// undecided is the |LLR| up to which a face comparison says nothing.
	undecided = 0.3
)

// The reason codes of face evidence.
const (
	// CodeFaceReached: the score reaches the operating point.
	CodeFaceReached = "face_threshold_reached"
	// CodeFaceReachedLow: so does one against a reference of low quality, for which
	// the threshold is stricter.
	CodeFaceReachedLow = "face_low_quality_threshold_reached"
	// CodeFaceShortOfLow: a reference of low quality reaches the threshold of
	// others, but not its own.
	CodeFaceShortOfLow = "face_low_quality_threshold_missed"
	// CodeFaceAlike: below it, but rather alike.
	CodeFaceAlike = "face_alike"
	// CodeFaceUndecided: the comparison says nothing either way.
	CodeFaceUndecided = "face_undecided"
	// CodeFaceUnlike: speaks against the entry.
	CodeFaceUnlike = "face_unlike"
)

// Admission says by what an entry came into the candidate list.
type Admission struct {
	// Face: the face score reaches the operating point.
	Face bool
	// Name: a primary name or good alias reaches NameThreshold. A weak alias
	// admits nobody.
	Name bool
	// Document: the number is the same, or near; Exact tells the same.
	Document, Exact bool
}

func (a Admission) any() bool { return a.Face || a.Name || a.Document }

// compare draws up the evidence between the probe and an entry: one line for
// each thing that both know. What either does not know says nothing.
func (q *query) compare(s *suspect) ([]watchlist.Evidence, Admission) {
	by := Admission{Document: s.byDocument, Exact: s.exact}
	var out []watchlist.Evidence
	add := func(ev watchlist.Evidence, ok bool) {
		if ok && ev.Code != "" {
			out = append(out, ev)
		}
	}
	if s.face != nil {
		var ev watchlist.Evidence
		ev, by.Face = q.faceEvidence(*s.face)
		add(ev, true)
	}
	p, e, compare := q.probe, s.entry, q.m.compare
	if ev, weak, ok := q.compareNames(e); ok {
		by.Name = !weak && ev.Score >= NameThreshold
		add(ev, true)
	}
	if p.Birth != (watchlist.Birth{}) && len(e.Births) > 0 {
		add(compare.birth(p.Birth, e.Births))
	}
	if p.Sex != "" && e.Sex != "" {
		add(compare.sex(p.Sex, e.Sex))
	}
	if p.Nationality != "" && len(e.Nationalities) > 0 {
		add(compare.nationality(p.Nationality, e.Nationalities))
	}
	if len(p.Documents) > 0 && len(e.Documents) > 0 {
		add(compare.document(p.Documents, e.Documents))
	}
	slices.SortStableFunc(out, func(a, b watchlist.Evidence) int {
		switch x, y := math.Abs(a.LLR), math.Abs(b.LLR); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return out, by
}

// compareNames compares the probe's names with the entry's; weak tells that a
// weak alias is what fits best, and no other name well. A weak alias counts for
// little and admits nobody.
func (q *query) compareNames(e *watchlist.Entry) (ev watchlist.Evidence, weak, ok bool) {
	if len(q.probe.Names) == 0 {
		return ev, false, false
	}
	if ev, ok = q.names(e.Names); !ok || !isWeak(ev) {
		return ev, false, ok
	}
	var good []watchlist.Name
	var at []string // their place in e.Names
	for i, n := range e.Names {
		if n.Kind != watchlist.NameWeak {
			good, at = append(good, n), append(at, strconv.Itoa(i))
		}
	}
	if len(good) > 0 {
		if g, found := q.names(good); found && g.Score >= NameThreshold {
			if i, err := strconv.Atoi(g.Params["name"]); err == nil && i < len(at) {
				g.Params["name"] = at[i]
			}
			return g, false, true
		}
	}
	ev.LLR = min(ev.LLR, weakNameLLR)
	ev.Reason += " Il s'agit d'un alias peu fiable."
	return ev, true, true
}

// isWeak reports whether name evidence rests on a weak alias.
func isWeak(ev watchlist.Evidence) bool { return ev.Params["kind"] == string(watchlist.NameWeak) }
