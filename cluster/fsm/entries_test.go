package fsm_test

import (
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
)

func TestEntryLife(t *testing.T) {
	o := newOne(t)
	r := o.want(command.OK, create(1))
	if r.Revision != 1 || r.Entry != entryID(1) || r.Index != o.last {
		t.Fatalf("create gave %+v", r)
	}
	e, err := o.reg.Entry(entryID(1))
	if err != nil {
		t.Fatal(err)
	}
	created := o.now - 1
	if e.CreatedAt != created || e.UpdatedAt != created || e.Faces[0].AddedAt != created {
		t.Errorf("stamps %d %d %d, want %d", e.CreatedAt, e.UpdatedAt, e.Faces[0].AddedAt, created)
	}

	if r := o.want(command.Exists, create(1)); r.Revision != 1 {
		t.Errorf("Exists tells revision %d, want 1", r.Revision)
	}
	next := entry(1)
	next.Faces = append(next.Faces, watchlist.Face{ID: "f2", Template: template(99), Model: "m1"})
	next.CreatedAt, next.Revision, next.Faces[0].AddedAt = 5, 77, 6
	if r := o.want(command.Conflict, command.EntryPut{Op: command.OpFaceAdd, Entry: next, IfRevision: 2}); r.Revision != 1 {
		t.Errorf("Conflict tells revision %d, want 1", r.Revision)
	}
	o.want(command.Conflict, command.EntryPut{Op: command.OpReplace, Entry: next})
	o.want(command.OK, command.EntryPut{Op: command.OpFaceAdd, Entry: next, IfRevision: 1})
	if e, err = o.reg.Entry(entryID(1)); err != nil {
		t.Fatal(err)
	}
	if e.Revision != 2 || e.CreatedAt != created || e.UpdatedAt != o.now-1 || e.Faces[0].AddedAt != created || e.Faces[1].AddedAt != o.now-1 {
		t.Errorf("after face_add: revision %d, created %d, updated %d, faces added %d %d", e.Revision, e.CreatedAt, e.UpdatedAt, e.Faces[0].AddedAt, e.Faces[1].AddedAt)
	}
	gone := entry(1)
	gone.Status, gone.WithdrawnReason = watchlist.StatusWithdrawn, "error in the file"
	o.want(command.OK, command.EntryPut{Op: command.OpWithdraw, Entry: gone, IfRevision: 2})
	o.want(command.BadTransition, command.EntryPut{Op: command.OpReplace, Entry: entry(1), IfRevision: 3})
	if got := o.index.revisions[entryID(1)]; got != 3 {
		t.Errorf("the index has revision %d, want 3", got)
	}
}

func TestEntryRefusals(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, create(1))
	_, _, before := o.reg.Position()
	mod := func(f func(*command.EntryPut)) command.EntryPut {
		p := create(2)
		f(&p)
		return p
	}
	cases := map[string]struct {
		put     command.EntryPut
		code    command.Code
		pointer string
	}{
		"foreign origin": {mod(func(p *command.EntryPut) {
			p.Entry.Origin.Country = "MLI"
			p.Entry.ID = "MLI" + p.Entry.ID[3:]
		}), command.ForeignOrigin, ""},
		"foreign id":       {mod(func(p *command.EntryPut) { p.Entry.ID = "MLI" + p.Entry.ID[3:] }), command.ForeignOrigin, ""},
		"malformed id":     {mod(func(p *command.EntryPut) { p.Entry.ID = "x" }), command.Invalid, "/id"},
		"no id":            {mod(func(p *command.EntryPut) { p.Entry.ID = "" }), command.Invalid, "/id"},
		"replace missing":  {mod(func(p *command.EntryPut) { p.Op, p.IfRevision = command.OpReplace, 1 }), command.NotFound, ""},
		"patch missing":    {mod(func(p *command.EntryPut) { p.Op = command.OpPatch }), command.NotFound, ""},
		"create withdrawn": {mod(func(p *command.EntryPut) { p.Entry.Status = watchlist.StatusWithdrawn }), command.BadTransition, ""},
		"withdraw active":  {command.EntryPut{Op: command.OpWithdraw, Entry: entry(1), IfRevision: 1}, command.BadTransition, ""},
		"unknown status":   {mod(func(p *command.EntryPut) { p.Entry.Status = "odd" }), command.Invalid, "/status"},
		"stored expired":   {mod(func(p *command.EntryPut) { p.Entry.Status = watchlist.StatusExpired }), command.Invalid, "/status"},
		"no legal basis":   {mod(func(p *command.EntryPut) { p.Entry.LegalBasis = "" }), command.Invalid, "/legal_basis"},
		"bad template":     {mod(func(p *command.EntryPut) { p.Entry.Faces[0].Template = []byte{1} }), command.Invalid, "/faces/0/template"},
		"same face twice":  {mod(func(p *command.EntryPut) { p.Entry.Faces = append(p.Entry.Faces, p.Entry.Faces[0]) }), command.Invalid, "/faces/1/id"},
		"no reason": {command.EntryPut{Op: command.OpWithdraw, IfRevision: 1, Entry: func() watchlist.Entry {
			e := entry(1)
			e.Status = watchlist.StatusWithdrawn
			return e
		}()}, command.Invalid, "/withdrawn_reason"},
		"reason too early": {mod(func(p *command.EntryPut) { p.Entry.WithdrawnReason = "x" }), command.Invalid, "/withdrawn_reason"},
	}
	for name, c := range cases {
		r := o.do(c.put)
		if r.Code != c.code {
			t.Errorf("%s: %s %v, want %s", name, r.Code, r.Fields, c.code)
			continue
		}
		if c.pointer != "" && (len(r.Fields) == 0 || r.Fields[0].Pointer != c.pointer) {
			t.Errorf("%s: fields %v, want %s", name, r.Fields, c.pointer)
		}
	}
	if o.reg.Count() != 1 {
		t.Errorf("%d entries, want 1", o.reg.Count())
	}
	if _, _, after := o.reg.Position(); after == before {
		t.Error("the clock is not part of the state hash")
	}
}

func TestEntryNeedsSetup(t *testing.T) {
	key := newKey(t)
	n, j := newNode(t, t.TempDir(), key), newJournal(t, key)
	defer n.close()
	if r := n.apply(j.add(create(1)))[0]; r.Code != command.ForeignOrigin {
		t.Errorf("before the setup: %s", r.Code)
	}
	// The setup counts within its own batch.
	rs := n.apply(j.add(setupBody()), j.add(create(1)), j.add(setupBody()))
	if rs[0].Code != command.OK || rs[1].Code != command.OK || rs[2].Code != command.Exists {
		t.Errorf("setup, create, setup: %s %s %s", rs[0].Code, rs[1].Code, rs[2].Code)
	}
	c, err := n.reg.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(setupBody(), c); d != "" {
		t.Error(d)
	}
}

func TestBatchItemsStandAlone(t *testing.T) {
	o := newOne(t)
	bad := create(2)
	bad.Entry.Offence = ""
	r := o.want(command.OK, command.EntryBatch{Batch: "b1", Label: "l", Items: []command.EntryPut{create(1), bad, create(3), create(1)}})
	var codes []command.Code
	for _, it := range r.Items {
		codes = append(codes, it.Code)
	}
	if d := cmp.Diff([]command.Code{command.OK, command.Invalid, command.OK, command.Exists}, codes); d != "" {
		t.Error(d)
	}
	b, err := o.reg.Batch("b1")
	if err != nil || b.Created != 2 || b.Refused != 2 || b.Changed != 0 || b.Actor != "admin" || b.UndoUntil <= b.UpdatedAt {
		t.Errorf("batch %+v, %v", b, err)
	}
	o.want(command.Invalid, command.EntryBatch{Items: []command.EntryPut{create(9)}})
}

func TestBatchUndo(t *testing.T) {
	o := newOne(t)
	for i := 1; i <= 4; i++ {
		o.want(command.OK, create(i))
	}
	withOffence := func(n int, rev uint64, s string) command.EntryPut {
		e := entry(n)
		e.Offence = s
		return command.EntryPut{Op: command.OpReplace, Entry: e, IfRevision: rev}
	}
	before := map[int]*watchlist.Entry{}
	for i := 1; i <= 4; i++ {
		e, err := o.reg.Entry(entryID(i))
		if err != nil {
			t.Fatal(err)
		}
		before[i] = e
	}
	// 1 is changed once; 2 twice by the batch; 3 is changed by somebody else
	// afterwards; 4 in between; 5 is created; 6 is created and then withdrawn.
	o.want(command.OK, command.EntryBatch{Batch: "b1", Items: []command.EntryPut{
		withOffence(1, 1, "batch"), withOffence(2, 1, "batch"), withOffence(3, 1, "batch"), withOffence(4, 1, "batch"), create(5), create(6),
	}})
	o.want(command.OK, withOffence(4, 2, "other"))
	o.want(command.OK, command.EntryBatch{Batch: "b1", Items: []command.EntryPut{withOffence(2, 2, "batch again"), withOffence(4, 3, "batch again")}})
	o.want(command.OK, withOffence(3, 2, "other"))
	gone := entry(6)
	gone.Status, gone.WithdrawnReason = watchlist.StatusWithdrawn, "r"
	o.want(command.OK, command.EntryPut{Op: command.OpWithdraw, Entry: gone, IfRevision: 1})

	o.want(command.Invalid, command.BatchUndo{Batch: "b1", Reason: " "})
	o.want(command.NotFound, command.BatchUndo{Batch: "b2", Reason: "x"})
	r := o.want(command.OK, command.BatchUndo{Batch: "b1", Reason: "wrong file"})
	got := map[watchlist.EntryID]command.Code{}
	for _, it := range r.Items {
		got[it.Entry] = it.Code
	}
	want := map[watchlist.EntryID]command.Code{
		entryID(1): command.OK, entryID(2): command.OK, entryID(3): command.Conflict,
		entryID(4): command.OK, entryID(5): command.OK, entryID(6): command.Conflict,
	}
	if d := cmp.Diff(want, got); d != "" || r.More {
		t.Fatalf("undo (More %v): %s", r.More, d)
	}
	for n, offence := range map[int]string{1: "offence", 2: "offence", 3: "other", 4: "other"} {
		e, err := o.reg.Entry(entryID(n))
		if err != nil || e.Offence != offence {
			t.Errorf("entry %d: offence %q, %v, want %q", n, e.Offence, err, offence)
		}
	}
	e, err := o.reg.Entry(entryID(1))
	if err != nil {
		t.Fatal(err)
	}
	if e.Revision != 3 || e.UpdatedAt != o.now-1 {
		t.Errorf("undone entry has revision %d and time %d", e.Revision, e.UpdatedAt)
	}
	e.Revision, e.UpdatedAt = before[1].Revision, before[1].UpdatedAt
	if d := cmp.Diff(before[1], e); d != "" {
		t.Errorf("the earlier version did not come back: %s", d)
	}
	if e, err = o.reg.Entry(entryID(5)); err != nil || e.Status != watchlist.StatusWithdrawn || e.WithdrawnReason != "wrong file" {
		t.Errorf("created entry: %s %q, %v", e.Status, e.WithdrawnReason, err)
	}
	if r := o.want(command.OK, command.BatchUndo{Batch: "b1", Reason: "again"}); len(r.Items) != 0 {
		t.Errorf("a second undo did %d items", len(r.Items))
	}
	if b, err := o.reg.Batch("b1"); err != nil || b.Undone != 4 {
		t.Errorf("batch says %d undone, %v", b.Undone, err)
	}
}

func TestUndoKeepsWithdrawn(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, create(1))
	gone := entry(1)
	gone.Status, gone.WithdrawnReason = watchlist.StatusWithdrawn, "r"
	o.want(command.OK, command.EntryBatch{Batch: "b1", Items: []command.EntryPut{{Op: command.OpWithdraw, Entry: gone, IfRevision: 1}}})
	r := o.want(command.OK, command.BatchUndo{Batch: "b1", Reason: "x"})
	if len(r.Items) != 1 || r.Items[0].Code != command.BadTransition {
		t.Errorf("undo of a withdrawal: %+v", r.Items)
	}
}

func TestBatchUndoIsBounded(t *testing.T) {
	o := newOne(t)
	const n, perCommand = 4100, 50
	for i := 0; i < n; i += perCommand {
		c := command.EntryBatch{Batch: "b1"}
		for k := i; k < i+perCommand; k++ {
			p := create(k)
			p.Entry.Faces = nil
			c.Items = append(c.Items, p)
		}
		o.want(command.OK, c)
	}
	r := o.want(command.OK, command.BatchUndo{Batch: "b1", Reason: "x"})
	if len(r.Items) != 4096 || !r.More {
		t.Fatalf("first undo: %d items, More %v", len(r.Items), r.More)
	}
	r = o.want(command.OK, command.BatchUndo{Batch: "b1", Reason: "x"})
	if len(r.Items) != n-4096 || r.More {
		t.Errorf("second undo: %d items, More %v", len(r.Items), r.More)
	}
}
