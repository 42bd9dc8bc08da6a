package spaces

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"vigie/cluster/registry"
	"vigie/models"
	"vigie/watchlist"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scoreIn is the score of two templates in a space, written down once more.
func scoreIn(t testing.TB, c *models.Calibration, a, b []float32) float64 {
	t.Helper()
	x, err := c.Project(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := c.Project(b)
	if err != nil {
		t.Fatal(err)
	}
	d2 := 0.0
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		d2 += float64(d * d)
	}
	return 1 - float64(d2/2)
}

// checkLead holds a lead against the calibration that it names: threshold, size
// and every score must be that one's.
func checkLead(t testing.TB, lead *watchlist.Lead, by map[string]*models.Calibration, probe []float32) string {
	t.Helper()
	version := lead.Models["calibration"]
	c := by[version]
	if c == nil || lead.OperatingPoint.Calibration != version {
		t.Errorf("the lead names %q and %q", version, lead.OperatingPoint.Calibration)
		return version
	}
	if _, want := c.OperatingPoint(lead.OperatingPoint.TargetFPIR, lead.OperatingPoint.GallerySize); lead.OperatingPoint.Threshold != want {
		t.Errorf("threshold %v under %s, want %v", lead.OperatingPoint.Threshold, version, want)
	}
	for _, x := range lead.Candidates {
		tpl, err := watchlist.DecodeTemplate(x.Entry.Faces[0].Template)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, e := range x.Evidence {
			if want := scoreIn(t, c, probe, tpl); e.Kind == watchlist.EvidenceFace && math.Abs(e.Score-want) > 1e-12 {
				t.Errorf("score %v under %s, want %v", e.Score, version, want)
			}
		}
	}
	return version
}

// TestChangeUnderSearches: of two nodes with one list, one can follow a decision
// and the other can't get the file. Searches and writes go on all the time: every
// lead is whole in the calibration that it names, and the second node says that
// it is behind until the file comes.
func TestChangeUnderSearches(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	shipped := a.spaces.Calibration()
	file, other := doctored(t, 0.5)
	by := map[string]*models.Calibration{shipped.Version(): shipped, other.Version(): other}
	nodes := []*world{a, b}
	for _, w := range nodes {
		w.decide(models.ShippedCalibration(), shipped)
		for n := range uint64(200) {
			w.put(entryOf(n))
		}
	}
	if err := a.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for _, w := range nodes {
		for range 2 {
			work.Go(func() {
				seen := map[string]bool{}
				for n := uint64(0); ctx.Err() == nil; n = (n + 1) % 200 {
					lead, err := w.spaces.Match(context.Background(), probe(n))
					if err != nil {
						t.Errorf("match: %v", err)
						return
					}
					v := checkLead(t, lead, by, template(n))
					if v == shipped.Version() && seen[other.Version()] {
						t.Error("a search went back to the earlier calibration")
						return
					}
					seen[v] = true
				}
			})
		}
	}
	for _, w := range nodes {
		w.decide(file, other)
		for n := range uint64(100) {
			e := entryOf(n)
			e.Status, e.WithdrawnReason = watchlist.StatusWithdrawn, "test"
			w.put(e, entryOf(200+n))
			w.put(entryOf(n))
		}
	}
	a.awaitUsed(other)
	b.await("a miss of the file", func() bool { return b.spaces.Status().State == NoFile })
	if st := b.spaces.Status(); st.Used != shipped.Version() || st.InForce != other.Version() || st.Failures == 0 {
		t.Errorf("the node behind: %+v", st)
	}
	if err := b.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	b.awaitUsed(other)
	stop()
	work.Wait()
	for n := range uint64(300) {
		for _, w := range nodes {
			lead, err := w.spaces.Match(t.Context(), probe(n))
			if err != nil || len(lead.Candidates) == 0 || lead.Candidates[0].Entry.ID != entryOf(n).ID || checkLead(t, lead, by, template(n)) != other.Version() {
				t.Fatalf("after the change: %v", err)
			}
		}
	}
	if a.spaces.Stats().Live != 300 || a.spaces.Applied() != b.spaces.Applied() {
		t.Errorf("%d templates, applied %d and %d", a.spaces.Stats().Live, a.spaces.Applied(), b.spaces.Applied())
	}
}

// TestReplayInThePastSpace: after a change, a replay of an earlier search has its
// calibration and its scores, with an entry that was withdrawn since; also after
// a restart, and until it is pruned.
func TestReplayInThePastSpace(t *testing.T) {
	w := newWorld(t)
	shipped := w.spaces.Calibration()
	file, other := doctored(t, 0.5)
	w.decide(models.ShippedCalibration(), shipped)
	for n := range uint64(20) {
		w.put(entryOf(n))
	}
	searched := w.index
	gone := entryOf(3)
	gone.Status, gone.WithdrawnReason = watchlist.StatusWithdrawn, "test"
	w.put(gone)
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	w.decide(file, other)
	w.awaitUsed(other)
	w.put(entryOf(30))

	low := -1.0
	ask := func(asOf uint64, calibration string) (*watchlist.Replay, error) {
		return w.spaces.Replay(t.Context(), watchlist.ReplayQuery{
			Templates: probe(3).Templates, AsOf: asOf, MinScore: &low, Limit: 200, Calibration: calibration, Purpose: "test", Reason: "a test",
		})
	}
	check := func(asOf uint64, calibration string, want *models.Calibration, has, hasNot uint64) {
		t.Helper()
		out, err := ask(asOf, calibration)
		if err != nil {
			t.Errorf("as of %d under %q: %v", asOf, calibration, err)
			return
		}
		if out.Point.Calibration != want.Version() || out.Models["calibration"] != want.Version() {
			t.Errorf("as of %d: calibration %s, want %s", asOf, out.Point.Calibration, want.Version())
		}
		found := map[watchlist.EntryID]float64{}
		for _, c := range out.Candidates {
			found[c.Entry] = c.Score
		}
		if s, ok := found[entryOf(has).ID]; !ok || math.Abs(s-scoreIn(t, want, template(3), template(has))) > 1e-12 {
			t.Errorf("as of %d: entry %d scores %v, %v", asOf, has, s, ok)
		}
		if _, ok := found[entryOf(hasNot).ID]; ok {
			t.Errorf("as of %d: entry %d is found", asOf, hasNot)
		}
	}
	for _, round := range []string{"running", "restarted"} {
		check(searched, "", shipped, 3, 30)
		check(searched, shipped.Version(), shipped, 3, 30)
		check(searched+1, "", shipped, 4, 3) // withdrawn
		check(w.index, "", other, 30, 3)
		var lost *watchlist.CalibrationError
		if _, err := ask(w.index, shipped.Version()); !errors.As(err, &lost) || !lost.Known || lost.Version != shipped.Version() {
			t.Errorf("%s: a later index under the earlier calibration: %v", round, err)
		}
		if _, err := ask(searched, "c-unknown"); !errors.As(err, &lost) || lost.Known {
			t.Errorf("%s: an unknown version: %v", round, err)
		}
		if round == "running" {
			w.close()
			w.open()
			if w.spaces.Used() != other.Version() {
				t.Fatalf("after a restart: %s", w.spaces.Used())
			}
		}
	}
	for i := range uint64(1100) { // beyond the history
		w.index++
		if err := w.spaces.Apply(nil, w.index); err != nil {
			t.Fatal(i, err)
		}
	}
	w.await("the removal of the past space", func() bool { return len(w.spaces.past.list()) == 0 })
	var lost *watchlist.CalibrationError
	if _, err := ask(searched, ""); !errors.As(err, &lost) || lost.Version != shipped.Version() {
		t.Errorf("a search of a forgotten space: %v", err)
	}
}

// TestRestartResumes: a node that stopped before it could change does so at its
// next start, from files when it has them; a decision back is followed too.
func TestRestartResumes(t *testing.T) {
	w := newWorld(t)
	shipped := w.spaces.Calibration()
	file, other := doctored(t, 0.5)
	w.decide(models.ShippedCalibration(), shipped)
	w.put(entryOf(1), entryOf(2))
	w.decide(file, other)
	w.await("a miss of the file", func() bool { return w.spaces.Status().State == NoFile })
	w.close()
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	// Files of an earlier release lie in the folder itself.
	left := filepath.Join(w.dir, "gallery", "0123.segment")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	if _, err := os.Stat(left); err == nil {
		t.Error("files of an earlier release stay for ever")
	}
	w.awaitUsed(other)
	w.decide(models.ShippedCalibration(), shipped)
	w.awaitUsed(shipped)
	lead, err := w.spaces.Match(t.Context(), probe(2))
	if err != nil || lead.Candidates[0].Entry.ID != entryOf(2).ID || lead.Models["calibration"] != shipped.Version() {
		t.Errorf("after the way back: %v", err)
	}
	want := []past{{3, shipped.Version()}, {4, other.Version()}}
	if got := w.spaces.past.list(); !slices.Equal(got, want) {
		t.Errorf("past spaces: %v, want %v", got, want)
	}
}

// pausing is a registry whose View waits.
type pausing struct {
	Registry
	begun, resume chan struct{}
	once          sync.Once
}

func (p *pausing) View() (*registry.View, error) {
	p.once.Do(func() { close(p.begun) })
	<-p.resume
	return p.Registry.View()
}

// TestOvertaken: a list that is replaced while a space is built makes it begin
// anew, and what it then shows is the new list.
func TestOvertaken(t *testing.T) {
	w := newWorld(t)
	shipped := w.spaces.Calibration()
	file, other := doctored(t, 0.5)
	w.decide(models.ShippedCalibration(), shipped)
	for n := range uint64(50) {
		w.put(entryOf(n))
	}
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	next := w.spaces.newSpace(other, w.spaces.folder("aside"))
	defer next.close()
	reg := &pausing{Registry: w.reg, begun: make(chan struct{}), resume: make(chan struct{})}
	w.spaces.reg = reg
	done := make(chan error)
	go func() {
		_, _, err := w.spaces.build(t.Context(), next)
		done <- err
	}()
	<-reg.begun
	go close(reg.resume) // build holds the state machine off until it has its view
	if err := w.spaces.Rebuild(w.reg.Each(), w.index); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, errOvertaken) {
		t.Errorf("a build that was overtaken: %v", err)
	}
	if w.spaces.Used() != shipped.Version() || w.spaces.queue != nil {
		t.Error("it took effect all the same")
	}
	q := &queue{}
	q.add(make([]watchlist.Change, maxQueued+1), 5)
	if !q.overflowed || len(q.take()) != 0 {
		t.Error("the queue has no bound")
	}
	w.decide(file, other)
	w.awaitUsed(other)
}

// TestStatusWhileTheFileHasCome: a node that missed the file says that it changes
// as soon as it has it, not only when it has changed.
func TestStatusWhileTheFileHasCome(t *testing.T) {
	w := newWorld(t)
	shipped := w.spaces.Calibration()
	file, other := doctored(t, 0.5)
	w.decide(models.ShippedCalibration(), shipped)
	w.put(entryOf(1))
	reg := &pausing{Registry: w.reg, begun: make(chan struct{}), resume: make(chan struct{})}
	w.spaces.reg = reg
	w.decide(file, other)
	w.await("a miss of the file", func() bool { return w.spaces.Status().State == NoFile })
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	<-reg.begun
	if st := w.spaces.Status(); st.State != Changing || st.Failures == 0 {
		t.Errorf("while it projects its gallery: %+v", st)
	}
	close(reg.resume)
	w.awaitUsed(other)
}

// slow is a matcher that waits before it searches, as one that encodes a photo.
type slow struct {
	Matcher
	begun, resume chan struct{}
}

func (m slow) Match(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error) {
	close(m.begun)
	<-m.resume
	return m.Matcher.Match(ctx, p)
}

// TestSearchAcrossTheSwap: a search that began before a swap answers in the space
// that it took, and with the entries that were written after the swap: its stamp
// says so.
func TestSearchAcrossTheSwap(t *testing.T) {
	w := newWorld(t)
	shipped := w.spaces.Calibration()
	file, other := doctored(t, 0.5)
	w.decide(models.ShippedCalibration(), shipped)
	w.put(entryOf(1), entryOf(2))
	sp := w.spaces.cur.Load()
	m := slow{*sp.match.Load(), make(chan struct{}), make(chan struct{})}
	wrapped := Matcher(m)
	sp.match.Store(&wrapped)
	answer := make(chan *watchlist.Lead)
	go func() {
		lead, err := w.spaces.Match(context.Background(), probe(7))
		if err != nil {
			t.Error(err)
		}
		answer <- lead
	}()
	<-m.begun
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	w.decide(file, other)
	w.await("the swap", func() bool { return w.spaces.Used() == other.Version() })
	gone := entryOf(1)
	gone.Status, gone.WithdrawnReason = watchlist.StatusWithdrawn, "test"
	w.put(entryOf(7), gone)
	close(m.resume)
	lead := <-answer
	if lead.Models["calibration"] != shipped.Version() || lead.Stamp.AppliedIndex != w.index || len(lead.Candidates) == 0 || lead.Candidates[0].Entry.ID != entryOf(7).ID {
		t.Errorf("calibration %s, stamp %d of %d, %d candidates", lead.Models["calibration"], lead.Stamp.AppliedIndex, w.index, len(lead.Candidates))
	}
	w.awaitUsed(other)
	if got := w.spaces.past.list(); len(got) != 1 || got[0].until != w.index {
		t.Errorf("past spaces: %v, want up to %d", got, w.index)
	}
}

// TestReportCountsWhatIsComparedBeside: a report states the threshold for all
// templates that a probe is compared with, those of a second encoder's gallery among
// them.
func TestReportCountsWhatIsComparedBeside(t *testing.T) {
	w := newWorld(t)
	w.put(entryOf(1), entryOf(2))
	alone := w.spaces.describe(w.spaces.Calibration()).Point
	w.spaces.opt.Beside = func() int { return 40 }
	both := w.spaces.describe(w.spaces.Calibration()).Point
	if alone.GallerySize != 2 || both.GallerySize != 42 || !(both.Threshold > alone.Threshold) {
		t.Errorf("alone %+v, beside 40: %+v", alone, both)
	}
}
