package command

import "vigie/watchlist"

// Kind is the type of a command's body. Values are never reused.
type Kind uint8

// The kinds of command.
const (
	KindEntryPut      Kind = 1
	KindEntryBatch    Kind = 2
	KindBatchUndo     Kind = 3
	KindUserPut       Kind = 4
	KindSessionPut    Kind = 5
	KindSessionDrop   Kind = 6
	KindAPIKeyPut     Kind = 7
	KindMemberPut     Kind = 8
	KindMemberDrop    Kind = 9
	KindTokenPut      Kind = 10
	KindTokenBurn     Kind = 11
	KindClusterSetup  Kind = 12
	KindCalibration   Kind = 13
	KindReportPut     Kind = 14
	KindReportUndo    Kind = 15
	KindFamilyPropose Kind = 16
	KindFamilyReview  Kind = 17
)

// Op says what an EntryPut does, for the audit and for the precondition.
type Op string

// The operations of EntryPut.
const (
	OpCreate     Op = "create"
	OpReplace    Op = "replace"
	OpPatch      Op = "patch"
	OpWithdraw   Op = "withdraw"
	OpFaceAdd    Op = "face_add"
	OpFaceRemove Op = "face_remove"
)

// Envelope is one replicated command.
type Envelope struct {
	// Format is the version of the body's encoding, MinReader the oldest
	// reader version that may apply it.
	Format    uint16 `cbor:"1,keyasint"`
	MinReader uint16 `cbor:"2,keyasint"`
	Kind      Kind   `cbor:"3,keyasint"`
	// Time is stamped by the leader: Unix milliseconds, never falling.
	Time int64 `cbor:"4,keyasint"`
	// Actor is the principal's id.
	Actor string `cbor:"5,keyasint"`
	// IdemKey is the client's idempotency key, "" for none; it is scoped by
	// Actor and kept 24 hours of stamped time. IdemHash is the SHA-256 of the
	// client's request: the same key with another hash is refused.
	IdemKey  string `cbor:"6,keyasint,omitempty"`
	IdemHash []byte `cbor:"7,keyasint,omitempty"`
	Body     Body   `cbor:"-"`
	// Raw is the encoded body.
	Raw []byte `cbor:"8,keyasint"`
}

// Body is the payload of a command: one of the structs below.
type Body interface{ Kind() Kind }

// EntryPut writes one whole entry if the stored revision is IfRevision (0: the
// entry must not exist). Apply sets Revision, CreatedAt, UpdatedAt and the
// AddedAt of new faces.
type EntryPut struct {
	Op         Op              `cbor:"1,keyasint"`
	Entry      watchlist.Entry `cbor:"2,keyasint"`
	IfRevision uint64          `cbor:"3,keyasint"`
}

// EntryBatch writes entries of one import batch; each item stands alone.
// Several commands may carry the same Batch.
type EntryBatch struct {
	Batch watchlist.BatchID `cbor:"1,keyasint"`
	Label string            `cbor:"2,keyasint"`
	Items []EntryPut        `cbor:"3,keyasint"`
}

// BatchUndo withdraws the entries that a batch created and puts back the
// earlier version of those it changed, unless they were changed since.
type BatchUndo struct {
	Batch  watchlist.BatchID `cbor:"1,keyasint"`
	Reason string            `cbor:"2,keyasint"`
}

// UserPut creates or replaces an account. Create demands that the login is
// free.
type UserPut struct {
	User   watchlist.User `cbor:"1,keyasint"`
	Create bool           `cbor:"2,keyasint"`
}

// SessionPut stores a session.
type SessionPut struct {
	Session watchlist.Session `cbor:"1,keyasint"`
}

// SessionDrop ends a session, or every session of User when TokenHash is "".
type SessionDrop struct {
	TokenHash string           `cbor:"1,keyasint"`
	User      watchlist.UserID `cbor:"2,keyasint"`
}

// APIKeyPut creates or replaces an API key; revoking puts it with Revoked set.
type APIKeyPut struct {
	Key watchlist.APIKey `cbor:"1,keyasint"`
}

// MemberPut records a node.
type MemberPut struct {
	Member watchlist.Member `cbor:"1,keyasint"`
}

// MemberDrop removes a node's record; its certificate is refused from then on.
type MemberDrop struct {
	ID watchlist.NodeID `cbor:"1,keyasint"`
}

// TokenPut registers a single-use join token by the SHA-256 of its secret.
type TokenPut struct {
	Hash      []byte             `cbor:"1,keyasint"`
	Role      watchlist.NodeRole `cbor:"2,keyasint"`
	ExpiresAt int64              `cbor:"3,keyasint"`
}

// TokenBurn uses a join token and records the node that it admits, in one step.
type TokenBurn struct {
	Hash   []byte           `cbor:"1,keyasint"`
	Member watchlist.Member `cbor:"2,keyasint"`
}

// ClusterSetup is the first command of a cluster: its id, its origin and its
// certificate authority (the key sealed under the cluster key).
type ClusterSetup struct {
	ClusterID string           `cbor:"1,keyasint"`
	Origin    watchlist.Origin `cbor:"2,keyasint"`
	CACert    []byte           `cbor:"3,keyasint"`
	CAKey     []byte           `cbor:"4,keyasint"`
}

// CalibrationPut puts a calibration in force if the one in force is IfVersion
// ("": none was recorded). The file travels as a blob: it is on a majority of
// the voters before the command is proposed.
type CalibrationPut struct {
	// Version, Model, File, Reason and Shipped are as in
	// watchlist.CalibrationDecision.
	Version   string           `cbor:"1,keyasint"`
	Model     string           `cbor:"2,keyasint"`
	File      watchlist.BlobID `cbor:"3,keyasint"`
	IfVersion string           `cbor:"4,keyasint"`
	Reason    string           `cbor:"5,keyasint"`
	Shipped   bool             `cbor:"6,keyasint,omitempty"`
}

// Kind implements Body.
func (EntryPut) Kind() Kind { return KindEntryPut }

// Kind implements Body.
func (EntryBatch) Kind() Kind { return KindEntryBatch }

// Kind implements Body.
func (BatchUndo) Kind() Kind { return KindBatchUndo }

// Kind implements Body.
func (UserPut) Kind() Kind { return KindUserPut }

// Kind implements Body.
func (SessionPut) Kind() Kind { return KindSessionPut }

// Kind implements Body.
func (SessionDrop) Kind() Kind { return KindSessionDrop }

// Kind implements Body.
func (APIKeyPut) Kind() Kind { return KindAPIKeyPut }

// Kind implements Body.
func (MemberPut) Kind() Kind { return KindMemberPut }

// Kind implements Body.
func (MemberDrop) Kind() Kind { return KindMemberDrop }

// Kind implements Body.
func (TokenPut) Kind() Kind { return KindTokenPut }

// Kind implements Body.
func (TokenBurn) Kind() Kind { return KindTokenBurn }

// Kind implements Body.
func (ClusterSetup) Kind() Kind { return KindClusterSetup }

// Kind implements Body.
func (CalibrationPut) Kind() Kind { return KindCalibration }
