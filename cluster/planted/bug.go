package planted

// Bug is one planted fault.
type Bug int

// The faults.
const (
	// NoFsync: the raft log acknowledges what is not on the disk.
	NoFsync Bug = iota + 1
	// ClockInApply: Apply reads the node's clock.
	ClockInApply
	// MapOrder: the items of a batch are applied in the order of a map.
	MapOrder
	// NoTermCheck: a linearizable read does not ask a majority for its term.
	NoTermCheck
	// DroppedTombstone: the indexes are not told of withdrawals.
	DroppedTombstone
	// Rollback: a start takes the state back to the last snapshot.
	Rollback
	// ShortSnapshot: a snapshot lacks one entry, and its sums hide that.
	ShortSnapshot
	// NoDedup: idempotency keys are not looked up.
	NoDedup
	// RestoreKeeps: restoring a snapshot leaves records of the old state behind.
	RestoreKeeps
	// EarlyCursor: the position is published before the command is applied.
	EarlyCursor
)
