package feed_test

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"

	"github.com/google/go-cmp/cmp"
)

func TestFollow(t *testing.T) {
	o := newOrigin(t, testFeed)
	x := newReceiver(t, o)
	o.fill(0, 700)
	x.follow(o, 1)
	// Leaf by leaf, and across the border of a frame.
	for i := range 30 {
		o.fill(700+i*3, 3)
		x.follow(o, int64(i+2))
	}
	if got := x.live.Len(); got != o.live.Len() || got < 700 {
		t.Fatalf("%d records live, %d at the origin", got, o.live.Len())
	}
	again, err := feed.DecodeRatchet(encode(t, x.r))
	if err != nil || !sameRatchet(t, again, x.r) {
		t.Fatal("a kept ratchet is another", err)
	}
}

func encode(t testing.TB, r feed.Ratchet) []byte {
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWithheldGroupsAreNotInTheBytes looks for planted values in what is served,
// unpacked too.
func TestWithheldGroupsAreNotInTheBytes(t *testing.T) {
	e := person(1)
	e.Facts, e.CaseReference, e.Documents[0].Number = "PLANTEDFACTS", "PLANTEDCASE", "PLANTEDDOC"
	o := newOrigin(t, testFeed)
	p := o.put(e, sharing.Core|sharing.Identity)
	plain, err := feed.EncodeItemsForTest([]feed.Item{p.Item})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := o.frame(0)
	for _, planted := range []string{"PLANTED", string(e.Faces[0].Template[:64]), string(e.Faces[0].Photo), "MLI"} {
		if bytes.Contains(plain, []byte(planted)) || bytes.Contains(b, []byte(planted)) {
			t.Errorf("%.8s… is in the bytes", planted)
		}
	}
	if !bytes.Contains(plain, []byte("Specimen Numero")) || bytes.Contains(b, []byte("Specimen")) {
		t.Error("a shown name is readable in the frame, or not in it")
	}
	r, _ := feed.Pair(testFeed, o.roots)
	c, err := r.OpenItem(p.Item)
	if err != nil {
		t.Fatal(err)
	}
	if c.Entry.Names[0].Full != e.Names[0].Full || len(c.Entry.Faces)+len(c.Entry.Documents) > 0 || c.Entry.Facts+c.Entry.LegalBasis+c.Entry.CaseReference != "" {
		t.Error("the copy holds something else than what was shown")
	}
}

func TestCopyHoldsEverythingShown(t *testing.T) {
	o, e := newOrigin(t, testFeed), person(2)
	e.Caveats, e.Assessments, e.Sex, e.Nationalities = []string{"armed"}, "opinion", watchlist.SexMale, []watchlist.Country{"SEN"}
	e.Faces[0].Quality.Flags = []string{watchlist.FlagLowQualityReference}
	p := o.put(e, sharing.All)
	r, _ := feed.Pair(testFeed, o.roots)
	c, err := r.OpenItem(p.Item)
	if err != nil {
		t.Fatal(err)
	}
	want := e.Clone()
	want.ReleasableTo, want.CreatedAt, want.UpdatedAt = nil, p.Leaf.Time, p.Leaf.Time
	want.Faces[0].ID, want.Faces[0].AddedAt = "1", p.Leaf.Time
	want.Faces[0].Quality.Components = c.Entry.Faces[0].Quality.Components
	if d := cmp.Diff(want, c.Entry); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(c.Hash, p.Hash) {
		t.Error("another hash than the origin's")
	}
}

func TestReportTravels(t *testing.T) {
	o := newOrigin(t, testFeed)
	rep := &watchlist.ReportedDocument{
		ID: "SEN-0192f0c1-0000-7000-8000-00000000000a", Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, Revision: 3, Type: "passport",
		Number: "A000100", NumberTo: "A000199", Issuer: "SEN", Status: watchlist.ReportStolenBlank, Reported: watchlist.PartialDate{Year: 2026, Month: 3},
		Reference: "PV 12", KeepUntil: testTime + 1e9, ReleasableTo: []watchlist.Country{"MLI"},
	}
	p, err := feed.PublishReport(o.salts, rep, sharing.View{Groups: sharing.Core | sharing.Documents}, 1, testTime)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := feed.Pair(testFeed, o.roots)
	c, err := r.OpenItem(p.Item)
	if err != nil {
		t.Fatal(err)
	}
	want := rep.Clone()
	want.ReleasableTo, want.CreatedAt, want.UpdatedAt = nil, testTime, testTime
	if d := cmp.Diff(want, c.Report); d != "" {
		t.Error(d)
	}
}

// TestDisclosure: a withheld group is opened later against the leaf, and a changed
// one is not.
func TestDisclosure(t *testing.T) {
	o, e := newOrigin(t, testFeed), person(3)
	p := o.put(e, toMali)
	d, err := feed.Disclose(o.salts, p.Leaf, e, sharing.Case)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Verify(p.Hash); err != nil {
		t.Fatal(err)
	}
	bad := d
	bad.Body = append(bytes.Clone(d.Body[:len(d.Body)-1]), d.Body[len(d.Body)-1]^1)
	other := d
	other.Group = sharing.Photo
	for name, b := range map[string]feed.Disclosure{"body": bad, "group": other} {
		if feed.ReasonOf(b.Verify(p.Hash)) != feed.BadDigest {
			t.Errorf("another %s verifies", name)
		}
	}
	changed := person(3)
	changed.Facts = "written after the fact"
	if _, err := feed.Disclose(o.salts, p.Leaf, changed, sharing.Case); err == nil {
		t.Error("disclosed what was not published")
	}
	if _, err := feed.Disclose(o.salts, p.Leaf, e, sharing.Identity); err == nil {
		t.Error("disclosed a shown group")
	}
}

// TestNodesAgree: two nodes of the origin that hold the same state serve the same
// bytes, whatever else they did before.
func TestNodesAgree(t *testing.T) {
	a, b := newOrigin(t, testFeed), newOrigin(t, testFeed)
	b.codec.Frame(b.id, 1, 0, []feed.Item{feed.Elide(testSecret("x"))}, 1, b.content)
	a.fill(0, 300)
	b.fill(0, 300)
	fa, _ := a.frame(256)
	fb, _ := b.frame(256)
	for name, pair := range map[string][2][]byte{
		"frame": {fa, fb}, "checkpoint": {a.checkpoint(1), b.checkpoint(1)}, "bucket": {a.bucket(77), b.bucket(77)},
		"revocations": {a.revocations(5), b.revocations(5)}, "table": {a.live.Table(), b.live.Table()},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: the bytes differ", name)
		}
	}
}

// TestElided: leaves whose record changed again travel as their hash, and the state
// agrees all the same.
func TestElided(t *testing.T) {
	o := newOrigin(t, testFeed)
	e := person(1)
	for range 5 {
		o.put(e, toMali)
		e.Revision++
	}
	x, full := newReceiver(t, o), len(first(o.frame(0)))
	for i := range 4 {
		h, err := o.tree.Node(0, uint64(i))
		x.must(err)
		o.items[i] = feed.Elide(h)
	}
	x.follow(o, 1)
	if small := len(first(o.frame(0))); small >= full || x.rev[string(e.ID)] != 5 {
		t.Errorf("%d bytes instead of %d, revision %d", small, full, x.rev[string(e.ID)])
	}
	// Eliding what still counts is found by the state.
	y := newReceiver(t, o)
	h, err := o.tree.Node(0, 4)
	y.must(err)
	o.items[4] = feed.Elide(h)
	_, err = y.checkpoint(o.checkpoint(2), nil)
	y.must(err)
	y.must(y.frame(first(o.frame(0)), nil))
	if feed.ReasonOf(y.r.CheckState(y.live.Root())) != feed.StateMismatch {
		t.Error("an elided live record went unnoticed")
	}
}

func first(b []byte, _ uint64) []byte { return b }

func TestRevocations(t *testing.T) {
	o := newOrigin(t, testFeed)
	o.fill(0, 100)
	x := newReceiver(t, o)
	x.follow(o, 1)
	o.withdraw(person(0))
	o.withdraw(person(1))
	o.put(person(1), toMali)
	_, err := x.checkpoint(o.checkpoint(2), o.proof(x.from(), o.size()))
	x.must(err)
	s, err := x.r.AcceptRevocations(x.codec, o.revocations(x.r.Size), x.keys)
	x.must(err)
	if len(s.Records) != 1 || s.Records[0].Record != string(person(0).ID) {
		t.Fatalf("%+v", s.Records)
	}
	b := o.revocations(x.r.Size)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 4
		if _, err := x.r.AcceptRevocations(x.codec, bad, x.keys); feed.ReasonOf(err) == "" {
			t.Fatalf("byte %d changed, and accepted: %v", i, err)
		}
	}
	if _, err := x.r.AcceptRevocations(x.codec, o.revocations(x.r.Size+1), x.keys); feed.ReasonOf(err) != feed.Gap {
		t.Errorf("a set that begins too late: %v", err)
	}
	o.fill(100, 1)
	if _, err := x.r.AcceptRevocations(x.codec, o.revocations(x.r.Size), x.keys); feed.ReasonOf(err) != feed.BeyondCheckpoint {
		t.Errorf("a set beyond the checkpoint: %v", err)
	}
	_, err = x.checkpoint(o.checkpoint(3), o.proof(x.from(), o.size()))
	x.must(err)
	if _, err := x.r.AcceptRevocations(x.codec, b, x.keys); feed.ReasonOf(err) != feed.Rollback {
		t.Errorf("an old set: %v", err)
	}
}

func TestWrappedKey(t *testing.T) {
	private, public, err := feed.NewRecipientKey()
	if err != nil {
		t.Fatal(err)
	}
	key := testSecret("content")
	w, err := feed.WrapKey(public, testFeed, 1, 2, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := feed.UnwrapKey(private, testFeed, 1, 2, w)
	if err != nil || !bytes.Equal(got, key) {
		t.Fatal("does not open", err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"another feed":       func() ([]byte, error) { return feed.UnwrapKey(private, "SEN/partner/GMB/0123456789abcdef", 1, 2, w) },
		"another epoch":      func() ([]byte, error) { return feed.UnwrapKey(private, testFeed, 2, 2, w) },
		"another generation": func() ([]byte, error) { return feed.UnwrapKey(private, testFeed, 1, 3, w) },
		"changed": func() ([]byte, error) {
			return feed.UnwrapKey(private, testFeed, 1, 2, append([]byte{w[0] ^ 1}, w[1:]...))
		},
	} {
		if _, err := f(); feed.ReasonOf(err) != feed.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := feed.PublishKey(testFeed, 2, w, 1, testTime)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := feed.Pair(testFeed, newOrigin(t, testFeed).roots)
	c, err := r.OpenItem(p.Item)
	if err != nil || !bytes.Equal(c.Wrapped, w) || !bytes.Equal(c.Hash, p.Hash) {
		t.Fatal("the key's leaf does not give the key", err)
	}
}

func TestFreshness(t *testing.T) {
	o := newOrigin(t, testFeed)
	x := newReceiver(t, o)
	if _, late := x.r.Freshness(feed.Clock{}); !late {
		t.Error("a list that was never there is not late")
	}
	o.fill(0, 1)
	x.follow(o, 0)
	for _, c := range []struct {
		now, age int64
		late     bool
	}{{testTime + 5000, 5000, false}, {testTime + 12*24*3600*1000, 12 * 24 * 3600 * 1000, true}, {0, 0, false}} {
		if age, late := x.r.Freshness(feed.Clock{Now: c.now}); age != c.age || late != c.late {
			t.Errorf("at %d: %d, %v", c.now, age, late)
		}
	}
}

func TestCosign(t *testing.T) {
	o := newOrigin(t, testFeed)
	o.fill(0, 20)
	signer, vkey := testKey(t, "MLI/cosign/1", "mali")
	both, err := feed.Cosign(o.checkpoint(1), []string{o.vkey}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(both), "MLI/cosign/1") || strings.Count(string(both), "\u2014 ") != 2 {
		t.Fatalf("%s", both)
	}
	x := newReceiver(t, o)
	if _, err := x.checkpoint(both, nil); err != nil {
		t.Error("a cosigned checkpoint is refused:", err)
	}
	if feed.ReasonOf(x.r.CrossCheck(both, nil, vkey)) != "" {
		t.Error("a checkpoint contradicts itself")
	}
	if _, err := feed.Cosign(both, []string{vkey[:len(vkey)-4] + "AAAA"}, signer); err == nil {
		t.Error("cosigned with a bad key")
	}
}

func TestBucketsSpread(t *testing.T) {
	n := map[int]int{}
	for i := range 41 * feed.Buckets {
		n[feed.Bucket(fmt.Sprint("SEN-", i))]++
	}
	for b := range feed.Buckets {
		if n[b] < 5 || n[b] > 120 {
			t.Fatalf("bucket %d has %d of 41 expected", b, n[b])
		}
	}
}

// TestFrameBytesArePinned: a compressor that packs otherwise makes other bytes for the
// same leaves. That is allowed between releases (docs/adr/0016), and must be known.
func TestFrameBytesArePinned(t *testing.T) {
	o := newOrigin(t, testFeed)
	o.fill(0, 300)
	b, _ := o.frame(0)
	if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != "cf2565eaf345972fbb63b54a262cbcd05f3e6942eb9d05131c04aa8016655bcb" {
		t.Errorf("a frame of 256 leaves has now %d bytes, SHA-256 %s", len(b), got)
	}
}

// TestKeyEncapsulation: the number that docs/feed-format.md gives for others.
func TestKeyEncapsulation(t *testing.T) {
	if id := hpke.MLKEM768X25519().ID(); id != 0x647a {
		t.Errorf("%#x", id)
	}
}
