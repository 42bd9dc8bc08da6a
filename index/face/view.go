package face

import (
	"vigie/index/face/codes"
	"vigie/watchlist"
)

// stampBits is how many changes at one raft index can be told apart: a stamp is
// a raft index and a number below it.
const stampBits = 20

// firstStamp and lastStamp are the stamps of the first and the last change that
// an index can have.
func firstStamp(index uint64) uint64 { return index << stampBits }
func lastStamp(index uint64) uint64  { return index<<stampBits | (1<<stampBits - 1) }

// view is one consistent state of the gallery. Nothing in it changes, save that
// rows die; stamp tells which deaths it has seen. Whoever reads rows through a
// view must keep it reachable until the last use: they lie outside the Go heap.
type view struct {
	sealed  []part // shared with other views
	tail    part   // seg is nil when there is none
	dim     int    // 0 before the first row
	stamp   uint64
	rows    int // of all parts
	live    int
	photos  int
	skipped int
	applied uint64
	oldest  uint64
}

// part is a segment and what the view covers of it.
type part struct {
	seg   *segment
	n     int
	mark  codes.Mark
	names []byte
}

// cover is a part of all rows that a segment has now.
func cover(s *segment) part {
	return part{seg: s, n: s.n, mark: s.codes.Mark(), names: s.names}
}

// parts lists the parts, oldest first.
func (v *view) parts() []part {
	if v.tail.n == 0 {
		return v.sealed
	}
	return append(v.sealed[:len(v.sealed):len(v.sealed)], v.tail)
}

// stampFor is the stamp whose rows answer a query as of a raft index; 0 asks for
// the newest.
// It fails with a *watchlist.HistoryError.
func (v *view) stampFor(asOf uint64) (uint64, error) {
	switch {
	case asOf == 0:
		return v.stamp, nil
	case asOf < v.oldest || asOf > v.applied:
		return 0, &watchlist.HistoryError{AsOf: asOf, Oldest: v.oldest, Newest: v.applied}
	}
	return min(v.stamp, lastStamp(asOf)), nil
}
