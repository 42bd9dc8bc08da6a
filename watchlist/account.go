package watchlist

// Role is what an account may do; permissions per role are in the API contract.
type Role string

// The roles (D16).
const (
	RoleOfficer       Role = "officer"
	RoleSupervisor    Role = "supervisor"
	RoleAdministrator Role = "administrator"
	RolePartner       Role = "partner"
	RoleAuditor       Role = "auditor"
	RoleNode          Role = "node"
)

// User is the account of one person. Login is unique, lower case.
type User struct {
	ID    UserID `json:"id" cbor:"1,keyasint"`
	Login string `json:"login" cbor:"2,keyasint"`
	Role  Role   `json:"role" cbor:"3,keyasint"`
	// PasswordHash is an argon2id hash in PHC string form.
	PasswordHash string `json:"-" cbor:"4,keyasint"`
	Disabled     bool   `json:"disabled" cbor:"5,keyasint,omitempty"`
	// Post is the border post of an officer, "" for none.
	Post      string `json:"post,omitempty" cbor:"6,keyasint,omitempty"`
	CreatedAt int64  `json:"created_at" cbor:"7,keyasint"`
	// MustChange asks for a new password at the next sign-in.
	MustChange bool `json:"must_change,omitempty" cbor:"8,keyasint,omitempty"`
}

// Session is one signed-in browser or terminal. Only the hash of its token is
// kept.
type Session struct {
	// TokenHash is the SHA-256 of the opaque token, hexadecimal.
	TokenHash string `json:"-" cbor:"1,keyasint"`
	User      UserID `json:"user" cbor:"2,keyasint"`
	CreatedAt int64  `json:"created_at" cbor:"3,keyasint"`
	// ExpiresAt is Unix milliseconds; enforced locally.
	ExpiresAt int64 `json:"expires_at" cbor:"4,keyasint"`
}

// APIKey is the credential of a machine. Only the hash of its secret is kept.
type APIKey struct {
	ID         KeyID  `json:"id" cbor:"1,keyasint"`
	SecretHash string `json:"-" cbor:"2,keyasint"`
	Role       Role   `json:"role" cbor:"3,keyasint"`
	Label      string `json:"label" cbor:"4,keyasint"`
	Post       string `json:"post,omitempty" cbor:"5,keyasint,omitempty"`
	CreatedAt  int64  `json:"created_at" cbor:"6,keyasint"`
	// ExpiresAt is Unix milliseconds, 0 for never.
	ExpiresAt int64 `json:"expires_at,omitempty" cbor:"7,keyasint,omitempty"`
	Revoked   bool  `json:"revoked,omitempty" cbor:"8,keyasint,omitempty"`
}

// Principal is who makes a request, after authentication.
type Principal struct {
	// ID is a UserID, a KeyID, or "local" for the node's own operator.
	ID   string
	Name string
	Role Role
	Post string
}

// NodeRole says how a node takes part in the cluster.
type NodeRole string

// The node roles. A voter counts for the quorum, a nonvoter only receives.
const (
	NodeVoter    NodeRole = "voter"
	NodeNonvoter NodeRole = "nonvoter"
)

// Member is the replicated record of one node.
type Member struct {
	ID   NodeID   `json:"id" cbor:"1,keyasint"`
	Name string   `json:"name" cbor:"2,keyasint"`
	Role NodeRole `json:"role" cbor:"3,keyasint"`
	// ClusterAddr and APIAddr are host:port as other nodes reach them.
	ClusterAddr string `json:"cluster_addr" cbor:"4,keyasint"`
	APIAddr     string `json:"api_addr" cbor:"5,keyasint"`
	// SPKI is the hexadecimal SHA-256 of the node key's public part; a peer
	// with another key is refused.
	SPKI     string `json:"spki" cbor:"6,keyasint"`
	JoinedAt int64  `json:"joined_at" cbor:"7,keyasint"`
}
