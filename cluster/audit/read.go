package audit

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sort"

	"vigie/watchlist"
)

// MaxRead is the most events that one Read returns.
const MaxRead = 10_000

// Read returns at most limit durable events from number from on, in order; 0
// means 1. limit is bounded by MaxRead. An empty result means that there are no
// later events.
func (l *Log) Read(from uint64, limit int) ([]watchlist.AuditEvent, error) {
	from = max(from, 1)
	limit = min(limit, MaxRead)
	l.mu.RLock()
	last, tail := l.durable.seq, l.tailOff
	firsts := append([]uint64(nil), l.firsts...)
	l.mu.RUnlock()
	var out []watchlist.AuditEvent
	for from <= last && len(out) < limit {
		i := sort.Search(len(firsts), func(i int) bool { return firsts[i] > from }) - 1
		if i < 0 {
			return nil, &CorruptError{Segment: segmentName(1), Seq: from, Reason: "the segment is missing"}
		}
		end := last
		size := tail
		if i+1 < len(firsts) {
			end, size = firsts[i+1]-1, -1
		}
		n := min(uint64(limit-len(out)), end-from+1)
		part, err := l.readPart(firsts[i], size, from, n)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
		from += uint64(len(part))
	}
	return out, nil
}

// readPart reads n events from number from on out of one segment; size -1 means
// all of the file.
func (l *Log) readPart(first uint64, size int64, from, n uint64) ([]watchlist.AuditEvent, error) {
	f, err := os.Open(segmentPath(l.dir, first))
	if err != nil {
		return nil, fmt.Errorf("opening an audit segment: %w", err)
	}
	defer f.Close()
	if size < 0 {
		info, err := f.Stat()
		if err != nil {
			return nil, fmt.Errorf("reading an audit segment: %w", err)
		}
		size = info.Size()
	}
	s := newScanner(f, segmentName(first), size)
	bad := func(seq uint64, why string) error {
		return &CorruptError{Segment: s.name, Offset: s.off, Seq: seq, Reason: why}
	}
	if err := s.magic(); err != nil {
		return nil, bad(first, "the segment has no header")
	}
	for range from - first + 1 { // the header, then the events before from
		if err := s.skip(); err != nil {
			return nil, bad(from, err.Error())
		}
	}
	out := make([]watchlist.AuditEvent, 0, n)
	for seq := from; seq < from+n; seq++ {
		sealed, err := s.next()
		if err != nil {
			return nil, bad(seq, err.Error())
		}
		plain, err := l.opt.Sealer.Open(sealed, []byte(adEvent))
		if err != nil {
			return nil, bad(seq, "the event's seal is broken")
		}
		var ev watchlist.AuditEvent
		if err := decMode.Unmarshal(plain, &ev); err != nil {
			return nil, bad(seq, "the event is unreadable")
		}
		if ev.Seq != seq {
			return nil, bad(seq, "events were dropped, repeated or reordered")
		}
		out = append(out, ev)
	}
	return out, nil
}

// Report is what Verify found in a sound log.
type Report struct {
	Segments int
	// Events is how many events the log holds, which is also the last number.
	Events uint64
	// Head is the chain hash of the last event, hexadecimal.
	Head string
	// HeadCount is how many events the head file vouches for: Events, or a few
	// less while a log is being written or after a power cut.
	HeadCount uint64
	// LastTime is when the last event happened, Unix milliseconds.
	LastTime int64
	// TornBytes is the length of an unfinished record at the very end, which was
	// never acknowledged.
	TornBytes int64
}

// Verify reads a whole log and checks every seal, number and hash, that the
// segments join without a gap, that the first event is number 1, and that no
// event which the head vouches for is missing. Damage is a *CorruptError. The
// log may be in use.
func Verify(dir string, o Opener) (Report, error) {
	return Walk(dir, o, nil)
}

// Walk is Verify, and calls visit with each event once it is checked. An error
// of visit ends it.
func Walk(dir string, o Opener, visit func(watchlist.AuditEvent) error) (Report, error) {
	var rep Report
	// The head first: while the log grows, it must not run ahead of what is read.
	h, slot, err := readHead(dir, o)
	if err != nil {
		return rep, err
	}
	if slot < 0 {
		return rep, &CorruptError{Segment: headName, Reason: "the head is missing"}
	}
	rep.HeadCount = h.Count
	firsts, err := segments(dir)
	if err != nil {
		return rep, err
	}
	at := position{hash: genesis()}
	off := int64(0)
	for i, first := range firsts {
		res, size, err := verifySegment(dir, first, at, o, visit)
		if err != nil {
			return rep, err
		}
		if res.torn && i+1 < len(firsts) {
			return rep, &CorruptError{Segment: segmentName(first), Offset: res.good, Seq: res.end.seq + 1, Reason: "the segment is damaged and is not the last"}
		}
		if res.torn {
			rep.TornBytes = size - res.good
		}
		if res.good > 0 {
			at, off = res.end, res.good
		}
		rep.Segments++
	}
	last := uint64(1)
	if len(firsts) > 0 {
		last = firsts[len(firsts)-1]
	}
	if err := checkHead(at, h, last, off); err != nil {
		return rep, err
	}
	rep.Events, rep.Head, rep.LastTime = at.seq, hex.EncodeToString(at.hash), at.time
	return rep, nil
}

func verifySegment(dir string, first uint64, at position, o Opener, visit func(watchlist.AuditEvent) error) (scanResult, int64, error) {
	f, err := os.Open(segmentPath(dir, first))
	if err != nil {
		return scanResult{}, 0, fmt.Errorf("opening an audit segment: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return scanResult{}, 0, fmt.Errorf("reading an audit segment: %w", err)
	}
	if first != at.seq+1 {
		return scanResult{}, 0, &CorruptError{Segment: segmentName(first), Seq: at.seq + 1, Reason: "events before this segment are missing"}
	}
	res, err := readSegment(f, first, size, &at, o, visit)
	return res, size, err
}
