package fsm

import (
	"crypto/sha256"

	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func knownNodeRole(r watchlist.NodeRole) bool {
	return r == watchlist.NodeVoter || r == watchlist.NodeNonvoter
}

func checkMember(m watchlist.Member, at string) watchlist.ValidationError {
	var v watchlist.ValidationError
	if m.ID == "" || len(m.ID) > watchlist.MaxShort {
		v = append(v, watchlist.FieldError{Pointer: at + "/id", Code: "required", Detail: "a node has an id of at most 200 bytes"})
	}
	if !knownNodeRole(m.Role) {
		v = append(v, watchlist.FieldError{Pointer: at + "/role", Code: "unknown_value", Detail: "a node is a voter or a nonvoter"})
	}
	// Members are listed to one another in one message, so each must be small.
	for _, f := range [][2]string{{"/name", m.Name}, {"/cluster_addr", m.ClusterAddr}, {"/api_addr", m.APIAddr}, {"/spki", m.SPKI}} {
		if len(f[1]) > watchlist.MaxShort {
			v = append(v, watchlist.FieldError{Pointer: at + f[0], Code: "too_long", Detail: "at most 200 bytes"})
		}
	}
	return v
}

// memberPut renews the record of a node, which keeps its key, or makes the first
// one. Every other node comes in by a join token: a renewal that meets the
// removal of its node in the log must not bring it back.
func (s *step) memberPut(m watchlist.Member) (command.Result, error) {
	if v := checkMember(m, ""); len(v) > 0 {
		return command.Result{Code: command.Invalid, Fields: v}, nil
	}
	old, err := s.tx.Member(m.ID)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if found && old.SPKI != m.SPKI {
		return refused(command.Exists)
	}
	if !found && s.tx.HasMembers() {
		return refused(command.NotFound)
	}
	return s.putMember(m, old, found)
}

// putMember stores a record. When the node joined is stamped once.
func (s *step) putMember(m, old watchlist.Member, found bool) (command.Result, error) {
	m.JoinedAt = s.now
	if found {
		m.JoinedAt = old.JoinedAt
	}
	return command.Result{Code: command.OK}, s.tx.PutMember(m)
}

func (s *step) memberDrop(id watchlist.NodeID) (command.Result, error) {
	_, err := s.tx.Member(id)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		return refused(command.NotFound)
	}
	return command.Result{Code: command.OK}, s.tx.DropMember(id)
}

// tokenPut registers a join token.
func (s *step) tokenPut(t command.TokenPut) (command.Result, error) {
	switch {
	case len(t.Hash) != sha256.Size:
		return invalid("/hash", "malformed", "a token is named by its SHA-256")
	case !knownNodeRole(t.Role):
		return invalid("/role", "unknown_value", "a node is a voter or a nonvoter")
	case t.ExpiresAt <= s.now:
		return refused(command.Expired)
	}
	_, err := s.tx.Token(t.Hash)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if found {
		return refused(command.Exists)
	}
	if err := s.queue(t.ExpiresAt, registry.DueToken, t.Hash); err != nil {
		return command.Result{}, err
	}
	return command.Result{Code: command.OK}, s.tx.PutToken(t)
}

// tokenBurn uses a join token up and records the node, in one step. A token
// can't be used to take over the id of a member with another key.
func (s *step) tokenBurn(c command.TokenBurn) (command.Result, error) {
	t, err := s.tx.Token(c.Hash)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	switch {
	case !found:
		return refused(command.NotFound)
	case s.now >= t.ExpiresAt:
		return refused(command.Expired)
	}
	if v := checkMember(c.Member, "/member"); len(v) > 0 {
		return command.Result{Code: command.Invalid, Fields: v}, nil
	}
	if c.Member.Role != t.Role {
		return invalid("/member/role", "not_allowed", "the token is for another role")
	}
	old, err := s.tx.Member(c.Member.ID)
	found, err = exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if found && old.SPKI != c.Member.SPKI {
		return refused(command.Exists)
	}
	if err := s.tx.DropToken(c.Hash); err != nil {
		return command.Result{}, err
	}
	return s.putMember(c.Member, old, found)
}

// clusterSetup is accepted once.
func (s *step) clusterSetup(c command.ClusterSetup) (command.Result, error) {
	switch {
	case s.setup.done:
		return refused(command.Exists)
	case c.ClusterID == "":
		return invalid("/cluster_id", "required", "a cluster has an id")
	case !c.Origin.Country.Valid():
		return invalid("/origin/country", "malformed", "a country is an ISO 3166-1 alpha-3 code")
	case c.Origin.Authority == "":
		return invalid("/origin/authority", "required", "this field is required")
	}
	s.setup = setup{origin: c.Origin, done: true}
	return command.Result{Code: command.OK}, s.tx.PutCluster(c)
}
