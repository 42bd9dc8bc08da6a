package feed_test

import (
	"testing"

	"vigie/cluster/feed"
)

// TestHonestRestoreLooksLikeRollback: the issue demands it. Only a new epoch, which a
// certified key may open, ends it.
func TestHonestRestoreLooksLikeRollback(t *testing.T) {
	o, x := stand(t)
	backup := o.clone()
	size := backup.size()
	o.fill(300, 40)
	x.follow(o, 200)
	lost := x.r.Size - size
	refused(t, x, feed.Rollback, x.offer(backup.checkpoint(300), nil))

	root, err := feed.Root(backup.tree, size)
	x.must(err)
	backup.epoch, backup.fork = 2, &feed.Fork{Epoch: 1, Size: size, Root: root}
	backup.salt()
	backup.put(person(800), toMali)
	news, err := x.checkpoint(backup.checkpoint(400), backup.proof(0, backup.size()))
	if err != nil || news != feed.Cut || !x.r.Skip {
		t.Fatal(news, err)
	}
	refused(t, x, feed.NeedsState, func() error { return x.frame(first(backup.frame(0)), nil) })
	f, err := feed.Frontier(backup.tree, backup.size())
	x.must(err)
	x.r, err = x.r.SkipTo(f)
	x.must(err)
	table, gone := backup.live.Table(), 0
	x.must(x.r.AcceptTable(table))
	for _, b := range x.live.Differ(table) {
		n, changes, err := x.r.AcceptBucket(x.codec, backup.bucket(b), x.keys, nil, table)
		x.must(err)
		gone += len(x.live.Replace(n, changes))
	}
	x.r, err = x.r.Synced(x.live.Root())
	x.must(err)
	if gone < int(lost)-8 || gone == 0 {
		t.Errorf("%d records named as lost, %d leaves were", gone, lost)
	}
	refused(t, x, feed.OldEpoch, x.offer(o.checkpoint(500), nil))
	backup.fill(820, 5)
	x.follow(backup, 600)
}

// TestEpochThatLosesNothing: the origin took the lost tail back and goes on.
func TestEpochThatLosesNothing(t *testing.T) {
	o, x := stand(t)
	root, err := feed.Root(o.tree, o.size())
	x.must(err)
	next := o.clone()
	next.epoch, next.fork, next.index = 2, &feed.Fork{Epoch: 1, Size: o.size(), Root: root}, 5
	next.salt()
	next.fill(400, 10)
	news, err := x.checkpoint(next.checkpoint(200), next.proof(x.r.Size, next.size()))
	if err != nil || news != feed.NewEpoch {
		t.Fatal(news, err)
	}
	x.follow(next, 300)
	// A key that is certified for the first epoch alone opens no second one.
	o2, y := stand(t)
	y.must(y.certificate(o2.certificate(2, feed.FeedKey{Key: o2.vkey, From: 1, To: 1, Until: testTime + 1e12})))
	refused(t, y, feed.KeyNotValid, y.offer(next.checkpoint(400), next.proof(y.r.Size, next.size())))
}

// TestPolicyVersionNeverFalls and the other numbers neither.
func TestPolicyVersionNeverFalls(t *testing.T) {
	o, x := stand(t)
	o.policy = 5
	o.plain(feed.Leaf{Type: feed.Policy, Revision: 5})
	x.follow(o, 200)
	o.policy = 4
	o.fill(300, 1)
	refused(t, x, feed.Regressed, x.offer(o.checkpoint(300), o.proof(x.from(), o.size())))
	o.policy, o.index = 5, 2
	refused(t, x, feed.Regressed, x.offer(o.checkpoint(300), o.proof(x.from(), o.size())))
}

// TestRevisionNeverFalls: a record does not go back to what it was.
func TestRevisionNeverFalls(t *testing.T) {
	o, x := stand(t)
	e := person(2)
	e.Revision = 4
	o.put(e, toMali)
	x.follow(o, 200)
	o.put(person(2), toMali)
	_, err := x.checkpoint(o.checkpoint(300), o.proof(x.from(), o.size()))
	x.must(err)
	refused(t, x, feed.Regressed, func() error { return x.frame(first(o.frame(x.r.Size)), nil) })
}
