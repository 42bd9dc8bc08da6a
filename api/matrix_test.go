package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"vigie/api/auth"
	"vigie/watchlist"
)

// matrix says who may call what, spelled out here apart from the program's own
// table. An operation that isn't listed fails the test.
var matrix = map[string][]watchlist.Role{
	"createSession": nil, "getLive": nil, "getReady": nil, "getOpenAPI": nil, // public
	"endSession": everyone, "getMe": everyone, "changeMyPassword": everyone,
	"judgePhoto": {watchlist.RoleOfficer, watchlist.RoleSupervisor, admin},
	"readMrz":    {watchlist.RoleOfficer, watchlist.RoleSupervisor, admin},
	"match":      {watchlist.RoleOfficer, watchlist.RoleSupervisor, admin},
	"listUsers":  {admin}, "createUser": {admin}, "updateUser": {admin},
	"listKeys": {admin}, "createKey": {admin}, "revokeKey": {admin},
	"listEntries": {watchlist.RoleSupervisor, admin}, "getEntry": {watchlist.RoleSupervisor, admin},
	"searchEntries": {watchlist.RoleSupervisor, admin},
	"getFacePhoto":  {watchlist.RoleSupervisor, admin},
	"createEntry":   {admin}, "replaceEntry": {admin}, "updateEntry": {admin}, "withdrawEntry": {admin},
	"entryImpact": {admin},
	"addFace":     {admin}, "removeFace": {admin}, "importEntries": {admin}, "undoImport": {admin},
	"listReports": {watchlist.RoleSupervisor, admin}, "getReport": {watchlist.RoleSupervisor, admin},
	"createReport": {admin}, "replaceReport": {admin}, "withdrawReport": {admin}, "importReports": {admin}, "undoReports": {admin},
	"getCluster":      {watchlist.RoleSupervisor, admin, watchlist.RoleAuditor, watchlist.RoleNode},
	"createJoinToken": {admin}, "removeMember": {admin}, "transferLeadership": {admin},
	"listAudit": {admin, watchlist.RoleAuditor}, "replaySearch": {admin, watchlist.RoleAuditor},
	"getCalibration":      {watchlist.RoleSupervisor, admin, watchlist.RoleAuditor, watchlist.RoleNode},
	"adoptCalibration":    {admin},
	"listNameFamilies":    {watchlist.RoleSupervisor, admin, watchlist.RoleAuditor},
	"listFamilyChanges":   {watchlist.RoleSupervisor, admin, watchlist.RoleAuditor},
	"getFamilyChange":     {watchlist.RoleSupervisor, admin, watchlist.RoleAuditor},
	"proposeFamilyChange": {admin}, "reviewFamilyChange": {admin},
	"getMetrics": {admin, watchlist.RoleAuditor, watchlist.RoleNode},
}

var everyone = []watchlist.Role{
	watchlist.RoleOfficer, watchlist.RoleSupervisor, watchlist.RoleAdministrator,
	watchlist.RolePartner, watchlist.RoleAuditor, watchlist.RoleNode,
}

var samplePath = strings.NewReplacer(
	":entry", "SEN-0192f0c1-3333-7abc-8def-0123456789ab", ":face", "0192f0c1-4444-7abc-8def-0123456789ab",
	":report", "SEN-0192f0c1-5555-7abc-8def-0123456789ab", ":user", "0192f0c1-4444-7abc-8def-0123456789ab", ":key", "0123456789abcdef", ":batch", "b1",
	":change", "1", ":member", "0192f0c1-4444-7abc-8def-0123456789ab",
)

func TestRoleMatrix(t *testing.T) {
	r := newRig(t)
	if d := len(auth.Roles()) - len(everyone); d != 0 {
		t.Fatalf("the matrix lacks %d roles", d)
	}
	for key, op := range r.s.ops {
		allowed, listed := matrix[op.id]
		if !listed {
			t.Errorf("%s is not in the matrix", op.id)
			continue
		}
		method, path, _ := strings.Cut(key, " ")
		a := ask{method: method, path: samplePath.Replace(path)}
		if len(op.consumes) > 0 {
			a.body, a.kind = "{}", op.consumes[0]
			if a.kind == multipartForm {
				a.kind = mediaJSON
			}
		}
		for _, role := range append(slices.Clone(everyone), "") {
			t.Run(fmt.Sprintf("%s/%s", op.id, role), func(t *testing.T) {
				cell(t, r, a, role, allowed)
			})
		}
	}
}

// cell tries one role (or nobody) on one operation.
func cell(t *testing.T, r *rig, a ask, role watchlist.Role, allowed []watchlist.Role) {
	before := r.eventCount()
	a.role = role
	rec := r.do(a)
	refused := rec.Code == 401 || rec.Code == 403
	switch {
	case allowed == nil: // public
		if refused {
			t.Errorf("public, but %d", rec.Code)
		}
	case role == "":
		if rec.Code != 401 || r.eventCount() != before {
			t.Errorf("nobody: status %d, %d events", rec.Code, r.eventCount()-before)
		}
	case slices.Contains(allowed, role):
		if refused && !strings.Contains(rec.Body.String(), "people_only") {
			t.Errorf("allowed, but %d", rec.Code)
		}
	default:
		if rec.Code != 403 {
			t.Fatalf("not allowed, but %d: %s", rec.Code, rec.Body)
		}
		e := r.lastEvent()
		if r.eventCount() != before+1 || e.Kind != watchlist.AuditDenied || e.Role != role || e.Outcome != "forbidden" || e.Principal == "" {
			t.Errorf("event of a refusal: %+v", e)
		}
	}
}

func TestPermissionsOfUnknownRoles(t *testing.T) {
	for _, role := range []watchlist.Role{"", "king", "Administrator"} {
		for _, p := range append(auth.Granted(admin), auth.Own, "", "entries.peek") {
			if auth.Allowed(role, p) {
				t.Errorf("role %q may %q", role, p)
			}
		}
	}
	if auth.Allowed(admin, "entries.peek") || auth.Permission("entries.peek").Known() {
		t.Error("an unknown permission is granted")
	}
}
