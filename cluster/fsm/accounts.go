package fsm

import (
	"strings"
	"unicode"

	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

func knownRole(r watchlist.Role) bool {
	switch r {
	case watchlist.RoleOfficer, watchlist.RoleSupervisor, watchlist.RoleAdministrator,
		watchlist.RolePartner, watchlist.RoleAuditor, watchlist.RoleNode:
		return true
	}
	return false
}

func checkUser(u watchlist.User) watchlist.ValidationError {
	var v watchlist.ValidationError
	add := func(pointer, code, detail string) {
		v = append(v, watchlist.FieldError{Pointer: pointer, Code: code, Detail: detail})
	}
	if u.ID == "" || len(u.ID) > watchlist.MaxShort {
		add("/id", "required", "an account has an id of at most 200 bytes")
	}
	if u.Login == "" || len(u.Login) > watchlist.MaxShort || u.Login != strings.ToLower(u.Login) || strings.IndexFunc(u.Login, notLogin) >= 0 {
		add("/login", "malformed", "a login is lower case, without spaces, of at most 200 bytes")
	}
	if !knownRole(u.Role) {
		add("/role", "unknown_value", "not one of the allowed values")
	}
	if u.PasswordHash == "" {
		add("/password", "required", "an account needs a password")
	}
	return v
}

func notLogin(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// userPut creates or replaces an account; a disabled one loses its sessions.
func (s *step) userPut(u watchlist.User, create bool) (command.Result, error) {
	if v := checkUser(u); len(v) > 0 {
		return command.Result{Code: command.Invalid, Fields: v}, nil
	}
	old, err := s.tx.User(u.ID)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	owner, err := s.tx.LoginOwner(u.Login)
	taken, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	switch {
	case create && found, taken && owner != u.ID:
		return refused(command.Exists)
	case !create && !found:
		return refused(command.NotFound)
	}
	u.CreatedAt = s.now
	if found {
		u.CreatedAt = old.CreatedAt
	}
	if err := s.tx.PutUser(u); err != nil {
		return command.Result{}, err
	}
	if u.Disabled {
		if err := s.dropSessions(u.ID); err != nil {
			return command.Result{}, err
		}
	}
	return command.Result{Code: command.OK}, nil
}

func (s *step) dropSessions(user watchlist.UserID) error {
	hashes, err := s.tx.SessionsOf(user)
	if err != nil {
		return err
	}
	for _, h := range hashes {
		if err := s.tx.DropSession(h); err != nil {
			return err
		}
	}
	return nil
}

// sessionPut starts a session, or moves the end of one.
func (s *step) sessionPut(n watchlist.Session) (command.Result, error) {
	if n.TokenHash == "" || len(n.TokenHash) > watchlist.MaxShort {
		return invalid("/token_hash", "required", "a session has the hash of its token")
	}
	if n.ExpiresAt <= s.now {
		return refused(command.Expired)
	}
	u, err := s.tx.User(n.User)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found || u.Disabled {
		return refused(command.NotFound)
	}
	old, err := s.tx.Session(n.TokenHash)
	found, err = exists(err)
	if err != nil {
		return command.Result{}, err
	}
	n.CreatedAt = s.now
	if found {
		if old.User != n.User {
			return refused(command.Exists)
		}
		n.CreatedAt = old.CreatedAt
	} else if err := s.queue(n.ExpiresAt, registry.DueSession, []byte(n.TokenHash)); err != nil {
		return command.Result{}, err
	}
	return command.Result{Code: command.OK}, s.tx.PutSession(n)
}

// sessionDrop ends one session, or all of a user, of which there may be none.
func (s *step) sessionDrop(c command.SessionDrop) (command.Result, error) {
	if c.TokenHash == "" {
		if c.User == "" {
			return invalid("/user", "required", "name a session or a user")
		}
		return command.Result{Code: command.OK}, s.dropSessions(c.User)
	}
	_, err := s.tx.Session(c.TokenHash)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	if !found {
		return refused(command.NotFound)
	}
	return command.Result{Code: command.OK}, s.tx.DropSession(c.TokenHash)
}

// apiKeyPut creates or replaces an API key. A revoked key stays revoked.
func (s *step) apiKeyPut(k watchlist.APIKey) (command.Result, error) {
	switch {
	case k.ID == "" || len(k.ID) > watchlist.MaxShort:
		return invalid("/id", "required", "a key has an id of at most 200 bytes")
	case k.SecretHash == "":
		return invalid("/secret_hash", "required", "a key has the hash of its secret")
	case !knownRole(k.Role):
		return invalid("/role", "unknown_value", "not one of the allowed values")
	}
	old, err := s.tx.APIKey(k.ID)
	found, err := exists(err)
	if err != nil {
		return command.Result{}, err
	}
	k.CreatedAt = s.now
	if found {
		if old.Revoked && !k.Revoked {
			return refused(command.BadTransition)
		}
		k.CreatedAt = old.CreatedAt
	}
	return command.Result{Code: command.OK}, s.tx.PutAPIKey(k)
}
