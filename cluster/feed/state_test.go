package feed_test

import (
	"testing"

	"vigie/cluster/feed"
)

// TestStateByBuckets: a new receiver takes the state bucket by bucket, while the
// origin moves on, and follows leaves from there.
func TestStateByBuckets(t *testing.T) {
	o := newOrigin(t, testFeed)
	o.fill(0, 500)
	x := newReceiver(t, o)
	skip := func(at int64) {
		_, err := x.checkpoint(o.checkpoint(at), o.proof(x.from(), o.size()))
		x.must(err)
		f, err := feed.Frontier(o.tree, o.size())
		x.must(err)
		x.r, err = x.r.SkipTo(f)
		x.must(err)
	}
	fetch := func(from, to int) (n int) {
		table := o.live.Table()
		x.must(x.r.AcceptTable(table))
		for _, b := range x.live.Differ(table) {
			if b < from || b >= to {
				continue
			}
			got, changes, err := x.r.AcceptBucket(x.codec, o.bucket(b), x.keys, o.live.Proof(b), nil)
			x.must(err)
			x.live.Replace(got, changes)
			n++
		}
		return n
	}
	skip(1)
	fetch(0, 2000)
	if _, err := x.r.Synced(x.live.Root()); feed.ReasonOf(err) != feed.StateMismatch {
		t.Fatal("half of the state counts as all of it")
	}
	if err := x.frame(first(o.frame(0)), nil); feed.ReasonOf(err) != feed.NeedsState {
		t.Fatal("leaves were taken over without a state", err)
	}
	o.fill(500, 10)
	skip(2)
	if n := fetch(0, feed.Buckets); n == 0 {
		t.Fatal("nothing was fetched")
	}
	var err error
	x.r, err = x.r.Synced(x.live.Root())
	x.must(err)
	o.fill(510, 40)
	x.follow(o, 3)
}

// TestRepair: a record that was lost here is found by the state root and comes back
// with its bucket; one that the origin does not have goes.
func TestRepair(t *testing.T) {
	o := newOrigin(t, testFeed)
	o.fill(0, 100)
	x := newReceiver(t, o)
	x.follow(o, 1)
	x.live.Drop(string(person(50).ID))
	x.live.Put("SEN-0192f0c1-0000-7000-8000-ffffffffffff", testSecret("x"))
	if feed.ReasonOf(x.r.CheckState(x.live.Root())) != feed.StateMismatch {
		t.Fatal("not found")
	}
	table := o.live.Table()
	x.must(x.r.AcceptTable(table))
	differ := x.live.Differ(table)
	if len(differ) != 2 {
		t.Fatalf("%d buckets differ", len(differ))
	}
	gone := 0
	for _, b := range differ {
		n, changes, err := x.r.AcceptBucket(x.codec, o.bucket(b), x.keys, nil, table)
		x.must(err)
		gone += len(x.live.Replace(n, changes))
	}
	x.must(x.r.CheckState(x.live.Root()))
	if gone != 1 {
		t.Errorf("%d records went", gone)
	}
}
