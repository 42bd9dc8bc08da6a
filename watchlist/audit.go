package watchlist

// AuditKind is what happened.
type AuditKind string

// The kinds of audit event.
const (
	AuditSearch  AuditKind = "search"
	AuditRead    AuditKind = "read"
	AuditWrite   AuditKind = "write"
	AuditLogin   AuditKind = "login"
	AuditLogout  AuditKind = "logout"
	AuditPolicy  AuditKind = "policy"
	AuditExport  AuditKind = "export"
	AuditCluster AuditKind = "cluster"
	AuditDenied  AuditKind = "denied"
)

// AuditEvent is one line of the node's audit log: who did what, when, why, and
// which list was seen. It holds no name, template, photo or document number of
// a traveller; entries are named by id.
type AuditEvent struct {
	// Seq, Prev and Time are set by the log: a count from 1, the hash of the
	// event before, and Unix milliseconds.
	Seq  uint64 `json:"seq" cbor:"1,keyasint"`
	Prev []byte `json:"prev" cbor:"2,keyasint"`
	Time int64  `json:"time" cbor:"3,keyasint"`

	Kind      AuditKind `json:"kind" cbor:"4,keyasint"`
	Operation string    `json:"operation" cbor:"5,keyasint"`
	Principal string    `json:"principal" cbor:"6,keyasint"`
	Role      Role      `json:"role" cbor:"7,keyasint"`
	Post      string    `json:"post,omitempty" cbor:"8,keyasint,omitempty"`
	Purpose   Purpose   `json:"purpose,omitempty" cbor:"9,keyasint,omitempty"`
	Reason    string    `json:"reason,omitempty" cbor:"10,keyasint,omitempty"`
	Outcome   string    `json:"outcome" cbor:"11,keyasint"`
	Query     QueryID   `json:"query,omitempty" cbor:"12,keyasint,omitempty"`
	// Entries are the entries returned, read or changed.
	Entries []EntryID `json:"entries,omitempty" cbor:"13,keyasint,omitempty"`
	// Evidence lists the kinds of evidence that the probe held.
	Evidence []EvidenceKind `json:"evidence,omitempty" cbor:"14,keyasint,omitempty"`
	// Index and StateHash are the list stamp that the answer saw, or the raft
	// index of a write.
	Index     uint64            `json:"index,omitempty" cbor:"15,keyasint,omitempty"`
	StateHash string            `json:"state_hash,omitempty" cbor:"16,keyasint,omitempty"`
	Models    map[string]string `json:"models,omitempty" cbor:"17,keyasint,omitempty"`
	Threshold float64           `json:"threshold,omitempty" cbor:"18,keyasint,omitempty"`
	// Subject is the account, key, node or import batch that the operation was
	// about; "index:N" for a replay as of index N.
	Subject string `json:"subject,omitempty" cbor:"19,keyasint,omitempty"`
	// Changes lists what was asked to change of the subject, such as
	// "role=officer" or "password"; never a secret or a personal detail.
	Changes []string `json:"changes,omitempty" cbor:"20,keyasint,omitempty"`
	// Reports are the reported documents shown, read or changed.
	Reports []ReportID `json:"reports,omitempty" cbor:"21,keyasint,omitempty"`
	// SecondThreshold is Threshold for the scores of a second encoder, 0 without one.
	SecondThreshold float64 `json:"second_threshold,omitempty" cbor:"22,keyasint,omitempty"`
}
