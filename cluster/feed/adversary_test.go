package feed_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"

	"github.com/klauspost/compress/zstd"
)

// The attacks on a feed, one test each: every one is refused by name, and the ratchet
// and the records are afterwards what they were before.

// stand is an origin with a receiver that follows it.
func stand(t *testing.T) (*origin, *receiver) {
	o := newOrigin(t, testFeed)
	o.fill(0, 300)
	x := newReceiver(t, o)
	x.follow(o, 100)
	return o, x
}

// refused runs an attack on x and checks that it is refused so, and changed nothing.
func refused(t *testing.T, x *receiver, want feed.Reason, attack func() error) {
	t.Helper()
	r, root := x.r, bytes.Clone(x.live.Root())
	err := attack()
	if feed.ReasonOf(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
	if !sameRatchet(t, r, x.r) || !bytes.Equal(root, x.live.Root()) {
		t.Error("something changed")
	}
}

func (x *receiver) offer(b []byte, proof [][]byte) func() error {
	return func() error {
		_, err := x.checkpoint(b, proof)
		return err
	}
}

func TestAttackRollback(t *testing.T) {
	o, x := stand(t)
	old := o.clone()
	o.fill(300, 50)
	x.follow(o, 200)
	// The old state, signed anew with today's time: what a stale or a restored node of
	// the origin says without a new epoch.
	refused(t, x, feed.Rollback, x.offer(old.checkpoint(300), nil))
	// The same after the ratchet was kept and read again.
	r, err := feed.DecodeRatchet(encode(t, x.r))
	x.must(err)
	x.r = r
	refused(t, x, feed.Rollback, x.offer(old.checkpoint(300), nil))
}

func TestAttackReplay(t *testing.T) {
	o, x := stand(t)
	older := o.checkpoint(150)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	refused(t, x, feed.Replay, x.offer(older, nil))
	recorded, _ := o.frame(256)
	o.fill(300, 10)
	x.follow(o, 300)
	refused(t, x, feed.Replay, x.offer(older, nil))
	refused(t, x, feed.Gap, func() error { return x.frame(recorded, nil) })
}

func TestAttackFreeze(t *testing.T) {
	o, x := stand(t)
	o.fill(300, 50)
	// The network gives the same old bytes for ever: nothing to refuse, and the age says so.
	h, _ := x.r.HeadCheckpoint()
	if news, err := x.checkpoint(o.sign(h), nil); err != nil || news != feed.Nothing {
		t.Fatal(news, err)
	}
	if age, late := x.r.Freshness(feed.Clock{Now: testTime + 12*24*3600*1000}); !late || age != 12*24*3600*1000-100 {
		t.Error("a frozen feed is not late", age)
	}
	// A clock that was set back makes nothing fresh.
	if _, late := x.r.Freshness(feed.Clock{Now: h.Due + 1}); !late {
		t.Error("not late")
	}
}

func TestAttackFastForward(t *testing.T) {
	o, x := stand(t)
	c := o.statement(200)
	c.Size, c.Root = 1<<40, testSecret("invented")
	refused(t, x, feed.Flood, x.offer(o.sign(c), o.proof(1, 2)))
	c = o.statement(40 * 24 * 3600 * 1000)
	refused(t, x, feed.Future, x.offer(o.sign(c), nil))
	// A stolen key signs a consistent lie within the limits. The country revokes the
	// key: what it signed ahead is forgotten, and the honest feed goes on.
	liar := o.clone()
	liar.fill(5000, 40)
	_, err := x.checkpoint(liar.checkpoint(300), liar.proof(x.from(), liar.size()))
	x.must(err)
	o.fill(300, 10)
	refused(t, x, feed.Rollback, x.offer(o.checkpoint(400), nil))
	signer, vkey := testKey(t, "SEN/feed/2", "online 2")
	x.must(x.certificate(o.certificate(2, feed.FeedKey{Key: o.vkey, From: 1, To: 1, LastSize: x.r.Size, Until: testTime + 1e9}, feed.FeedKey{Key: vkey, From: 1, To: 9, Until: testTime + 1e12})))
	o.online = signer
	x.follow(o, 500)
	refused(t, x, feed.KeyNotValid, x.offer(liar.checkpoint(600), nil))
}

func TestAttackSplitView(t *testing.T) {
	o, x := stand(t)
	liar := o.clone()
	o.put(person(900), toMali)
	liar.put(person(901), toMali)
	x.follow(o, 200)
	refused(t, x, feed.SplitView, x.offer(liar.checkpoint(300), nil))
	// The same leaves and another state.
	c := o.statement(300)
	c.State = testSecret("another")
	refused(t, x, feed.SplitView, x.offer(o.sign(c), nil))
	// A larger tree that does not contain what was shown here.
	liar.fill(910, 20)
	refused(t, x, feed.Inconsistent, x.offer(liar.checkpoint(400), liar.proof(x.from(), liar.size())))
	// Another observer's cosigned checkpoint shows it.
	signer, _ := testKey(t, "GMB/cosign/1", "gambia")
	cosigned, err := feed.Cosign(liar.checkpoint(300), []string{o.vkey}, signer)
	x.must(err)
	if feed.ReasonOf(x.r.CrossCheck(cosigned, liar.proof(x.r.Size, liar.size()))) != feed.Inconsistent {
		t.Error("a split view went unnoticed")
	}
	same := x.r
	twin := o.clone()
	twin.items, twin.tree = nil, feed.NewTree()
	for _, it := range o.items[:o.size()-1] {
		twin.take(it)
	}
	twin.put(person(930), toMali)
	if feed.ReasonOf(same.CrossCheck(twin.checkpoint(300), nil)) != feed.SplitView {
		t.Error("two checkpoints of one size went unnoticed")
	}
	honest := o.clone()
	honest.fill(920, 20)
	if err := x.r.CrossCheck(honest.checkpoint(500), honest.proof(x.r.Size, honest.size())); err != nil {
		t.Error("an honest checkpoint counts as a split view:", err)
	}
}

func TestAttackOmission(t *testing.T) {
	o, x := stand(t)
	from := x.r.Size
	w := o.withdraw(person(5))
	o.fill(300, 30)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	end := o.size()
	short := slices.Delete(slices.Clone(o.items[from:end]), 0, 1)
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, short), o.proof(end-1, end)) })
	refused(t, x, feed.Gap, func() error { return x.frame(o.box(from+1, short), nil) })
	// The tombstone left out and a heartbeat in its place.
	beat, err := feed.PublishPlain(o.id, feed.Leaf{Type: feed.Heartbeat, Index: w.Leaf.Index, Time: w.Leaf.Time})
	x.must(err)
	filled := append([]feed.Item{beat.Item}, short...)
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, filled), nil) })
	// A shown group left out.
	it := o.items[end-1]
	if len(it.Bodies) < 2 {
		it = o.items[end-2]
	}
	it.Bodies = it.Bodies[:len(it.Bodies)-1]
	refused(t, x, feed.BadRecord, func() error { return x.frame(o.box(from, append(slices.Clone(o.items[from:end-1]), it)), nil) })
	// A record left out of a bucket.
	b, err := o.codec.Bucket(o.id, 1, o.size(), feed.Bucket(string(person(7).ID)), nil, 1, o.content)
	x.must(err)
	y := newReceiver(t, o)
	_, err = y.checkpoint(o.checkpoint(200), nil)
	y.must(err)
	f, err := feed.Frontier(o.tree, o.size())
	y.must(err)
	y.r, err = y.r.SkipTo(f)
	y.must(err)
	_, _, err = y.r.AcceptBucket(y.codec, b, y.keys, nil, o.live.Table())
	if feed.ReasonOf(err) != feed.StateMismatch {
		t.Error("a bucket without its record:", err)
	}
}

func TestAttackReordering(t *testing.T) {
	o, x := stand(t)
	from := x.r.Size
	o.withdraw(person(5))
	o.put(person(5), toMali)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	a, b := o.items[from], o.items[from+1]
	refused(t, x, feed.Regressed, func() error { return x.frame(o.box(from, []feed.Item{b, a}), nil) })
	// Without the telling indexes.
	h0, _ := o.tree.Node(0, from)
	h1, _ := o.tree.Node(0, from+1)
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, []feed.Item{feed.Elide(h1), feed.Elide(h0)}), nil) })
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, []feed.Item{a, a}), nil) })
}

func TestAttackCrossFeed(t *testing.T) {
	o, x := stand(t)
	g := newOrigin(t, "SEN/partner/GMB/fedcba9876543210")
	g.content = o.content
	g.fill(0, 320)
	refused(t, x, feed.WrongFeed, x.offer(g.checkpoint(200), g.proof(x.from(), g.size())))
	o.fill(300, 20)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	b, err := g.codec.Frame(g.id, 1, x.r.Size, o.items[x.r.Size:o.size()], 1, o.content)
	x.must(err)
	refused(t, x, feed.WrongFeed, func() error { return x.frame(b, nil) })
	_, err = x.r.AcceptRevocations(x.codec, g.revocations(0), x.keys)
	if feed.ReasonOf(err) != feed.WrongFeed {
		t.Error("another feed's revocations:", err)
	}
	// An earlier pairing with the same partner is another feed too.
	p := newOrigin(t, "SEN/partner/MLI/1111111111111111")
	p.fill(0, 340)
	refused(t, x, feed.WrongFeed, x.offer(p.checkpoint(300), p.proof(x.from(), p.size())))
	// A frame is no bucket, whatever it is sent as.
	fr, _ := o.frame(x.r.Size)
	x.follow(o, 300)
	if _, _, err := x.r.AcceptBucket(x.codec, fr, x.keys, nil, o.live.Table()); feed.ReasonOf(err) != feed.WrongFeed {
		t.Error("a frame passed for a bucket:", err)
	}
}

func TestAttackForeignOrigin(t *testing.T) {
	o, x := stand(t)
	e := person(1)
	e.ID, e.Origin.Country = "MLI-0192f0c1-0000-7000-8000-000000000001", "MLI"
	if _, err := feed.PublishEntry(o.salts, e, sharing.View{Groups: toMali}, 1, 1); feed.ReasonOf(err) != feed.ForeignOrigin {
		t.Error("an origin publishes another's record:", err)
	}
	// A lying origin forges the item and signs a tree that holds it.
	m := newOrigin(t, "MLI/partner/SEN/0123456789abcdef")
	p, err := feed.PublishEntry(m.salts, e, sharing.View{Groups: toMali}, 1000, testTime)
	x.must(err)
	x.must(o.tree.Append(p.Hash))
	o.items = append(o.items, p.Item)
	_, err = x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	refused(t, x, feed.ForeignOrigin, func() error { return x.frame(first(o.frame(x.r.Size)), nil) })
	o.gone = append(o.gone, feed.Revocation{Record: string(e.ID), Seq: o.size() - 1})
	_, err = x.r.AcceptRevocations(x.codec, o.revocations(x.r.Size), x.keys)
	if feed.ReasonOf(err) != feed.ForeignOrigin {
		t.Error("another country's record revoked:", err)
	}
}

func TestAttackExpiredKey(t *testing.T) {
	o, x := stand(t)
	x.must(x.certificate(o.certificate(2, feed.FeedKey{Key: o.vkey, From: 1, To: 1, Until: testTime + 1000})))
	o.fill(300, 5)
	refused(t, x, feed.KeyNotValid, x.offer(o.checkpoint(1001), o.proof(x.from(), o.size())))
	// Dated back it passes by its time, as it must: the certificate's epoch and size
	// are what ends a key for good.
	x.must(x.certificate(o.certificate(3, feed.FeedKey{Key: o.vkey, From: 1, To: 1, LastSize: x.r.Size, Until: testTime + 1000})))
	refused(t, x, feed.KeyNotValid, x.offer(o.checkpoint(900), o.proof(x.from(), o.size())))
	// No clock is asked: the receiver's own may say anything.
	x.clock = feed.Clock{}
	refused(t, x, feed.KeyNotValid, x.offer(o.checkpoint(900), o.proof(x.from(), o.size())))
}

func TestAttackRotatedKey(t *testing.T) {
	o, x := stand(t)
	signer, vkey := testKey(t, "SEN/feed/2", "online 2")
	old := o.certificate(1)
	x.must(x.certificate(o.certificate(2, feed.FeedKey{Key: vkey, From: 1, To: 9, Until: testTime + 1e12})))
	o.fill(300, 5)
	refused(t, x, feed.BadSignature, x.offer(o.checkpoint(200), o.proof(x.r.Size, o.size())))
	refused(t, x, feed.OldCertificate, func() error { return x.certificate(old) })
	// A certificate that one country key alone has signed, or that the online key has.
	c := feed.Certificate{Origin: "SEN", Serial: 3, Country: o.roots, Keys: []feed.FeedKey{{Key: o.vkey, From: 1, To: 9, Until: testTime + 1e12}}}
	one, err := c.Sign(o.country[1])
	x.must(err)
	refused(t, x, feed.BadSignature, func() error { return x.certificate(one) })
	twice, err := c.Sign(o.country[1], o.country[1])
	x.must(err)
	refused(t, x, feed.BadSignature, func() error { return x.certificate(twice) })
	self, err := c.Sign(o.online)
	x.must(err)
	refused(t, x, feed.BadSignature, func() error { return x.certificate(self) })
	// Two of a serial.
	refused(t, x, feed.SplitView, func() error { return x.certificate(o.certificate(2)) })
	// Another country's certificate, even with the same keys.
	c.Origin = "GMB"
	foreign, err := c.Sign(o.country[0], o.country[1])
	x.must(err)
	refused(t, x, feed.WrongFeed, func() error { return x.certificate(foreign) })
	// New country keys need the new keys' signatures too.
	k, v := testKey(t, "SEN/country/9", "country 9")
	c.Origin, c.Country = "SEN", feed.Country{Threshold: 1, Keys: []string{v}}
	half, err := c.Sign(o.country[0], o.country[1])
	x.must(err)
	refused(t, x, feed.BadSignature, func() error { return x.certificate(half) })
	o.online = signer
	x.follow(o, 300)
	c.Keys[0].Key = vkey
	whole, err := c.Sign(o.country[0], o.country[1], k)
	x.must(err)
	x.must(x.certificate(whole))
	refused(t, x, feed.BadSignature, func() error { return x.certificate(o.certificate(4)) })
	o.fill(310, 3)
	x.follow(o, 400)
}

func TestAttackFlood(t *testing.T) {
	o, x := stand(t)
	x.lim = feed.Limits{Ahead: 20, Live: 400, Skew: 1000}
	o.fill(300, 30)
	refused(t, x, feed.Flood, x.offer(o.checkpoint(200), o.proof(x.from(), o.size())))
	x.lim = feed.Limits{Ahead: 1000, Live: 100, Skew: 1000}
	refused(t, x, feed.Flood, x.offer(o.checkpoint(200), o.proof(x.from(), o.size())))
	x.lim = feed.DefaultLimits()
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	// More leaves than a frame may have, by its header.
	b, _ := o.frame(x.r.Size)
	many := bytes.Clone(b)
	binary.BigEndian.PutUint32(many[64:], 1<<31)
	refused(t, x, feed.Malformed, func() error { return x.frame(many, nil) })
	for _, n := range []uint32{257, 1 << 31} {
		b, err := o.codec.SealItemsForTest(o.id, x.r.Size, n, o.items[x.r.Size:o.size()], o.content)
		x.must(err)
		refused(t, x, feed.Malformed, func() error { return x.frame(b, nil) })
	}
	// More bytes than its leaves can have.
	stuffed := o.items[x.r.Size]
	stuffed.Bodies = append(slices.Clone(stuffed.Bodies), bytes.Repeat([]byte("x"), 70<<10))
	fat, err := o.codec.SealItemsForTest(o.id, x.r.Size, 1, []feed.Item{stuffed}, o.content)
	x.must(err)
	refused(t, x, feed.Flood, func() error { return x.frame(fat, nil) })
	// An item of more than an entry may hold.
	e := person(1)
	e.Revision = 9
	for range 200 {
		e.Documents = append(e.Documents, watchlist.Document{Type: "passport", Number: "X1", Issuer: "SEN"})
	}
	big := newOrigin(t, testFeed)
	p := big.put(e, toMali)
	if _, err := x.r.OpenItem(p.Item); feed.ReasonOf(err) != feed.BadRecord {
		t.Error("more documents than an entry may have:", err)
	}
	long := make([][]byte, 200)
	for i := range long {
		long[i] = testSecret("x")
	}
	refused(t, x, feed.Inconsistent, x.offer(o.checkpoint(300), long))
	refused(t, x, feed.BadSignature, x.offer(bytes.Repeat([]byte("x\n"), 100), nil))
	refused(t, x, feed.Malformed, x.offer(bytes.Repeat([]byte("x\n"), 1<<20), nil))
}

func TestAttackDecompressionBomb(t *testing.T) {
	o, x := stand(t)
	o.fill(300, 20)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	enc, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true))
	x.must(err)
	bomb := enc.EncodeAll(make([]byte, 1<<27), nil)
	if len(bomb) > 1<<20 {
		t.Fatalf("a bomb of %d bytes", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, declared := range map[string]uint32{"declared": 1 << 30, "hidden": 1000} {
		b, err := o.codec.SealForTest(o.id, x.r.Size, 2, declared, bomb, o.content)
		x.must(err)
		want := feed.Malformed
		if name == "declared" {
			want = feed.Flood
		}
		refused(t, x, want, func() error { return x.frame(b, nil) })
	}
	// One that does not say its size, one whose second part is the bomb.
	var quiet bytes.Buffer
	w, err := zstd.NewWriter(&quiet)
	x.must(err)
	_, err = w.Write(make([]byte, 1<<20))
	x.must(err)
	x.must(w.Close())
	small := enc.EncodeAll(make([]byte, 1000), nil)
	for _, packed := range [][]byte{quiet.Bytes(), append(slices.Clone(small), bomb...), nil, {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff}} {
		b, err := o.codec.SealForTest(o.id, x.r.Size, 2, 1000, packed, o.content)
		x.must(err)
		refused(t, x, feed.Malformed, func() error { return x.frame(b, nil) })
	}
	// What was taken for all six, freed or not: the decoder stops at its limit.
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 96<<20 {
		t.Errorf("%d MiB were allocated", n>>20)
	}
}

func TestAttackTruncatedFrame(t *testing.T) {
	o, x := stand(t)
	o.fill(300, 3)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	b, _ := o.frame(x.r.Size)
	for n := range len(b) {
		refused(t, x, feed.Malformed, func() error { return x.frame(b[:n], nil) })
	}
	refused(t, x, feed.Malformed, func() error { return x.frame(append(slices.Clone(b), 0), nil) })
	// Cut inside: fewer items than the header says, signed by the content key.
	short, err := o.codec.SealItemsForTest(o.id, x.r.Size, 3, o.items[x.r.Size:x.r.Size+2], o.content)
	x.must(err)
	refused(t, x, feed.Malformed, func() error { return x.frame(short, nil) })
	x.must(x.frame(b, nil))
}

func TestAttackBitFlip(t *testing.T) {
	o, x := stand(t)
	o.fill(300, 2)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	b, _ := o.frame(x.r.Size)
	cp, proof := o.checkpoint(300), o.proof(x.from(), o.size())
	r, keep := rand.New(rand.NewPCG(3, 4)), x.r
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1 << r.IntN(8)
		if err := x.frame(bad, nil); feed.ReasonOf(err) == "" {
			t.Fatalf("byte %d of a frame changed, and accepted: %v", i, err)
		}
	}
	for i := range cp {
		bad := bytes.Clone(cp)
		bad[i] ^= 1 << r.IntN(8)
		if _, err := x.checkpoint(bad, proof); feed.ReasonOf(err) == "" {
			t.Fatalf("byte %d of a checkpoint changed, and accepted: %v", i, err)
		}
	}
	cert := o.certificate(2)
	for i := range cert {
		bad := bytes.Clone(cert)
		bad[i] ^= 1 << r.IntN(8)
		// A changed signature of a key that is not needed is no harm; here both are.
		if err := x.certificate(bad); feed.ReasonOf(err) == "" {
			t.Fatalf("byte %d of a certificate changed, and accepted: %v", i, err)
		}
	}
	if !sameRatchet(t, keep, x.r) {
		t.Error("something changed")
	}
	x.must(x.frame(b, nil))
}

// TestAttackStolenContentKey: who has the content key can make frames that open, and
// still none that the signed root does not cover.
func TestAttackStolenContentKey(t *testing.T) {
	o, x := stand(t)
	from := x.r.Size
	o.fill(300, 4)
	_, err := x.checkpoint(o.checkpoint(200), o.proof(x.from(), o.size()))
	x.must(err)
	forger := o.clone()
	forger.items = forger.items[:from]
	forger.fill(700, 4)
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, forger.items[from:]), nil) })
	// A body exchanged for another: the leaf is not the signed one any more.
	items := slices.Clone(o.items[from:o.size()])
	items[0].Bodies = slices.Clone(items[0].Bodies)
	items[0].Bodies[1] = o.items[from+1].Bodies[1]
	refused(t, x, feed.RootMismatch, func() error { return x.frame(o.box(from, items), nil) })
	refused(t, x, feed.UnknownKey, func() error {
		b, err := o.codec.Frame(o.id, 1, from, o.items[from:o.size()], 9, o.content)
		x.must(err)
		return x.frame(b, nil)
	})
}
