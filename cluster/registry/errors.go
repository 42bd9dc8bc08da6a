package registry

import (
	"errors"
	"fmt"

	"vigie/watchlist"
)

var (
	// ErrCorrupt: a stored value does not open or decode, or the records do not
	// add up to the stored state hash. The error names the bucket, never the
	// content.
	ErrCorrupt = errors.New("registry is damaged or was written with another key")
	// ErrFormat: the file was written by a newer release; this one must not touch
	// it (D20).
	ErrFormat = errors.New("registry has a newer format than this release reads")
	// ErrApplied: Update was called with an index that is already applied.
	ErrApplied = errors.New("raft index is already applied")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("registry is closed")
)

func notFound(b bucket) error {
	return fmt.Errorf("registry bucket %s: %w", b.name, watchlist.ErrNotFound)
}

func corrupt(b bucket, cause error) error {
	return fmt.Errorf("registry bucket %s: %w: %w", b.name, ErrCorrupt, cause)
}
