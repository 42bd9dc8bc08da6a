package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
)

// Files names what a Monitor and a Log make in their folders besides raft-wal's own
// files.
func Files() []string {
	return []string{reserveFile, probeFile, probeFile + ".new", markFile}
}

// Acknowledged gives the raft index up to which the log in dir, which no Log has
// open, has confirmed entries; 0 when that is not known.
func Acknowledged(dir string) (index uint64, err error) {
	f, err := os.Open(filepath.Join(dir, markFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("opening the log's mark: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return mark{f}.get()
}

// Verify checks an entry that lies in a log at index against its checksum, if it has
// one. The error wraps ErrCorrupt.
func Verify(l *raft.Log, index uint64) error { return verify(l, index) }
