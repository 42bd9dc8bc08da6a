package audit

import (
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"

	"vigie/watchlist"
)

// write is the writer goroutine.
func (l *Log) write() {
	batch := make([]request, 0, maxBatch)
	for {
		batch = batch[:0]
		select {
		case r := <-l.reqs:
			batch = append(batch, r)
		case <-l.stop:
			select {
			case r := <-l.reqs: // queued before Close
				batch = append(batch, r)
			default:
				close(l.headWake)
				return
			}
		}
	more:
		for len(batch) < maxBatch {
			select {
			case r := <-l.reqs:
				batch = append(batch, r)
			default:
				break more
			}
		}
		l.commit(batch)
	}
}

// commit writes a batch, syncs, and answers every request in it.
func (l *Log) commit(batch []request) {
	defer func() {
		if v := recover(); v != nil {
			l.opt.Logger.Error("audit log: writer panicked", "stack", string(debug.Stack()))
			l.fail(errors.New("audit log: writer panicked"))
			answer(batch, response{err: errors.New("audit log: writer panicked")})
		}
	}()
	l.mu.RLock()
	broken := l.broken
	l.mu.RUnlock()
	if broken != nil {
		answer(batch, response{err: broken})
		return
	}
	if l.off >= l.opt.SegmentSize {
		if err := l.rotate(); err != nil {
			answer(batch, response{err: err})
			return
		}
	}
	buf, next, seqs := l.encode(batch)
	if err := l.store(buf); err != nil {
		answer(batch, response{err: err})
		return
	}
	l.end = next
	l.off += int64(len(buf))
	l.mu.Lock()
	l.durable, l.tailOff = l.end, l.off
	l.mu.Unlock()
	for i, r := range batch {
		r.done <- seqs[i]
	}
	select {
	case l.headWake <- struct{}{}:
	default:
	}
}

func answer(batch []request, resp response) {
	for _, r := range batch {
		select {
		case r.done <- resp:
		default: // answered before a panic
		}
	}
}

// encode chains, seals and frames a batch. An event that can't be encoded gets
// its own error and no number.
func (l *Log) encode(batch []request) ([]byte, position, []response) {
	var buf []byte
	at := l.end
	out := make([]response, len(batch))
	for i, r := range batch {
		ev := r.ev
		ev.Seq, ev.Prev = at.seq+1, at.hash
		ev.Time = max(at.time, l.opt.Now().UnixMilli())
		plain, err := encMode.Marshal(ev)
		if err != nil {
			out[i].err = fmt.Errorf("encoding an audit event: %w", err)
			continue
		}
		sealed, err := l.opt.Sealer.Seal(plain, []byte(adEvent))
		if err != nil {
			out[i].err = fmt.Errorf("sealing an audit event: %w", err)
			continue
		}
		if len(sealed) > maxRecord {
			out[i].err = fmt.Errorf("audit event: %w", watchlist.ErrTooLarge)
			continue
		}
		buf = frame(buf, sealed)
		at = position{seq: ev.Seq, hash: chain(at.hash, plain), time: ev.Time}
		out[i].seq = ev.Seq
	}
	return buf, at, out
}

// store appends bytes and syncs them. When that fails, what was written is cut off
// again, and the cut synced, before anything else: after a failed sync nobody knows
// what the disk holds beyond off, and what lies before it was synced earlier.
func (l *Log) store(buf []byte) error {
	if err := l.settle(); err != nil {
		return err
	}
	end := l.opt.Watch(true)
	err := l.put(buf)
	end(err)
	if err == nil {
		return nil
	}
	l.unsettled = true
	if serr := l.settle(); serr != nil {
		l.opt.Logger.Error("audit log: an unfinished event could not be taken back yet", "error", serr)
	}
	return err
}

func (l *Log) put(buf []byte) error {
	if _, err := l.f.WriteAt(buf, l.off); err != nil {
		return fmt.Errorf("writing audit events: %w", diskError(err))
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("syncing audit events: %w", diskError(err))
	}
	return nil
}

// settle takes back what a failed write left.
func (l *Log) settle() error {
	if !l.unsettled {
		return nil
	}
	end := l.opt.Watch(true)
	err := errors.Join(l.f.Truncate(l.off), l.f.Sync())
	end(err)
	if err != nil {
		return fmt.Errorf("taking audit events back: %w", diskError(err))
	}
	l.unsettled = false
	l.setAside(l.f)
	return nil
}

func (l *Log) fail(err error) {
	l.mu.Lock()
	if l.broken == nil {
		l.broken = fmt.Errorf("audit log is out of service until a restart: %w", err)
	}
	l.mu.Unlock()
}

// writeHeads keeps the head file behind the log, beside the writer so that no
// Append waits for it.
func (l *Log) writeHeads(hf *headFile) {
	for range l.headWake {
		l.writeHead(hf)
	}
	l.writeHead(hf)
	if err := hf.f.Close(); err != nil {
		l.opt.Logger.Warn("audit log: closing the head failed", "error", err)
	}
}

func (l *Log) writeHead(hf *headFile) {
	l.mu.RLock()
	p := l.durable
	l.mu.RUnlock()
	if err := hf.write(p); err != nil {
		l.opt.Logger.Error("audit log: the head could not be written", "error", err)
	}
}

// diskError adds watchlist.ErrDiskFull to errors that mean it.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(watchlist.ErrDiskFull, err)
	}
	return err
}
