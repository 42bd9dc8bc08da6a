package watchlist

import "errors"

// Errors that cross package borders; wrap them with %w.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrNoLeader: the node sees no leader with a quorum, so it can't write or
	// read linearizably. Matching goes on.
	ErrNoLeader = errors.New("no leader")
	// ErrTooLarge: a command would exceed 64 KiB in the log.
	ErrTooLarge = errors.New("too large for one log entry")
	// ErrOutcomeUnknown: the command may or may not have been committed; send it
	// again with the same idempotency key.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrOverloaded: the queue is full; try again later.
	ErrOverloaded = errors.New("overloaded")
	// ErrDiverged: the node's state is known to differ from that of the majority, so
	// it takes no writes; another node does.
	ErrDiverged = errors.New("this node's state differs from the majority's")
	// ErrDiskFull: the node's disk has no room for a write.
	ErrDiskFull = errors.New("disk full")
	// ErrDiskStuck: the node's disk does not answer, so no write can be promised.
	// Nothing was written for this request. Matching goes on.
	ErrDiskStuck = errors.New("the disk does not answer")
	// ErrNotReplicated: a blob is on this node's disk, but a majority of the
	// voters could not be reached; put it again later.
	ErrNotReplicated = errors.New("blob is not on a majority of the voters")
)
