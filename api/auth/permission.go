package auth

import (
	"slices"

	"vigie/watchlist"
)

// Permission is what an operation demands, as its x-permission says.
type Permission string

// The permissions. Public needs no account and Own any account; all others go
// by role.
const (
	Public         Permission = "public"
	Own            Permission = "own"
	MatchRun       Permission = "match.run"
	EntriesRead    Permission = "entries.read"
	EntriesWrite   Permission = "entries.write"
	PhotosRead     Permission = "photos.read"
	ImportsWrite   Permission = "imports.write"
	AccountsManage Permission = "accounts.manage"
	ClusterRead    Permission = "cluster.read"
	ClusterManage  Permission = "cluster.manage"
	AuditRead      Permission = "audit.read"
	AuditReplay    Permission = "audit.replay"
	MetricsRead    Permission = "metrics.read"

	CalibrationRead   Permission = "calibration.read"
	CalibrationDecide Permission = "calibration.decide"

	FamiliesRead   Permission = "families.read"
	FamiliesDecide Permission = "families.decide"

	DocumentsRead  Permission = "documents.read"
	DocumentsWrite Permission = "documents.write"
)

// granted lists, per role, what it may do beside Public and Own. What isn't
// listed is refused. An officer sees of an entry only what a lead shows; a
// partner nothing yet; an administrator runs no search of the second line's,
// but may match in order to try out an enrolment. Whoever watches over searches
// may replay one, which shows ids and no person.
func granted(r watchlist.Role) []Permission {
	switch r {
	case watchlist.RoleOfficer:
		return []Permission{MatchRun}
	case watchlist.RoleSupervisor:
		return []Permission{MatchRun, EntriesRead, PhotosRead, ClusterRead, CalibrationRead, DocumentsRead, FamiliesRead}
	case watchlist.RoleAdministrator:
		return []Permission{
			MatchRun, EntriesRead, EntriesWrite, PhotosRead, ImportsWrite, AccountsManage,
			ClusterRead, ClusterManage, AuditRead, AuditReplay, MetricsRead, CalibrationRead, CalibrationDecide,
			DocumentsRead, DocumentsWrite, FamiliesRead, FamiliesDecide,
		}
	case watchlist.RoleAuditor:
		return []Permission{AuditRead, AuditReplay, ClusterRead, MetricsRead, CalibrationRead, FamiliesRead}
	case watchlist.RoleNode:
		return []Permission{ClusterRead, MetricsRead, CalibrationRead}
	}
	return nil
}

// Roles lists every role that an account can have.
func Roles() []watchlist.Role {
	return []watchlist.Role{
		watchlist.RoleOfficer, watchlist.RoleSupervisor, watchlist.RoleAdministrator,
		watchlist.RolePartner, watchlist.RoleAuditor, watchlist.RoleNode,
	}
}

// Granted lists what a role may do beside Public and Own. The slice is the
// caller's.
func Granted(r watchlist.Role) []Permission { return slices.Clone(granted(r)) }

// Known reports whether p is one of the permissions above.
func (p Permission) Known() bool {
	return p == Public || p == Own || slices.Contains(granted(watchlist.RoleAdministrator), p)
}

// Allowed reports whether a role may do what p stands for. The empty role, an
// unknown role and an unknown permission are refused.
func Allowed(r watchlist.Role, p Permission) bool {
	switch p {
	case Public:
		return true
	case Own:
		return slices.Contains(Roles(), r)
	}
	return slices.Contains(granted(r), p)
}
