package fsm_test

import (
	"fmt"
	"iter"
	"testing"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
)

func reportItem(n int, op command.Op, ifRevision uint64) command.ReportItem {
	return command.ReportItem{Op: op, IfRevision: ifRevision, Report: watchlist.ReportedDocument{
		ID: watchlist.ReportID(entryID(n)), Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, Type: "passport", Number: fmt.Sprintf("A%07d", n), Issuer: "SEN",
		Status: watchlist.ReportStolen, Reported: watchlist.PartialDate{Year: 2026}, Reference: "PV 1", KeepUntil: start * 2,
	}}
}

func one1(it command.ReportItem) command.ReportPut {
	return command.ReportPut{Items: []command.ReportItem{it}}
}

// following is an index that follows the reports, and what it heard.
type following struct {
	*shadow
	revisions map[watchlist.ReportID]uint64
}

func newFollowing() *following {
	return &following{shadow: newShadow(), revisions: map[watchlist.ReportID]uint64{}}
}

func (f *following) ApplyReports(changes []watchlist.ReportChange, _ uint64) error {
	for _, c := range changes {
		f.revisions[c.Report.ID] = c.Report.Revision
	}
	return nil
}

func (f *following) RebuildReports(reports iter.Seq2[*watchlist.ReportedDocument, error], _ uint64) error {
	f.revisions = map[watchlist.ReportID]uint64{}
	for r, err := range reports {
		if err != nil {
			return err
		}
		f.revisions[r.ID] = r.Revision
	}
	return nil
}

func TestReportRules(t *testing.T) {
	o := newOne(t)
	foreign := reportItem(2, command.OpCreate, 0)
	foreign.Report.Origin.Country, foreign.Report.ID = "MLI", "MLI"+foreign.Report.ID[3:]
	bad := reportItem(2, command.OpCreate, 0)
	bad.Report.Issuer, bad.Report.NumberTo = "", "A1"
	gone := func(n int, rev uint64) command.ReportItem {
		it := reportItem(n, command.OpWithdraw, rev)
		it.Report.Withdrawn, it.Report.WithdrawnReason = true, "found again"
		return it
	}
	for i, c := range []struct {
		body command.Body
		want command.Code
	}{
		{one1(reportItem(1, command.OpCreate, 0)), command.OK},
		{one1(reportItem(1, command.OpCreate, 0)), command.Exists},
		{one1(reportItem(1, command.OpReplace, 7)), command.Conflict},
		{one1(reportItem(1, command.OpReplace, 1)), command.OK},
		{one1(reportItem(3, command.OpReplace, 1)), command.NotFound},
		{one1(foreign), command.ForeignOrigin},
		{one1(bad), command.Invalid},
		{one1(reportItem(1, command.OpWithdraw, 2)), command.BadTransition},
		{one1(gone(2, 0)), command.NotFound},
		{one1(gone(1, 2)), command.OK},
		{one1(reportItem(1, command.OpReplace, 3)), command.BadTransition},
		{command.ReportPut{}, command.Invalid},
		{command.ReportUndo{Batch: "b", Reason: "r"}, command.NotFound},
		{command.ReportUndo{Batch: "b"}, command.Invalid},
	} {
		before := o.fsm.StateHash()
		r := o.do(c.body)
		if r.Code != c.want {
			t.Errorf("step %d: %s %v, want %s", i, r.Code, r.Fields, c.want)
		}
		if r.Code == command.OK && o.fsm.StateHash() == before {
			t.Errorf("step %d: the state hash does not cover it", i)
		}
	}
	r, err := o.reg.Report(watchlist.ReportID(entryID(1)))
	if err != nil || r.Revision != 3 || !r.Withdrawn || r.CreatedAt >= r.UpdatedAt {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReportBatches: an import is undone as a whole: what it created is withdrawn,
// what it changed put back, what was changed since left alone; after the window
// nothing is kept of it.
func TestReportBatches(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, one1(reportItem(1, command.OpCreate, 0)))
	changed := reportItem(1, command.OpReplace, 1)
	changed.Report.Status = watchlist.ReportLost
	broken := reportItem(4, command.OpCreate, 0)
	broken.Report.Reference = ""
	r := o.want(command.OK, command.ReportPut{Batch: "b1", Label: "list", Items: []command.ReportItem{
		changed, reportItem(2, command.OpCreate, 0), reportItem(3, command.OpCreate, 0), broken,
	}})
	var codes []command.Code
	for _, it := range r.Items {
		codes = append(codes, it.Code)
	}
	if d := cmp.Diff([]command.Code{command.OK, command.OK, command.OK, command.Invalid}, codes); d != "" {
		t.Fatal(d)
	}
	// The same name is free for a batch of entries.
	o.want(command.OK, command.EntryBatch{Batch: "b1", Items: []command.EntryPut{create(9)}})
	o.want(command.OK, one1(reportItem(3, command.OpReplace, 1)))
	r = o.want(command.OK, command.ReportUndo{Batch: "b1", Reason: "wrong file"})
	codes = nil
	for _, it := range r.Items {
		codes = append(codes, it.Code)
	}
	if d := cmp.Diff([]command.Code{command.OK, command.OK, command.Conflict}, codes); d != "" {
		t.Error(d)
	}
	for n, want := range map[int]string{1: "stolen false 3", 2: "stolen true 2", 3: "stolen false 2"} {
		x, err := o.reg.Report(watchlist.ReportID(entryID(n)))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(x.Status, " ", x.Withdrawn, " ", x.Revision); got != want {
			t.Errorf("report %d: %s, want %s", n, got, want)
		}
	}
	if e, err := o.reg.Entry(entryID(9)); err != nil || e.Status != watchlist.StatusActive {
		t.Errorf("the undo reached an entry: %v", err)
	}
	o.want(command.OK, command.ReportPut{Batch: "b2", Items: []command.ReportItem{reportItem(5, command.OpCreate, 0)}})
	o.now += fsm.UndoWindow + 1
	o.want(command.NotFound, command.ReportUndo{Batch: "b2", Reason: "too late"})
	if list, err := o.reg.Batches(); err != nil || len(list) != 0 {
		t.Errorf("%d batches are left, %v", len(list), err)
	}
	if err := o.reg.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestReportsReplicated: reports survive a snapshot with the same state hash, and an
// index that follows them has them after a restart, a restore and a change.
func TestReportsReplicated(t *testing.T) {
	o := newOne(t)
	o.want(command.OK, command.ReportPut{Batch: "b1", Items: []command.ReportItem{reportItem(1, command.OpCreate, 0), reportItem(2, command.OpCreate, 0)}})
	data := o.persist()
	restored := newNode(t, t.TempDir(), o.cluster)
	defer restored.close()
	if err := restored.fsm.Restore(reader(data)); err != nil {
		t.Fatal(err)
	}
	if restored.fsm.StateHash() != o.fsm.StateHash() {
		t.Error("the state hash differs after a restore")
	}
	if err := restored.reg.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	follower := newFollowing()
	f, err := fsm.New(restored.reg, o.cluster, []fsm.Index{follower}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	one, two := watchlist.ReportID(entryID(1)), watchlist.ReportID(entryID(2))
	if d := cmp.Diff(map[watchlist.ReportID]uint64{one: 1, two: 1}, follower.revisions); d != "" {
		t.Errorf("at the start (-want +got):\n%s", d)
	}
	o.add(command.ReportUndo{Batch: "b1", Reason: "the batch is known after a restore"})
	f.ApplyBatch(o.logs[len(o.logs)-1:])
	if d := cmp.Diff(map[watchlist.ReportID]uint64{one: 2, two: 2}, follower.revisions); d != "" {
		t.Errorf("after an undo (-want +got):\n%s", d)
	}
	// A machine that has followed from the beginning, and lacks the reports.
	behind, late := newNode(t, t.TempDir(), o.cluster), newFollowing()
	defer behind.close()
	behind.apply(o.logs[0])
	g, err := fsm.New(behind.reg, o.cluster, []fsm.Index{late}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	late.revisions["of the old state"] = 9
	if err := g.Restore(reader(data)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[watchlist.ReportID]uint64{one: 1, two: 1}, late.revisions); d != "" {
		t.Errorf("after a restore (-want +got):\n%s", d)
	}
}
