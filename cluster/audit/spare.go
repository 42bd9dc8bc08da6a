package audit

import (
	"errors"
	"os"
	"path/filepath"

	"vigie/cluster/disk"
)

// spareName is a file whose blocks are allocated already. It becomes the next
// segment by a rename, so on a full disk the log goes on for the rest of its
// segment and one more: no answer leaves without its event, and so searches go on
// as long. A file of its own, not freed space, which anybody could take.
const spareName = "spare"

// stockUp makes the spare unless it is there. It is best effort: without it the log
// ends earlier on a full disk.
func (l *Log) stockUp() {
	path := filepath.Join(l.dir, spareName)
	if st, err := os.Stat(path); err == nil && st.Size() == 0 {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		err = disk.Preallocate(f, l.opt.SegmentSize+maxOver)
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		l.opt.Logger.Warn("audit log: no room could be set aside", "error", err)
	}
}

// maxOver is how far a segment may grow past its size: one batch of events of
// everyday size.
const maxOver = 1 << 20

// make gives the file of a new segment, from the spare if there is one.
func (l *Log) make(path string) (*os.File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, os.ErrExist
	}
	spare := filepath.Join(l.dir, spareName)
	if st, err := os.Stat(spare); err == nil && st.Size() == 0 {
		if err := os.Rename(spare, path); err == nil {
			return os.OpenFile(path, os.O_RDWR, 0)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		l.setAside(f)
	}
	return f, err
}

// setAside gives the segment that is written its blocks, as far as there are.
func (l *Log) setAside(f *os.File) {
	if err := disk.Preallocate(f, l.opt.SegmentSize+maxOver); err != nil {
		l.opt.Logger.Warn("audit log: no room could be set aside", "error", err)
	}
}
