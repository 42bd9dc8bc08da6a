package feed_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

// history is an origin whose entries and policy change at random.
type history struct {
	*origin
	rnd     *rand.Rand
	policy  *sharing.Policy
	pub     *feed.Publisher
	entries []*watchlist.Entry
	said    map[string]feed.Last
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{origin: newOrigin(t, testFeed), rnd: rand.New(rand.NewPCG(seed, 1)), said: map[string]feed.Last{}}
	h.policy = &sharing.Policy{Format: sharing.Format, Owner: "SEN", Grants: []sharing.Grant{{To: sharing.Recipient{Kind: sharing.Partner, Country: "MLI"}, Groups: toMali}}}
	h.pub = feed.NewPublisher(sharing.Recipient{Kind: sharing.Partner, Country: "MLI"}, h.salts)
	for i := range 40 {
		h.entries = append(h.entries, person(i))
	}
	return h
}

// say publishes what an entry needs.
func (h *history) say(e *watchlist.Entry) {
	var last *feed.Last
	if l, ok := h.said[string(e.ID)]; ok {
		last = &l
	}
	h.index++
	p, ok, err := h.pub.Entry(h.policy, e, last, false, h.index, testTime+int64(h.index))
	if err != nil {
		h.t.Fatal(err)
	}
	if !ok {
		return
	}
	h.add(p.Leaf, p.Hash, p.Item)
	if p.Leaf.Type == feed.Put {
		h.said[string(e.ID)] = feed.Last{Revision: e.Revision, Groups: p.Leaf.Groups}
	} else {
		delete(h.said, string(e.ID))
	}
}

// step changes one entry, or the policy, and now and then elides what is superseded.
func (h *history) step() {
	e := h.entries[h.rnd.IntN(len(h.entries))]
	switch h.rnd.IntN(12) {
	case 0:
		h.policy.Version++
		h.origin.policy = h.policy.Version
		h.policy.Grants[0].Groups = []sharing.Groups{toMali, sharing.All, sharing.Identity}[h.rnd.IntN(3)]
		for _, e := range h.entries {
			h.say(e)
		}
		return
	case 1:
		h.elide()
		return
	case 2:
		e.ReleasableTo = nil
	case 3, 4:
		e.ReleasableTo = []watchlist.Country{"MLI"}
	case 5:
		e.Status = watchlist.StatusSuspended
	case 6, 7:
		e.Status = watchlist.StatusActive
	case 8:
		e.Caveats = []string{"unheard of"}
	case 9:
		e.Caveats = nil
	}
	e.Revision++
	h.say(e)
}

// elide forgets all of the leaves whose record was spoken of again.
func (h *history) elide() {
	seen := map[string]bool{}
	for i := len(h.items) - 1; i >= 0; i-- {
		l := h.items[i].Leaf
		if l == nil || l.Record == "" {
			continue
		}
		if seen[l.Record] {
			hash, err := h.tree.Node(0, uint64(i))
			if err != nil {
				h.t.Fatal(err)
			}
			h.items[i] = feed.Elide(hash)
		}
		seen[l.Record] = true
	}
}

// sync takes over a part of what is there, in one of the ways that there are.
func (x *receiver) sync(h *history, at int64) {
	x.t.Helper()
	_, err := x.checkpoint(h.checkpoint(at), h.proof(x.from(), h.size()))
	x.must(err)
	if h.rnd.IntN(5) > 0 && !x.r.Unsynced {
		for x.r.Size < h.size() && h.rnd.IntN(4) > 0 {
			end := min(x.r.Size+1+uint64(h.rnd.IntN(90)), (x.r.Size/feed.FrameLeaves+1)*feed.FrameLeaves, h.size())
			x.must(x.frame(h.box(x.r.Size, h.items[x.r.Size:end]), h.proof(end, h.size())))
		}
		x.must(x.r.CheckState(x.live.Root()))
		return
	}
	f, err := feed.Frontier(h.tree, h.size())
	x.must(err)
	x.r, err = x.r.SkipTo(f)
	x.must(err)
	table := h.live.Table()
	x.must(x.r.AcceptTable(table))
	for i, b := range x.live.Differ(table) {
		if i > 20 && h.rnd.IntN(8) == 0 {
			return
		}
		n, changes, err := x.r.AcceptBucket(x.codec, h.bucket(b), x.keys, h.live.Proof(b), nil)
		x.must(err)
		for _, gone := range x.live.Replace(n, changes) {
			delete(x.rev, gone)
		}
		for _, c := range changes {
			x.rev[c.Leaf.Record] = c.Leaf.Revision
		}
	}
	x.r, err = x.r.Synced(x.live.Root())
	x.must(err)
}

// TestRandomHistories: whatever changes at the origin, and however a receiver is cut
// off on the way, in the end it holds what the policy lets it see, and nothing else.
func TestRandomHistories(t *testing.T) {
	ends := 0
	for seed := range uint64(12) {
		h := newHistory(t, seed)
		x := newReceiver(t, h.origin)
		for at := range int64(60) {
			for range h.rnd.IntN(15) {
				h.step()
			}
			x.sync(h, at)
			kept, err := feed.DecodeRatchet(encode(t, x.r))
			x.must(err)
			x.r = kept
		}
		for tries := 0; x.r.Size < h.size() || x.r.Unsynced; tries++ {
			if tries > 100 {
				t.Fatal("does not converge")
			}
			x.sync(h, 100+int64(tries))
		}
		want := 0
		for _, e := range h.entries {
			shown := sharing.Decide(h.policy, sharing.Recipient{Kind: sharing.Partner, Country: "MLI"}, e).Shared()
			if shown {
				want++
			}
			if shown != (x.live.Hash(string(e.ID)) != nil) {
				t.Fatalf("seed %d: an entry is shown %v and held otherwise", seed, shown)
			}
		}
		if !bytes.Equal(x.live.Root(), h.live.Root()) || x.live.Len() != uint64(want) {
			t.Fatalf("seed %d: %d records, not %d", seed, x.live.Len(), want)
		}
		ends += want
	}
	if ends < 30 {
		t.Fatal("hardly anything was shared")
	}
}

// TestPublisher: what is said of an entry as it changes.
func TestPublisher(t *testing.T) {
	h, e := newHistory(t, 1), person(1)
	entry := func(last *feed.Last, ended bool) string {
		p, ok, err := h.pub.Entry(h.policy, e, last, ended, 1, testTime)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !ok:
			return "nothing"
		case p.Leaf.Type == feed.Put:
			return "put " + p.Leaf.Groups.String()
		}
		return "tombstone"
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	last := &feed.Last{Revision: 1, Groups: toMali}
	check("new", entry(nil, false), "put core+identity+templates+documents")
	check("the same", entry(last, false), "nothing")
	check("another revision", entry(&feed.Last{Revision: 7, Groups: toMali}, false), "put core+identity+templates+documents")
	check("other groups", entry(&feed.Last{Revision: 1, Groups: sharing.All}, false), "put core+identity+templates+documents")
	check("ended", entry(last, true), "tombstone")
	check("ended unseen", entry(nil, true), "nothing")
	e.ReleasableTo = nil
	check("released no more", entry(last, false), "tombstone")
	check("never released", entry(nil, false), "nothing")

	r := &watchlist.ReportedDocument{
		ID: "SEN-0192f0c1-0000-7000-8000-00000000000a", Origin: e.Origin, Revision: 1, Type: "passport", Number: "A1", Issuer: "SEN", Status: watchlist.ReportLost,
		Reported: watchlist.PartialDate{Year: 2026}, Reference: "PV", KeepUntil: testTime, ReleasableTo: []watchlist.Country{"MLI"},
	}
	_, ok, err := h.pub.Report(h.policy, r, nil, false, 1, testTime)
	if ok || err != nil {
		t.Error("a report that is not granted was published", err)
	}
	h.policy.Grants[0].Reports = true
	p, ok, err := h.pub.Report(h.policy, r, nil, false, 1, testTime)
	if !ok || err != nil || p.Leaf.Kind != feed.KindReport {
		t.Error("not published", err)
	}
	r.Withdrawn = true
	p, ok, err = h.pub.Report(h.policy, r, &feed.Last{Revision: 1, Groups: p.Leaf.Groups}, false, 2, testTime)
	if !ok || err != nil || p.Leaf.Type != feed.Tombstone {
		t.Error("not taken back", err)
	}
}
