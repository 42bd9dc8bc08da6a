package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"vigie/cluster/fsm"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/google/go-cmp/cmp"
)

const whyCalibrate = "measured on twice as many people"

func calibrationPut(version, ifVersion string) command.CalibrationPut {
	return command.CalibrationPut{
		Version: version, Model: "m1", File: watchlist.BlobID(fmt.Sprintf("%064x", len(version)+int(version[0]))), IfVersion: ifVersion, Reason: whyCalibrate,
	}
}

// told is an index that follows the calibration, and what it heard in order.
type told struct {
	*shadow
	heard []string
}

func (c *told) Decided(history []watchlist.CalibrationDecision) {
	var v []string
	for _, d := range history {
		v = append(v, d.Version)
	}
	c.heard = append(c.heard, "decided "+strings.Join(v, " "))
}

func (c *told) Apply(changes []watchlist.Change, index uint64) error {
	c.heard = append(c.heard, fmt.Sprint("apply ", index))
	return c.shadow.Apply(changes, index)
}

// TestCalibrationRules: a decision is a compare-and-set with a reason, and each
// becomes part of the history.
func TestCalibrationRules(t *testing.T) {
	o := newOne(t)
	first := calibrationPut("c1", "")
	first.Shipped = true
	for i, c := range []struct {
		put  command.CalibrationPut
		want command.Code
	}{
		{calibrationPut("c1", "c0"), command.Conflict},
		{first, command.OK},
		{first, command.Conflict},
		{calibrationPut("c2", ""), command.Conflict},
		{calibrationPut("c1", "c1"), command.Exists},
		{command.CalibrationPut{Version: "c2", Model: "m1", File: first.File, IfVersion: "c1", Reason: "because"}, command.Invalid},
		{command.CalibrationPut{Version: "../x", Model: "m1", File: first.File, IfVersion: "c1", Reason: whyCalibrate}, command.Invalid},
		{calibrationPut("c2", "c1"), command.OK},
		{calibrationPut("c1", "c2"), command.OK}, // back again
	} {
		before := o.fsm.StateHash()
		if r := o.do(c.put); r.Code != c.want {
			t.Errorf("step %d: %s %v, want %s", i, r.Code, r.Fields, c.want)
		} else if r.Code == command.OK && o.fsm.StateHash() == before {
			t.Errorf("step %d: the state hash does not cover the decision", i)
		}
	}
	got, err := o.reg.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	want := []watchlist.CalibrationDecision{
		{Number: 1, Version: "c1", Model: "m1", File: first.File, By: "admin", At: start + 2, Index: 3, Reason: whyCalibrate, Shipped: true},
		{Number: 2, Version: "c2", Model: "m1", File: calibrationPut("c2", "").File, Previous: "c1", By: "admin", At: start + 8, Index: 9, Reason: whyCalibrate},
		{Number: 3, Version: "c1", Model: "m1", File: first.File, Previous: "c2", By: "admin", At: start + 9, Index: 10, Reason: whyCalibrate},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

// TestCalibrationLines: a calibration of two encoders takes the place of another one of
// both, and of none for dlib alone; all are one history.
func TestCalibrationLines(t *testing.T) {
	o := newOne(t)
	put := func(model, version, ifVersion string) command.CalibrationPut {
		c := calibrationPut(version, ifVersion)
		c.Model = model
		return c
	}
	for i, c := range []struct {
		put  command.CalibrationPut
		want command.Code
	}{
		{put("m1", "c1", ""), command.OK},
		{put("m1+n1", "b1", "c1"), command.Conflict},
		{put("m1+n1", "b1", ""), command.OK},
		{put("m1", "c2", "b1"), command.Conflict},
		{put("m1", "c2", "c1"), command.OK},
		{put("m1+n1", "b1", "b1"), command.Exists},
		{put("m1+n1", "b2", "b1"), command.OK},
		{put("m1+n2", "d1", "b2"), command.Conflict}, // another second encoder
		{put("m1+n2", "d1", ""), command.OK},
		{put("m2", "c3", "c2"), command.OK}, // the first encoder's next recipe follows the one before
	} {
		if r := o.do(c.put); r.Code != c.want {
			t.Errorf("step %d: %s %v, want %s", i, r.Code, r.Fields, c.want)
		}
	}
	history, err := o.reg.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	versions := func(list []watchlist.CalibrationDecision) (out string) {
		for _, d := range list {
			out += fmt.Sprintf("%d:%s<%s ", d.Number, d.Version, d.Previous)
		}
		return out
	}
	for model, want := range map[string]string{
		"m1": "1:c1< 3:c2<c1 6:c3<c2 ", "m2": "1:c1< 3:c2<c1 6:c3<c2 ", "m1+n1": "2:b1< 4:b2<b1 ", "m1+n2": "5:d1< ", "m2+n1": "",
	} {
		if got := versions(watchlist.DecisionsFor(history, model)); got != want {
			t.Errorf("%s: %q, want %q", model, got, want)
		}
	}
}

// TestCalibrationReplicated: the decisions survive a restart and a snapshot with
// the same state hash, and an index that follows them hears of them before
// anything else.
func TestCalibrationReplicated(t *testing.T) {
	o := newOne(t)
	o.do(create(1))
	o.do(calibrationPut("c1", ""))
	o.do(calibrationPut("c2", "c1"))
	want, err := o.reg.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	data := o.persist()
	restored := newNode(t, t.TempDir(), o.cluster)
	defer restored.close()
	if err := restored.fsm.Restore(reader(data)); err != nil {
		t.Fatal(err)
	}
	got, err := restored.reg.Calibrations()
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("after a restore (-want +got): %v\n%s", err, d)
	}
	if restored.fsm.StateHash() != o.fsm.StateHash() {
		t.Error("the state hash differs after a restore")
	}
	if err := restored.reg.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	follower := &told{shadow: newShadow()}
	f, err := fsm.New(restored.reg, o.cluster, []fsm.Index{follower}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := o.add(calibrationPut("c3", "c2"))
	f.ApplyBatch(o.logs[len(o.logs)-1:])
	if d := cmp.Diff([]string{"decided c1 c2", "decided c1 c2 c3", fmt.Sprint("apply ", l.Index)}, follower.heard); d != "" {
		t.Errorf("heard (-want +got):\n%s", d)
	}
}
