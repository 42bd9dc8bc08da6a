package fsm_test

import (
	"fmt"
	"slices"
	"testing"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
)

const whyFamily = "attested in two civil registers"

func boss(id string) watchlist.User {
	u := user(id, id)
	u.Role = watchlist.RoleAdministrator
	return u
}

func familyAdd(spellings ...string) watchlist.FamilyChange {
	return watchlist.FamilyChange{
		Kind: watchlist.FamilyAdd, Part: watchlist.FamilySurname, Spellings: spellings, Source: whyFamily, Justification: whyFamily,
	}
}

func familyTo(kind watchlist.FamilyChangeKind, change uint64, spellings ...string) watchlist.FamilyChange {
	c := familyAdd(spellings...)
	if c.Kind, c.Change = kind, change; kind == watchlist.FamilyWithdraw {
		c.Part = ""
	}
	return c
}

// propose and review act for an account.
func (o one) propose(by string, version uint64, c watchlist.FamilyChange) command.Result {
	return o.node.apply(o.addAs(by, "", nil, command.FamilyPropose{Change: c, IfVersion: version}))[0]
}

func (o one) review(by string, number, version uint64, accept bool) command.Result {
	return o.node.apply(o.addAs(by, "", nil, command.FamilyReview{Number: number, Accept: accept, Reason: whyFamily, IfVersion: version}))[0]
}

// spelled is an index that follows the table, and what it heard in order.
type spelled struct {
	*shadow
	heard []string
}

func (s *spelled) SetFamilies(changes []watchlist.FamilyChange) {
	s.heard = append(s.heard, fmt.Sprintf("table %d of %d changes", watchlist.FamilyVersion(changes), len(changes)))
}

func (s *spelled) Apply(changes []watchlist.Change, index uint64) error {
	s.heard = append(s.heard, fmt.Sprint("apply ", index))
	return s.shadow.Apply(changes, index)
}

// newOffice is a node with the administrators b1 and b2 and the officer o1.
func newOffice(t *testing.T) one {
	t.Helper()
	o := newOne(t)
	for _, u := range []watchlist.User{boss("b1"), boss("b2"), user("o1", "o1")} {
		o.want(command.OK, command.UserPut{User: u, Create: true})
	}
	return o
}

// TestFourEyes: only accounts of administrators propose and decide, nobody accepts
// what they have proposed, and every refusal leaves the table as it was.
func TestFourEyes(t *testing.T) {
	o := newOffice(t)
	o.want(command.OK, command.APIKeyPut{Key: watchlist.APIKey{ID: "k1", SecretHash: "h", Role: watchlist.RoleAdministrator}})
	for _, by := range []string{"k1", "o1", "local", ""} {
		if r := o.propose(by, 0, familyAdd("Sagna", "Sanha")); r.Code != command.PeopleOnly {
			t.Errorf("%q proposes: %s", by, r.Code)
		}
	}
	if r := o.propose("b1", 0, familyAdd("Sagna", "Sanha")); r.Code != command.OK || r.Change != 1 || r.Revision != 0 {
		t.Fatalf("propose: %+v", r)
	}
	before := o.fsm.StateHash()
	clock := func() { // a refusal moves the clock alone
		t.Helper()
		list, err := o.reg.FamilyChanges()
		if err != nil || len(list) != 1 || list[0].Status != watchlist.FamilyProposed {
			t.Fatalf("changes %+v %v", list, err)
		}
	}
	for by, want := range map[string]command.Code{"b1": command.SamePerson, "k1": command.PeopleOnly, "o1": command.PeopleOnly} {
		if r := o.review(by, 1, 0, true); r.Code != want {
			t.Errorf("%s accepts: %s, want %s", by, r.Code, want)
		}
		clock()
	}
	if r := o.review("b2", 1, 7, true); r.Code != command.Conflict || r.Revision != 0 {
		t.Errorf("another version: %+v", r)
	}
	if r := o.review("b2", 9, 0, true); r.Code != command.NotFound {
		t.Errorf("no such change: %+v", r)
	}
	if r := o.node.apply(o.addAs("b2", "", nil, command.FamilyReview{Number: 1, Accept: true, Reason: "ok"}))[0]; r.Code != command.Invalid || r.Fields[0].Pointer != "/reason" {
		t.Errorf("no reason: %+v", r)
	}
	clock()
	u := boss("b2")
	u.Disabled = true
	o.want(command.OK, command.UserPut{User: u})
	if r := o.review("b2", 1, 0, true); r.Code != command.PeopleOnly {
		t.Errorf("a disabled account accepts: %s", r.Code)
	}
	u.Disabled = false
	o.want(command.OK, command.UserPut{User: u})
	if r := o.review("b2", 1, 0, true); r.Code != command.OK || r.Revision != 1 {
		t.Fatalf("accept: %+v", r)
	}
	if o.fsm.StateHash() == before {
		t.Error("the state hash does not cover the decision")
	}
	if r := o.review("b2", 1, 1, false); r.Code != command.BadTransition {
		t.Errorf("a second decision: %+v", r)
	}
}

// TestFamilyHistory: changes build on one another, are withdrawn in the reverse
// order, and all of it stays on record.
func TestFamilyHistory(t *testing.T) {
	o := newOffice(t)
	step := func(want command.Code, r command.Result) command.Result {
		t.Helper()
		if r.Code != want {
			t.Fatalf("%s %v, want %s", r.Code, r.Fields, want)
		}
		return r
	}
	invalid := func(code string, r command.Result) {
		t.Helper()
		if step(command.Invalid, r).Fields[0].Code != code {
			t.Errorf("%v, want %s", r.Fields, code)
		}
	}
	step(command.OK, o.propose("b1", 0, familyAdd("Sagna", "Sanha")))
	invalid("unknown_value", o.propose("b1", 0, familyTo(watchlist.FamilyExtend, 9, "Sagnia")))
	invalid("not_in_force", o.propose("b1", 0, familyTo(watchlist.FamilyExtend, 1, "Sagnia")))
	invalid("required", o.propose("b1", 0, familyAdd("Sagna")))
	step(command.OK, o.review("b2", 1, 0, true))
	step(command.Conflict, o.propose("b1", 0, familyTo(watchlist.FamilyExtend, 1, "Sagnia")))
	step(command.OK, o.propose("b2", 1, familyTo(watchlist.FamilyExtend, 1, "Sagnia")))
	step(command.OK, o.propose("b2", 1, familyAdd("Refuso", "Negado")))
	step(command.OK, o.review("b2", 3, 1, false)) // taken back by who proposed it
	step(command.OK, o.review("b1", 2, 1, true))
	invalid("not_allowed", o.propose("b1", 2, familyTo(watchlist.FamilyExtend, 2, "Sanyang")))
	invalid("in_use", o.propose("b1", 2, familyTo(watchlist.FamilyWithdraw, 1)))
	step(command.OK, o.propose("b1", 2, familyTo(watchlist.FamilyWithdraw, 2)))
	step(command.OK, o.propose("b1", 2, familyTo(watchlist.FamilyWithdraw, 2))) // twice by mistake
	step(command.OK, o.review("b2", 4, 2, true))
	invalid("not_in_force", o.review("b2", 5, 3, true))
	step(command.OK, o.propose("b1", 3, familyTo(watchlist.FamilyWithdraw, 1)))
	step(command.OK, o.review("b2", 6, 3, true))
	list, err := o.reg.FamilyChanges()
	if err != nil || watchlist.FamilyVersion(list) != 4 {
		t.Fatalf("version %d, %v", watchlist.FamilyVersion(list), err)
	}
	type line struct {
		Number, Version, WithdrawnBy uint64
		Status                       watchlist.FamilyStatus
		By, Reviewer                 string
	}
	var got []line
	for _, c := range list {
		got = append(got, line{c.Number, c.Version, c.WithdrawnBy, c.Status, c.ProposedBy, c.ReviewedBy})
		if c.InForce() {
			t.Errorf("change %d is in force", c.Number)
		}
	}
	want := []line{
		{1, 1, 6, watchlist.FamilyAccepted, "b1", "b2"},
		{2, 2, 4, watchlist.FamilyAccepted, "b2", "b1"},
		{3, 0, 0, watchlist.FamilyRefused, "b2", "b2"},
		{4, 3, 0, watchlist.FamilyAccepted, "b1", "b2"},
		{5, 0, 0, watchlist.FamilyProposed, "b1", ""},
		{6, 4, 0, watchlist.FamilyAccepted, "b1", "b2"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

func TestFamilyLimits(t *testing.T) {
	o := newOffice(t)
	proposal := func(version uint64, spellings ...string) *raft.Log {
		return o.addAs("b1", "", nil, command.FamilyPropose{Change: familyAdd(spellings...), IfVersion: version})
	}
	refused := func(pointer string, r command.Result) {
		t.Helper()
		if r.Code != command.Invalid || r.Fields[0].Code != "too_many" || r.Fields[0].Pointer != pointer {
			t.Errorf("%+v", r)
		}
	}
	// In one transaction each: the disk is not what is tested.
	var logs []*raft.Log
	for i := range watchlist.MaxFamilyOpen + 1 {
		logs = append(logs, proposal(0, fmt.Sprint("A", i), fmt.Sprint("B", i)))
	}
	refused("", o.node.apply(logs...)[watchlist.MaxFamilyOpen])
	full := make([]string, watchlist.MaxFamilySpellings)
	for i := range full {
		full[i] = fmt.Sprint("S", i)
	}
	logs = []*raft.Log{o.addAs("b2", "", nil, command.FamilyReview{Number: 1, Reason: whyFamily})}
	version, number := uint64(0), uint64(watchlist.MaxFamilyOpen)
	accept := func(change watchlist.FamilyChange) {
		number++
		logs = append(logs, o.addAs("b1", "", nil, command.FamilyPropose{Change: change, IfVersion: version}), o.addAs("b2", "", nil, command.FamilyReview{
			Number: number, Accept: true, Reason: whyFamily, IfVersion: version,
		}))
		version++
	}
	// One family of the release, and one that a change adds, until they are full.
	toDiallo := func() watchlist.FamilyChange {
		c := familyTo(watchlist.FamilyExtend, 0, full...)
		c.Family = "Diallo"
		return c
	}
	for range watchlist.MaxFamilyAdded / len(full) {
		accept(toDiallo())
	}
	accept(familyAdd(full...))
	added := number
	for range watchlist.MaxFamilyAdded/len(full) - 1 {
		accept(familyTo(watchlist.FamilyExtend, added, full...))
	}
	for _, r := range o.node.apply(logs...) {
		if r.Code != command.OK {
			t.Fatalf("%+v", r)
		}
	}
	refused("/spellings", o.propose("b1", version, toDiallo()))
	refused("/spellings", o.propose("b1", version, familyTo(watchlist.FamilyExtend, added, full...)))
	logs = nil
	for version < uint64(watchlist.MaxExtraSpellings/len(full)) {
		accept(familyAdd(full...))
	}
	for i, r := range o.node.apply(append(logs, proposal(version, full...))...) {
		if i == len(logs) {
			refused("/spellings", r)
		} else if r.Code != command.OK {
			t.Fatalf("step %d: %+v", i, r)
		}
	}
}

// TestFamiliesReplicated: the changes survive a restart and a snapshot with the
// same state hash, and an index hears of the table before anything that it holds
// for.
func TestFamiliesReplicated(t *testing.T) {
	o := newOffice(t)
	o.do(create(1))
	o.propose("b1", 0, familyAdd("Sagna", "Sanha"))
	o.review("b2", 1, 0, true)
	want, err := o.reg.FamilyChanges()
	if err != nil || len(want) != 1 {
		t.Fatal(want, err)
	}
	restored := newNode(t, t.TempDir(), o.cluster)
	defer restored.close()
	if err := restored.fsm.Restore(reader(o.persist())); err != nil {
		t.Fatal(err)
	}
	got, err := restored.reg.FamilyChanges()
	if d := cmp.Diff(want, got); err != nil || d != "" || restored.fsm.StateHash() != o.fsm.StateHash() {
		t.Errorf("after a restore (-want +got): %v\n%s", err, d)
	}
	follower := &spelled{shadow: newShadow()}
	f, err := fsm.New(restored.reg, o.cluster, []fsm.Index{follower}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o.propose("b1", 1, familyAdd("Other", "Others"))
	o.review("b2", 2, 1, true)
	last := slices.Clone(o.logs[len(o.logs)-2:])
	f.ApplyBatch(last[:1])
	f.ApplyBatch(last[1:])
	if d := cmp.Diff([]string{
		"table 1 of 1 changes", fmt.Sprint("apply ", last[0].Index), "table 2 of 2 changes", fmt.Sprint("apply ", last[1].Index),
	}, follower.heard); d != "" {
		t.Errorf("heard (-want +got):\n%s", d)
	}
	if f.StateHash() != o.fsm.StateHash() {
		t.Error("the replicas differ")
	}
}
