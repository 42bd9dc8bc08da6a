package sim

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"vigie/watchlist"
)

// target is the node that an event means.
func (c *simulation) target(i int) *member {
	if i != leader {
		return c.members[i]
	}
	for _, m := range c.members {
		if r := m.current(); r != nil && r.node.Status().State == "leader" {
			return m
		}
	}
	return c.members[0]
}

// strike makes one fault happen and takes it back.
func (c *simulation) strike(e event) {
	switch e.Kind {
	case join:
		c.join(c.members[c.plan.Nodes+e.A])
		return
	case powerCut:
		c.powerCut(e)
		return
	}
	m := c.target(e.A)
	switch e.Kind {
	case isolate, split, oneWay, deaf:
		c.partition(e, m)
	case mute:
		c.mute(e, m)
	case slowLinks, lossy:
		c.weaken(e, m)
	case crash:
		m.crash(e.Amount < 0.5)
		c.burst(e)
		time.Sleep(e.For)
		m.start()
	case tornWrite:
		c.tornWrite(e, m)
	case restart:
		m.stop()
		time.Sleep(e.For)
		m.start()
	case clockJump:
		jump := int64(e.Amount * float64(time.Second))
		m.skew.Add(jump)
		m.back.Add(max(0, -jump))
		time.Sleep(e.For)
		m.skew.Add(-jump)
		m.back.Add(max(0, jump))
	case diskError, diskFull, slowDisk:
		c.spoilDisk(e, m)
	case transfer:
		if r := m.current(); r != nil {
			ctx, cancel := context.WithTimeout(context.Background(), 10*unit(c.plan.Profile))
			_ = r.node.TransferLeadership(ctx) // it may fail; nothing may break
			cancel()
		}
	case remove:
		c.remove(c.members[e.B])
	}
}

// partition cuts links one way or both.
func (c *simulation) partition(e event, m *member) {
	cut := func(from, to *member) bool {
		switch e.Kind {
		case isolate:
			return from == m || to == m
		case deaf:
			return to == m
		case oneWay:
			return from == m && to == c.members[e.B]
		default: // split
			side := func(x *member) bool { return (x.i-m.i+c.plan.Nodes)%c.plan.Nodes < e.B }
			return side(from) != side(to)
		}
	}
	var cuts [][2]watchlist.NodeID
	for _, from := range c.members {
		for _, to := range c.members {
			if from != to && cut(from, to) {
				cuts = append(cuts, [2]watchlist.NodeID{from.id, to.id})
			}
		}
	}
	for _, k := range cuts {
		c.net.cutLink(k[0], k[1])
	}
	c.burst(e)
	time.Sleep(e.For)
	for _, k := range cuts {
		c.net.mendLink(k[0], k[1])
	}
}

// mute makes a leader think for longer than it should that it leads: answers
// reach it later and later, then nobody hears it any more. Meanwhile it is asked
// for what others may have written under its successor.
func (c *simulation) mute(e event, m *member) {
	u := unit(c.plan.Profile)
	const steps = 6
	var undo []func()
	for range steps {
		for _, other := range c.members {
			if other != m {
				undo = append(undo, c.net.tune(other.id, m.id, func(l *link) {
					l.latency += time.Duration(e.Amount / steps * float64(time.Second))
				}))
			}
		}
		time.Sleep(u)
	}
	for _, other := range c.members {
		if other != m {
			c.net.cutLink(m.id, other.id)
		}
	}
	id := entryID(e.B % c.plan.Entries)
	var asked sync.WaitGroup
	over := time.Now().Add(7 * u / 2)
	for i := range 2 {
		writer, other := c.client(c.extra()), c.members[(m.i+1+i)%c.plan.Nodes]
		writer.hasty = true
		asked.Go(func() {
			for time.Now().Before(over) {
				if r := other.current(); r != nil {
					found, _ := r.shadow.get(id)
					writer.known[id] = found.Rev
					writer.write(other, id)
				}
				time.Sleep(u / 8)
			}
		})
	}
	for time.Now().Before(over) {
		reader := c.client(c.extra())
		reader.hasty = true
		asked.Go(func() { reader.read(m, id) })
		time.Sleep(u / 15)
	}
	time.Sleep(e.For)
	for _, other := range c.members {
		if other != m {
			c.net.mendLink(m.id, other.id)
		}
	}
	for _, f := range slices.Backward(undo) {
		f()
	}
	asked.Wait()
}

// client makes another client.
func (c *simulation) client(i int) *client {
	return &client{c: c, i: i, rng: rand.New(rand.NewPCG(c.plan.Seed, uint64(1000+i))), known: make(map[watchlist.EntryID]uint64)}
}

// burst writes a lot at once, now and then, so that whoever is away misses more
// than the log keeps and gets a snapshot.
func (c *simulation) burst(e event) {
	if e.Amount < 0.5 {
		return
	}
	cl := c.client(c.extra())
	end := time.Now().Add(e.For)
	for range 2 * (c.plan.SnapshotEvery + c.plan.Trailing) {
		if time.Now().After(end) {
			return
		}
		cl.churn(c.someone(cl.rng))
	}
	time.Sleep(min(time.Until(end), c.plan.SnapshotCheck))
}

// extra numbers the clients that a fault brings.
func (c *simulation) extra() int { return int(1000 + c.extras.Add(1)) }

// weaken makes links slow or lossy. Two faults on one link end together.
func (c *simulation) weaken(e event, m *member) {
	var undo []func()
	for _, other := range c.members {
		if other == m {
			continue
		}
		undo = append(undo, c.net.tune(m.id, other.id, func(l *link) {
			if e.Kind == slowLinks {
				l.latency += time.Duration(e.Amount * float64(time.Second))
			} else {
				l.loss = max(l.loss, e.Amount)
			}
		}))
	}
	time.Sleep(e.For)
	for _, f := range slices.Backward(undo) {
		f()
	}
}

// tornWrite lets the power fail in the middle of a write.
func (c *simulation) tornWrite(e event, m *member) {
	r := m.current()
	if r == nil {
		return
	}
	failed := make(chan struct{})
	r.disk.arm(int(e.Amount), func() { close(failed) })
	select {
	case <-failed:
		m.crash(e.B%2 == 0)
		time.Sleep(min(e.For, 20*unit(c.plan.Profile)))
		m.start()
	case <-r.over:
	case <-time.After(e.For):
		r.disk.arm(0, nil)
		// It may have failed at this instant.
		if r.disk.left() != nil {
			m.crash(true)
			m.start()
		}
	}
}

func (c *simulation) powerCut(e event) {
	down := min(e.For, 20*unit(c.plan.Profile))
	for _, m := range c.members {
		if m.current() != nil {
			c.wg.Go(func() {
				m.crash(true)
				time.Sleep(down)
				m.start()
			})
		}
	}
}

func (c *simulation) spoilDisk(e event, m *member) {
	r := m.current()
	if r == nil {
		return
	}
	switch e.Kind {
	case diskError:
		r.disk.set(errIO, nil, 0)
	case diskFull:
		r.disk.set(nil, errFull, 0)
	default:
		r.disk.set(nil, nil, time.Duration(e.Amount*float64(time.Second)))
	}
	time.Sleep(e.For)
	r.disk.set(nil, nil, 0)
}

// join starts a node that the cluster has admitted.
func (c *simulation) join(m *member) {
	m.wanted = true
	m.start()
}

// remove takes a node out of the cluster. Whether it was done is not always
// known to the one who asked: the node counts no more either way.
func (c *simulation) remove(m *member) {
	via := c.target(leader)
	r := via.current()
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*unit(c.plan.Profile))
	defer cancel()
	m.wanted = false
	_ = r.node.Remove(ctx, m.id)
}
