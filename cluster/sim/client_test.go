package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// client works on the entries until stop is closed.
type client struct {
	c   *simulation
	i   int
	rng *rand.Rand
	n   int
	// hasty clients don't wait long.
	hasty bool
	// known is the newest revision that the client saw of each entry.
	known map[watchlist.EntryID]uint64
}

func (cl *client) work(stop <-chan struct{}) {
	for {
		// Bursts, so that operations overlap.
		pause := time.Duration(cl.rng.ExpFloat64() * float64(cl.c.plan.Think))
		if cl.rng.IntN(2) == 0 {
			pause = time.Duration(cl.rng.Int64N(int64(unit(cl.c.plan.Profile))))
		} else {
			pause *= 2
		}
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
		cl.one()
	}
}

func (cl *client) one() {
	id := entryID(cl.rng.IntN(cl.c.plan.Entries))
	m := cl.c.someone(cl.rng)
	switch x := cl.rng.IntN(20); {
	case x < 8:
		cl.write(m, id)
	case x < 12:
		cl.read(m, id)
	case x < 15:
		cl.churn(m)
	default:
		cl.local(m, id)
	}
}

// someone is a running node, if there is one.
func (c *simulation) someone(rng *rand.Rand) *member {
	for _, i := range rng.Perm(len(c.members)) {
		if m := c.members[i]; m.current() != nil {
			return m
		}
	}
	return c.members[0]
}

// alive gives the node's run and a context that ends with it.
func (cl *client) alive(m *member, limit time.Duration) (*run, context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	r := m.current()
	if r == nil {
		return nil, ctx, cancel
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-r.over:
			cancel()
		case <-done:
		}
	}()
	return r, ctx, func() {
		close(done)
		cancel()
	}
}

func (r *run) isOver() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

func (cl *client) patience() time.Duration {
	if cl.hasty {
		return 2 * unit(cl.c.plan.Profile)
	}
	return 30 * unit(cl.c.plan.Profile)
}

// write puts or withdraws an entry with compare-and-set.
func (cl *client) write(m *member, id watchlist.EntryID) {
	cl.n++
	in := act{Entry: id, Op: command.OpReplace, If: cl.known[id], Text: fmt.Sprintf("c%d-%d", cl.i, cl.n)}
	if in.If == 0 {
		in.Op = command.OpCreate
	}
	e := entry(id, in.Text)
	if in.If > 0 && cl.rng.IntN(8) == 0 {
		in.Op, e.Status, e.WithdrawnReason = command.OpWithdraw, watchlist.StatusWithdrawn, "test"
	}
	env := command.New(fmt.Sprint("client", cl.i), command.EntryPut{Op: in.Op, IfRevision: in.If, Entry: e})
	tries := 1
	if cl.rng.IntN(5) > 0 {
		hash := sha256.Sum256([]byte(in.Text))
		env.IdemKey, env.IdemHash, tries = in.Text, hash[:], 3
	}
	called := time.Now()
	for try := range tries {
		res, out, sure := cl.propose(m, env)
		switch {
		case out.Unknown && try < tries-1:
			// The same request again, anywhere: it has one effect.
			m = cl.c.someone(cl.rng)
			continue
		case sure && try == 0:
			cl.c.history.refused()
			return
		case sure:
			out.Unknown = true // an earlier try may have been committed
		}
		cl.c.history.done(cl.i, in, called, out, res.Index)
		if out.Unknown {
			return
		}
		cl.known[id] = out.Found.Rev
		if out.Code == command.OK {
			cl.readOwn(id, res)
		}
		return
	}
}

// propose gives the outcome; sure: certainly nothing was committed.
func (cl *client) propose(m *member, env command.Envelope) (res command.Result, out outcome, sure bool) {
	r, ctx, cancel := cl.alive(m, cl.patience())
	defer cancel()
	if r == nil {
		return res, out, true
	}
	res, err := r.node.Propose(ctx, env)
	switch {
	case r.isOver(), errors.Is(err, watchlist.ErrOutcomeUnknown):
		return res, outcome{Unknown: true}, false
	case err == nil:
		return res, outcome{Code: res.Code, Found: value{Rev: res.Revision}}, false
	case errors.Is(err, watchlist.ErrNoLeader), errors.Is(err, watchlist.ErrOverloaded), errors.Is(err, watchlist.ErrDiskFull):
		return res, out, true
	default:
		cl.c.history.violated("a proposal failed in an undocumented way: %v", err)
		return res, outcome{Unknown: true}, false
	}
}

// readOwn reads the client's own write on some node by min-index.
func (cl *client) readOwn(id watchlist.EntryID, wrote command.Result) {
	m := cl.c.someone(cl.rng)
	r, ctx, cancel := cl.alive(m, cl.patience())
	defer cancel()
	if r == nil || r.node.WaitIndex(ctx, wrote.Index) != nil {
		return
	}
	found, _ := r.shadow.get(id)
	if found.Rev < wrote.Revision && !r.isOver() {
		cl.c.history.violated("node %d waited for raft index %d and its index holds revision %d, written was %d", m.i, wrote.Index, found.Rev, wrote.Revision)
	}
	e, err := r.node.Registry().Entry(id)
	if r.isOver() {
		return
	}
	if err != nil || e.Revision < wrote.Revision {
		cl.c.history.violated("node %d waited for raft index %d and does not hold what was written there: %v", m.i, wrote.Index, err)
	}
}

// read is a linearizable read.
func (cl *client) read(m *member, id watchlist.EntryID) {
	r, ctx, cancel := cl.alive(m, cl.patience())
	defer cancel()
	if r == nil {
		return
	}
	called := time.Now()
	if err := r.node.Linearizable(ctx); err != nil {
		return
	}
	e, err := r.node.Registry().Entry(id)
	if err != nil && !errors.Is(err, watchlist.ErrNotFound) || r.isOver() {
		return
	}
	v := valueOf(e)
	cl.known[id] = v.Rev
	cl.c.history.done(cl.i, act{Entry: id, Read: true}, called, outcome{Found: v}, 0)
}

// local is a match: answered by the node alone, at once, with a stamp that is
// true.
func (cl *client) local(m *member, id watchlist.EntryID) {
	r := m.current()
	if r == nil {
		return
	}
	began := time.Now()
	stamp := r.node.Stamp()
	found, _ := r.shadow.get(id)
	e, err := r.node.Registry().Entry(id)
	took := time.Since(began)
	if r.isOver() {
		return
	}
	h := cl.c.history
	h.matched(err == nil || errors.Is(err, watchlist.ErrNotFound), took, stamp)
	stored := valueOf(e)
	h.fits(fmt.Sprintf("node %d", m.i), id, stored)
	h.fits(fmt.Sprintf("the index of node %d", m.i), id, found)
	h.moved(m.i, stamp.AppliedIndex, stamp.StateHash)
	cl.c.stamped(m, stamp.AppliedIndex)
	// Everything that was acknowledged before the list's age must be there. A
	// clock that was set back while the node was off makes the age too small; it
	// is the only bridge over a restart.
	age := time.Duration(stamp.AgeMillis+1)*time.Millisecond + time.Duration(m.back.Load())
	if want, any := h.newest(id, began.Add(-age)); any && (stored.Rev < want.Rev || found.Rev < want.Rev) {
		h.violated("node %d says that its list is %d ms old; it lacks revision %d of %s before (registry %d, index %d)",
			m.i, stamp.AgeMillis, want.Rev, began.Sub(want.at), stored.Rev, found.Rev)
	}
	cl.known[id] = max(cl.known[id], stored.Rev)
}

// churn writes what comes and goes: sessions, and batches whose items build on
// each other.
func (cl *client) churn(m *member) {
	cl.n++
	session := fmt.Sprint("session", cl.rng.IntN(6))
	base := 1000 + cl.i*100 + cl.n%20
	items := []command.EntryPut{
		{Op: command.OpCreate, Entry: entry(entryID(base), "first")},
		{Op: command.OpReplace, IfRevision: 1, Entry: entry(entryID(base), "second")},
		{Op: command.OpCreate, Entry: entry(entryID(base+50), fmt.Sprint("batch ", cl.n))},
	}
	bodies := []command.Body{
		command.SessionPut{Session: watchlist.Session{TokenHash: session, User: simUser, ExpiresAt: 1 << 52}},
		command.SessionDrop{TokenHash: session},
		command.SessionPut{Session: watchlist.Session{TokenHash: session, User: simUser, ExpiresAt: 1 << 52}},
		command.SessionDrop{TokenHash: session},
		command.EntryBatch{Batch: watchlist.BatchID(fmt.Sprint("b", cl.i, "-", cl.n)), Items: items},
	}
	r, ctx, cancel := cl.alive(m, cl.patience())
	defer cancel()
	if r == nil {
		return
	}
	// What becomes of it shows in the state hash.
	_, _ = r.node.Propose(ctx, command.New("churn", bodies[cl.rng.IntN(len(bodies))]))
}

func entryID(i int) watchlist.EntryID {
	return watchlist.NewEntryID("SEN", fmt.Sprintf("0192f0c1-0000-7000-8000-%012x", i))
}

// entry is a specimen of no person.
func entry(id watchlist.EntryID, text string) watchlist.Entry {
	v := make([]float32, 128)
	for k := range v {
		v[k] = float32(len(text)) + float32(k)/128
	}
	return watchlist.Entry{
		ID: id, Origin: origin, Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive,
		Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Specimen Personne"}},
		Faces:      []watchlist.Face{{ID: "f1", Template: watchlist.EncodeTemplate(v), Model: "m1"}},
		LegalBasis: "law", Offence: text, CaseReference: "case", Issued: 1, ReviewBy: 2, ExpiresAt: 4_000_000_000_000, Specimen: true,
	}
}
