package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"vigie/api/auth"
	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
	"vigie/watchlist/names"
)

// familiesFake is the state machine's part on spelling families and the name
// index's, as far as the API can see them.
type familiesFake struct {
	mu    sync.Mutex
	actor string
	list  []watchlist.FamilyChange
	asked []string // the spellings of the last preview
}

func (f *familiesFake) propose(c command.FamilyPropose, index uint64, now int64) command.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := watchlist.FamilyVersion(f.list); v != c.IfVersion {
		return command.Result{Code: command.Conflict, Revision: v}
	}
	x := c.Change
	if v := x.Validate(); len(v) > 0 {
		return command.Result{Code: command.Invalid, Fields: v}
	}
	x.Number, x.Status, x.ProposedBy, x.ProposedAt, x.ProposedIndex = uint64(len(f.list))+1, watchlist.FamilyProposed, f.actor, now, index
	f.list = append(f.list, x)
	return command.Result{Code: command.OK, Change: x.Number}
}

func (f *familiesFake) review(r command.FamilyReview, index uint64, now int64) command.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	version := watchlist.FamilyVersion(f.list)
	x := f.list[r.Number-1]
	switch {
	case x.Status != watchlist.FamilyProposed:
		return command.Result{Code: command.BadTransition}
	case r.Accept && x.ProposedBy == f.actor:
		return command.Result{Code: command.SamePerson}
	case r.IfVersion != version:
		return command.Result{Code: command.Conflict, Revision: version}
	}
	x.Status, x.ReviewedBy, x.ReviewedAt, x.ReviewedIndex, x.Reason = watchlist.FamilyRefused, f.actor, now, index, r.Reason
	if r.Accept {
		version++
		x.Status, x.Version = watchlist.FamilyAccepted, version
		if x.Kind == watchlist.FamilyWithdraw {
			f.list[x.Change-1].WithdrawnBy = x.Number
		}
	}
	f.list[r.Number-1] = x
	return command.Result{Code: command.OK, Change: x.Number, Revision: version}
}

func (f *familiesFake) FamilyChanges() ([]watchlist.FamilyChange, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list), nil
}

func (f *familiesFake) Table() *names.Table {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == 0 {
		return names.Shipped()
	}
	return names.InForce(f.list)
}

func (f *familiesFake) Preview(_ context.Context, now, then *names.Table, spellings []string) (watchlist.FamilyImpact, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = slices.Clone(spellings)
	out := watchlist.FamilyImpact{Entries: 10, Linked: 3, Nearer: 1}
	for _, s := range spellings {
		out.Spellings = append(out.Spellings, watchlist.SpellingBearers{Spelling: s, Entries: len(now.FamiliesOf(s)) + len(then.FamiliesOf(s))})
	}
	return out, nil
}

// account signs in an account and gives the session's token.
func (r *rig) account(id string, role watchlist.Role) string {
	r.Helper()
	tok, err := auth.NewSessionToken()
	if err != nil {
		r.Fatal(err)
	}
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	u := watchlist.UserID(id)
	r.w.users[u] = watchlist.User{ID: u, Login: id, Role: role, PasswordHash: "x"}
	r.w.sessions[tok.Hash()] = watchlist.Session{TokenHash: tok.Hash(), User: u, CreatedAt: testNow.UnixMilli(), ExpiresAt: testNow.UnixMilli() + 1e6}
	return tok.String()
}

const changesPath = "/v1/name-families/changes"

func familyInput(change func(map[string]any)) map[string]any {
	m := map[string]any{
		"kind": "extend", "family": "Jallow", "spellings": []string{"Djaloo"},
		"source": "civil register of Ziguinchor", "justification": "both sides of the border",
	}
	if change != nil {
		change(m)
	}
	return m
}

func TestFamilyLifecycle(t *testing.T) {
	r := newRig(t)
	awa, binta := r.account("awa", admin), r.account("binta", admin)
	dry := decode[gen.FamilyProposal](t, r.want(200, ask{method: "POST", path: changesPath, role: admin, body: familyInput(func(m map[string]any) { m["dry_run"] = true })}))
	if dry.Number != 0 || dry.Preview.Linked != 3 || dry.Preview.Family != "surname/Diallo" || dry.Preview.Version != names.Version || dry.Preview.Then != names.Version+"+1" ||
		!dry.Preview.Spellings[0].New || dry.Preview.Spellings[1].New || !strings.Contains(dry.Preview.Notice.Fr, "3 sur 10") || len(r.w.families.list) != 0 {
		t.Errorf("dry run %+v", dry)
	}
	got := decode[gen.FamilyProposal](t, r.want(200, ask{method: "POST", path: changesPath, token: awa, body: familyInput(nil), header: map[string]string{"Idempotency-Key": "family-key-1"}}))
	if e := r.lastEvent(); got.Number != 1 || e.Kind != watchlist.AuditPolicy || e.Subject != "family-change:1" || e.Principal != "awa" || e.Reason != "both sides of the border" {
		t.Errorf("%+v, event %+v", got, e)
	}
	one := changesPath + "/1"
	detail := decode[gen.FamilyChangeDetail](t, r.want(200, ask{method: "GET", path: one, role: watchlist.RoleAuditor}))
	if detail.Change.Status != "proposed" || detail.Change.ProposedBy != "awa" || detail.Change.Family != "surname/Diallo" || detail.Preview.Entries != 10 {
		t.Errorf("detail %+v", detail)
	}
	verdict := map[string]any{"accept": true, "reason": "seen in the register", "revision": 0}
	if p := r.problem("same_person", ask{method: "POST", path: one + "/review", token: awa, body: verdict}); p.Advice.Pt == "" {
		t.Error("no advice")
	}
	r.problem("people_only", ask{method: "POST", path: one + "/review", role: admin, body: verdict})
	r.problem("people_only", ask{method: "POST", path: changesPath, role: admin, body: familyInput(nil)})
	if p := r.problem("families_conflict", ask{method: "POST", path: one + "/review", token: binta, body: map[string]any{"accept": true, "reason": "seen in the register", "revision": 4}}); p.Revision != 0 {
		t.Errorf("problem %+v", p)
	}
	done := decode[gen.FamilyReviewed](t, r.want(200, ask{method: "POST", path: one + "/review", token: binta, body: verdict}))
	if e := r.lastEvent(); done.Version != names.Version+"+1" || done.Status != "accepted" || !slices.Contains(e.Changes, "names="+names.Version+"->"+names.Version+"+1") {
		t.Errorf("%+v, event %+v", done, e)
	}
	r.problem("bad_transition", ask{method: "POST", path: one + "/review", token: binta, body: map[string]any{"accept": false, "reason": "seen in the register", "revision": 1}})
	table := decode[gen.NameFamilies](t, r.want(200, ask{method: "GET", path: "/v1/name-families?spelling=djaloo", role: watchlist.RoleSupervisor}))
	last := table.Items[0].Spellings[len(table.Items[0].Spellings)-1]
	if table.Revision != 1 || len(table.Items) != 1 || table.Items[0].Id != "surname/Diallo" || last.Spelling != "Djaloo" || last.Change != 1 {
		t.Errorf("table %+v", table)
	}
	if all := decode[gen.NameFamilies](t, r.want(200, ask{method: "GET", path: "/v1/name-families", role: admin})); len(all.Items) != len(names.Families()) {
		t.Errorf("%d families", len(all.Items))
	}
}

// TestFamilyHistoryPages: withdrawing is a proposal like any other, and the history
// comes page by page.
func TestFamilyHistoryPages(t *testing.T) {
	r := newRig(t)
	awa, binta := r.account("awa", admin), r.account("binta", admin)
	for i := range 3 {
		in := map[string]any{"kind": "add", "part": "given", "spellings": []string{fmt.Sprintf("Wxo%cta", 'a'+i), fmt.Sprintf("Quo%czi", 'a'+i)}, "per_million": 90, "source": "civil register", "justification": "both sides of the border"}
		r.want(200, ask{method: "POST", path: changesPath, token: awa, body: in})
		r.want(200, ask{method: "POST", path: fmt.Sprint(changesPath, "/", i+1, "/review"), token: binta, body: map[string]any{"accept": i < 2, "reason": "seen in the register", "revision": i}})
	}
	more := map[string]any{"kind": "extend", "family": "change/1", "spellings": []string{"Zyppel"}, "source": "civil register", "justification": "both sides of the border"}
	r.want(200, ask{method: "POST", path: changesPath, token: awa, body: more})
	if got := r.w.families.list[3]; got.Change != 1 || got.Family != "" || got.Part != "given" {
		t.Errorf("extends %+v", got)
	}
	back := map[string]any{"kind": "withdraw", "change": 2, "source": "letter of the partner", "justification": "two names after all"}
	w := decode[gen.FamilyProposal](t, r.want(200, ask{method: "POST", path: changesPath, token: binta, body: back}))
	if !slices.Contains(r.w.families.asked, "Wxobta") || w.Preview.Family != "change/2" {
		t.Errorf("preview of a withdrawal %+v about %v", w.Preview, r.w.families.asked)
	}
	r.want(200, ask{method: "POST", path: changesPath + "/5/review", token: awa, body: map[string]any{"accept": true, "reason": "seen in the letter", "revision": 2}})
	var numbers []int64
	cursor := ""
	for {
		page := decode[gen.FamilyChangeList](t, r.want(200, ask{method: "GET", path: changesPath + "?limit=2&cursor=" + cursor, role: admin}))
		for _, c := range page.Items {
			numbers = append(numbers, c.Number)
			if c.Number == 2 && (c.WithdrawnBy != 5 || c.InForce || c.Revision != 2) {
				t.Errorf("withdrawn %+v", c)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(numbers, []int64{5, 4, 3, 2, 1}) {
		t.Errorf("history %v", numbers)
	}
	refused := decode[gen.FamilyChangeList](t, r.want(200, ask{method: "GET", path: changesPath + "?status=refused", role: admin}))
	if len(refused.Items) != 1 || refused.Items[0].Number != 3 {
		t.Errorf("refused %+v", refused)
	}
	r.problem("cursor_invalid", ask{method: "GET", path: changesPath + "?cursor=zzz", role: admin})
	r.problem("not_found", ask{method: "GET", path: changesPath + "/99", role: admin})
	r.problem("not_found", ask{method: "POST", path: changesPath + "/99/review", token: awa, body: map[string]any{"accept": true, "reason": "seen in the letter", "revision": 2}})
}

func TestFamilyProposalsRefused(t *testing.T) {
	r := newRig(t)
	awa := r.account("awa", admin)
	for name, c := range map[string]struct {
		change        func(map[string]any)
		pointer, code string
	}{
		"unknown family":    {func(m map[string]any) { m["family"] = "Nosuchfamily" }, "/family", "unknown_value"},
		"two families":      {func(m map[string]any) { m["family"] = "Lassana" }, "/family", "ambiguous"},
		"no family":         {func(m map[string]any) { delete(m, "family") }, "/family", "required"},
		"other kind":        {func(m map[string]any) { m["part"] = "given" }, "/part", "conflict"},
		"listed":            {func(m map[string]any) { m["spellings"] = []string{"JALLOH"} }, "/spellings/0", "already_listed"},
		"two words":         {func(m map[string]any) { m["spellings"] = []string{"Da Silva"} }, "/spellings/0", "not_a_word"},
		"particle":          {func(m map[string]any) { m["spellings"] = []string{"Djaloo", "Ould"} }, "/spellings/1", "not_a_word"},
		"same but for case": {func(m map[string]any) { m["spellings"] = []string{"Djaloo", "DJALOO"} }, "/spellings/1", "duplicate"},
		"comma":             {func(m map[string]any) { m["spellings"] = []string{"a,b"} }, "/spellings/0", "malformed"},
		"withdraws nothing": {func(m map[string]any) { m["kind"] = "withdraw" }, "/family", "not_allowed"},
		"unknown change": {func(m map[string]any) {
			m["kind"], m["change"] = "withdraw", 7
			delete(m, "family")
			delete(m, "spellings")
		}, "/change", "unknown_value"},
		"change of extend":   {func(m map[string]any) { m["change"] = 1 }, "/change", "not_allowed"},
		"add names a family": {func(m map[string]any) { m["kind"], m["part"] = "add", "surname" }, "/family", "not_allowed"},
	} {
		p := r.problem("invalid", ask{method: "POST", path: changesPath, token: awa, body: familyInput(c.change)})
		if len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer || p.Errors[0].Code != c.code {
			t.Errorf("%s: %+v, want %s at %s", name, p.Errors, c.code, c.pointer)
		}
	}
	for _, bad := range []func(map[string]any){
		func(m map[string]any) { m["kind"] = "merge" },
		func(m map[string]any) { m["source"] = "me" },
		func(m map[string]any) { m["spellings"] = make([]string, 40) },
		func(m map[string]any) { m["spellings"] = []string{strings.Repeat("x", 41)} },
		func(m map[string]any) { m["per_million"] = -1 },
		func(m map[string]any) { m["accept"] = true },
	} {
		if rec := r.do(ask{method: "POST", path: changesPath, token: awa, body: familyInput(bad)}); rec.Code != 400 {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	}
	if n := len(r.w.families.list); n != 0 {
		t.Errorf("%d changes were proposed", n)
	}
}

// TestFamilyConflict: a spelling of another family is refused with that family's
// name, unless it is meant; the review looks again.
func TestFamilyConflict(t *testing.T) {
	r := newRig(t)
	awa, binta := r.account("awa", admin), r.account("binta", admin)
	shared := func(m map[string]any) { m["family"], m["spellings"] = "Diop", []string{"Djoppe", "Jalloh"} }
	p := r.problem("family_conflict", ask{method: "POST", path: changesPath, token: awa, body: familyInput(shared)})
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/spellings/1" || !strings.Contains(p.Errors[0].Detail, "surname/Diallo") || p.Advice.Fr == "" {
		t.Errorf("problem %+v", p)
	}
	meant := func(m map[string]any) { shared(m); m["allow_shared"] = true }
	got := decode[gen.FamilyProposal](t, r.want(200, ask{method: "POST", path: changesPath, token: awa, body: familyInput(meant)}))
	if s := got.Preview.Shared; len(s) != 1 || s[0].Spelling != "Jalloh" || !slices.Equal(s[0].Families, []string{"surname/Diallo"}) {
		t.Errorf("shared %+v", s)
	}
	// Two proposals take one spelling: the second can't be accepted after the first.
	for _, family := range []string{"Sarr", "Fall"} {
		r.want(200, ask{method: "POST", path: changesPath, token: awa, body: familyInput(func(m map[string]any) { m["family"], m["spellings"] = family, []string{"Sharedde"} })})
	}
	r.want(200, ask{method: "POST", path: changesPath + "/2/review", token: binta, body: map[string]any{"accept": true, "reason": "seen in the register", "revision": 0}})
	r.problem("family_conflict", ask{method: "POST", path: changesPath + "/3/review", token: binta, body: map[string]any{"accept": true, "reason": "seen in the register", "revision": 1}})
	r.want(200, ask{method: "POST", path: changesPath + "/3/review", token: binta, body: map[string]any{"accept": false, "reason": "taken by another family", "revision": 1}})
}

// TestAnswersNameTheTable: a search by name and its event say which table was used,
// and a replay says when it was another.
func TestAnswersNameTheTable(t *testing.T) {
	r := newRig(t)
	find := func() gen.EntryList {
		return decode[gen.EntryList](t, r.want(200, ask{method: "POST", path: "/v1/entries/search", role: admin, body: searchInput()}))
	}
	if got := find(); got.Names != names.Version || r.lastEvent().Models["names"] != names.Version {
		t.Errorf("names %q, event %v", got.Names, r.lastEvent().Models)
	}
	r.w.families.list = []watchlist.FamilyChange{{
		Number: 1, Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: []string{"Wxotta", "Quozzi"}, Status: watchlist.FamilyAccepted, Version: 1, ReviewedIndex: 8,
	}}
	if got := find(); got.Names != names.Version+"+1" {
		t.Errorf("names %q", got.Names)
	}
	r.w.replay = func(q watchlist.ReplayQuery) (*watchlist.Replay, error) {
		return &watchlist.Replay{AsOf: q.AsOf, Source: watchlist.ThresholdNow, Stamp: r.w.Stamp()}, nil
	}
	for index, differs := range map[int]bool{7: true, 8: false} {
		got := decode[gen.Replay](t, r.want(200, replayAsk(admin, map[string]any{"as_of_index": index})))
		if f := got.NameFamilies; f.Differs != differs || f.Now != 1 || f.Notice.Pt == "" || strings.Contains(f.Notice.Fr, "a changé") != differs {
			t.Errorf("as of %d: %+v", index, f)
		}
	}
}
