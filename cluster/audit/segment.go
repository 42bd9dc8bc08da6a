package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// recover brings a freshly made Log to the end of what is on disk, and returns
// the head file to write on.
func (l *Log) recover() (*headFile, error) {
	firsts, err := segments(l.dir)
	if err != nil {
		return nil, err
	}
	h, slot, err := readHead(l.dir, l.opt.Sealer)
	if err != nil {
		return nil, err
	}
	if len(firsts) > 0 && slot < 0 {
		return nil, &CorruptError{Segment: headName, Reason: "the head is missing"}
	}
	hf, err := openHead(l.dir, l.opt.Sealer, slot)
	if err != nil {
		return nil, err
	}
	if slot < 0 {
		// Before the first segment, so that no log ever lacks a head.
		if err := l.firstHead(hf); err != nil {
			return nil, errors.Join(err, hf.f.Close())
		}
	}
	if err := l.openTail(firsts, h); err != nil {
		return nil, errors.Join(err, hf.f.Close())
	}
	l.durable, l.tailOff = l.end, l.off
	return hf, nil
}

// firstHead fills both slots and makes the file itself durable.
func (l *Log) firstHead(hf *headFile) error {
	for range slots {
		if err := hf.write(position{hash: genesis()}); err != nil {
			return err
		}
	}
	return syncDir(l.dir)
}

// openTail verifies the last segment, cuts off a torn end, and opens it for
// writing; without any segment it begins the first.
func (l *Log) openTail(firsts []uint64, h head) error {
	torn := int64(0)
	for {
		if len(firsts) == 0 {
			if h.Count > 0 {
				return &CorruptError{Segment: headName, Seq: 1, Reason: fmt.Sprintf("the head knows %d events, the log is gone", h.Count)}
			}
			l.end = position{hash: genesis()}
			return l.begin(1)
		}
		first := firsts[len(firsts)-1]
		res, size, err := l.readLast(first)
		if err != nil {
			return err
		}
		if res.good > 0 {
			torn += size - res.good
			l.firsts = firsts
			return l.adopt(first, res, torn, h)
		}
		// Not even the header is whole: a power cut while the segment was begun.
		if first-1 < h.Count {
			return &CorruptError{Segment: segmentName(first), Seq: first, Reason: "the segment has no header"}
		}
		torn += size
		if err := os.Remove(segmentPath(l.dir, first)); err != nil {
			return fmt.Errorf("removing a torn audit segment: %w", err)
		}
		firsts = firsts[:len(firsts)-1]
	}
}

func (l *Log) readLast(first uint64) (scanResult, int64, error) {
	f, err := os.Open(segmentPath(l.dir, first))
	if err != nil {
		return scanResult{}, 0, fmt.Errorf("opening an audit segment: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return scanResult{}, 0, fmt.Errorf("reading an audit segment: %w", err)
	}
	res, err := readSegment(f, first, info.Size(), nil, l.opt.Sealer, nil)
	return res, info.Size(), err
}

// adopt takes a scanned segment over as the tail.
func (l *Log) adopt(first uint64, res scanResult, torn int64, h head) error {
	if err := checkHead(res.end, h, first, res.good); err != nil {
		return err
	}
	f, err := os.OpenFile(segmentPath(l.dir, first), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening an audit segment: %w", err)
	}
	if torn > 0 {
		l.opt.Logger.Warn("audit log: cut off an event that was never acknowledged", "bytes", torn, "last_event", res.end.seq)
		if err := errors.Join(f.Truncate(res.good), f.Sync()); err != nil {
			return errors.Join(fmt.Errorf("cutting a torn audit event: %w", err), f.Close())
		}
		l.cut = torn
	}
	l.setAside(f)
	l.f, l.end, l.off = f, res.end, res.good
	return nil
}

// checkHead holds the end of the log against the head.
func checkHead(end position, h head, segment uint64, off int64) error {
	if end.seq < h.Count {
		return &CorruptError{
			Segment: segmentName(segment), Offset: off, Seq: end.seq + 1,
			Reason: fmt.Sprintf("the log ends here or is damaged, but %d events were written", h.Count),
		}
	}
	if end.seq == h.Count && !bytes.Equal(end.hash, h.Hash) {
		return &CorruptError{Segment: segmentName(segment), Offset: off, Seq: end.seq, Reason: "the last event is not the one that the head names"}
	}
	return nil
}

// begin makes the segment that starts with event first, durable with its
// header, and makes it the tail.
func (l *Log) begin(first uint64) error {
	plain, err := encMode.Marshal(segmentHeader{First: first, Prev: l.end.hash, Node: l.opt.Node})
	if err != nil {
		return fmt.Errorf("encoding an audit segment header: %w", err)
	}
	sealed, err := l.opt.Sealer.Seal(plain, []byte(adSegment))
	if err != nil {
		return fmt.Errorf("sealing an audit segment header: %w", err)
	}
	buf := frame([]byte(magic), sealed)
	path := segmentPath(l.dir, first)
	f, err := l.make(path)
	if err != nil {
		return fmt.Errorf("making an audit segment: %w", diskError(err))
	}
	_, err = f.Write(buf)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = syncDir(l.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing an audit segment: %w", diskError(err)), f.Close(), os.Remove(path))
	}
	l.f, l.off = f, int64(len(buf))
	l.mu.Lock()
	l.firsts = append(l.firsts, first)
	l.tailOff = l.off
	l.mu.Unlock()
	return nil
}

// rotate closes the tail and begins the next segment.
func (l *Log) rotate() error {
	old := l.f
	if err := l.begin(l.end.seq + 1); err != nil {
		return err
	}
	if err := old.Close(); err != nil {
		l.opt.Logger.Warn("audit log: closing a segment failed", "error", err)
	}
	l.stockUp()
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("opening the audit folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing the audit folder: %w", err)
	}
	return nil
}
