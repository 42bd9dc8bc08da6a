package feed

import "errors"

// Reason names why bytes were not accepted: the reason that a feed is quarantined
// for. Reasons are stable.
type Reason string

// The reasons.
const (
	// Malformed: not in the format, cut off, changed, or beyond its limits.
	Malformed Reason = "malformed"
	// WrongFeed: of another feed, or of another kind.
	WrongFeed Reason = "wrong_feed"
	// BadSignature: no certified key has signed it.
	BadSignature Reason = "bad_signature"
	// KeyNotValid: signed by a key that is not, or no longer, certified for this
	// epoch, size or time of issue.
	KeyNotValid Reason = "key_not_valid"
	// OldCertificate: a certificate older than the one in force.
	OldCertificate Reason = "old_certificate"
	// OldEpoch: of an epoch that has ended.
	OldEpoch Reason = "old_epoch"
	// Rollback: smaller than what was accepted before.
	Rollback Reason = "rollback"
	// Replay: issued before the last accepted checkpoint.
	Replay Reason = "replay"
	// SplitView: contradicts a checkpoint that the same keys signed.
	SplitView Reason = "split_view"
	// Inconsistent: does not continue what was accepted before.
	Inconsistent Reason = "inconsistent"
	// Regressed: policy version, origin's index, oldest index or revision falls.
	Regressed Reason = "regressed"
	// Future: issued far ahead of this node's clock.
	Future Reason = "issued_in_future"
	// Flood: more than the receiver takes at once.
	Flood Reason = "too_much"
	// Gap: does not begin where the accepted leaves end.
	Gap Reason = "gap"
	// BeyondCheckpoint: leaves that no accepted checkpoint covers.
	BeyondCheckpoint Reason = "beyond_checkpoint"
	// RootMismatch: leaves missing, added, changed or in another order.
	RootMismatch Reason = "root_mismatch"
	// StateMismatch: the live records are not those that the checkpoint signs.
	StateMismatch Reason = "state_mismatch"
	// ForeignOrigin: a record of another country than the feed's origin.
	ForeignOrigin Reason = "foreign_origin"
	// BadRecord: a record that no origin could have written, or not all of what the
	// leaf says is shown.
	BadRecord Reason = "bad_record"
	// BadDigest: a body is not the one that the leaf commits to.
	BadDigest Reason = "bad_digest"
	// UnknownKey: encrypted with a content key that the receiver does not hold.
	UnknownKey Reason = "unknown_content_key"
	// NeedsState: leaves can't follow here; the state must be fetched (after a new
	// epoch that does not continue what was accepted).
	NeedsState Reason = "needs_state"
)

// Rejection says why bytes were not accepted. Nothing of them may be used.
type Rejection struct {
	Reason Reason
	// Detail is a few words for the log, never a value of the input.
	Detail string
}

// Error implements error.
func (r *Rejection) Error() string {
	if r.Detail == "" {
		return "feed: " + string(r.Reason)
	}
	return "feed: " + string(r.Reason) + " (" + r.Detail + ")"
}

func reject(r Reason, detail string) *Rejection { return &Rejection{Reason: r, Detail: detail} }

// ReasonOf gives the reason of an error of this package, "" for another error.
func ReasonOf(err error) Reason {
	var r *Rejection
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
