package feed_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"

	"golang.org/x/mod/sumdb/note"
)

const testFeed = feed.ID("SEN/partner/MLI/0123456789abcdef")

// testTime is a moment in 2026, Unix milliseconds.
const testTime = int64(1_790_000_000_000)

// testKey makes a note key pair from a word, the same on every run.
func testKey(t testing.TB, name, word string) (note.Signer, string) {
	t.Helper()
	seed := sha256.Sum256([]byte(word))
	pub := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	key := append([]byte{1}, pub...)
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	h := binary.BigEndian.Uint32(sum[:])
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, h, base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...))))
	if err != nil {
		t.Fatal(err)
	}
	return s, fmt.Sprintf("%s+%08x+%s", name, h, base64.StdEncoding.EncodeToString(key))
}

func testSecret(word string) []byte {
	s := sha256.Sum256([]byte(word))
	return s[:]
}

// origin is a small producer: what the state machine of the origin will be.
type origin struct {
	t       testing.TB
	id      feed.ID
	epoch   uint64
	fork    *feed.Fork
	salts   *feed.Salts
	tree    *feed.Tree
	live    *feed.Live
	items   []feed.Item
	last    map[string]feed.Item // of live records
	gone    []feed.Revocation
	codec   *feed.Codec
	content []byte
	index   uint64
	policy  uint64

	country [3]note.Signer
	roots   feed.Country
	online  note.Signer
	vkey    string
}

func newOrigin(t testing.TB, id feed.ID) *origin {
	o := &origin{t: t, id: id, epoch: 1, tree: feed.NewTree(), live: feed.NewLive(), last: map[string]feed.Item{}, content: testSecret("content " + string(id)), policy: 1}
	var err error
	if o.codec, err = feed.NewCodec(); err != nil {
		t.Fatal(err)
	}
	o.roots.Threshold = 2
	for i := range o.country {
		var v string
		o.country[i], v = testKey(t, fmt.Sprintf("%s/country/%d", id.Origin(), i), fmt.Sprintf("country %s %d", id.Origin(), i))
		o.roots.Keys = append(o.roots.Keys, v)
	}
	o.online, o.vkey = testKey(t, string(id.Origin())+"/feed/1", "online "+string(id.Origin()))
	o.salt()
	return o
}

func (o *origin) salt() {
	var err error
	if o.salts, err = feed.NewSalts(o.id, o.epoch, testSecret("salts")); err != nil {
		o.t.Fatal(err)
	}
}

// clone is a copy that goes its own way, as a restored backup or a lying node does.
func (o *origin) clone() *origin {
	c := newOrigin(o.t, o.id)
	c.index, c.policy = o.index, o.policy
	for _, it := range o.items {
		c.take(it)
	}
	return c
}

// take appends an item that another origin has published.
func (o *origin) take(it feed.Item) {
	r, err := feed.Pair(o.id, o.roots)
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := r.OpenItem(it)
	if err != nil {
		o.t.Fatal(err)
	}
	o.add(c.Leaf, c.Hash, it)
}

func (o *origin) add(l feed.Leaf, hash []byte, it feed.Item) {
	if err := o.tree.Append(hash); err != nil {
		o.t.Fatal(err)
	}
	o.items = append(o.items, it)
	switch l.Type {
	case feed.Put:
		o.live.Put(l.Record, hash)
		o.last[l.Record] = it
	case feed.Tombstone:
		o.live.Drop(l.Record)
		delete(o.last, l.Record)
		o.gone = append(o.gone, feed.Revocation{Record: l.Record, Seq: uint64(len(o.items) - 1)})
	}
}

func (o *origin) put(e *watchlist.Entry, groups sharing.Groups) feed.Published {
	o.index++
	p, err := feed.PublishEntry(o.salts, e, sharing.View{Groups: groups}, o.index, testTime+int64(o.index))
	if err != nil {
		o.t.Fatal(err)
	}
	o.add(p.Leaf, p.Hash, p.Item)
	return p
}

func (o *origin) plain(l feed.Leaf) feed.Published {
	o.index++
	l.Index, l.Time = o.index, testTime+int64(o.index)
	p, err := feed.PublishPlain(o.id, l)
	if err != nil {
		o.t.Fatal(err)
	}
	o.add(p.Leaf, p.Hash, p.Item)
	return p
}

func (o *origin) withdraw(e *watchlist.Entry) feed.Published {
	return o.plain(feed.Leaf{Type: feed.Tombstone, Kind: feed.KindEntry, Record: string(e.ID), Revision: e.Revision + 1})
}

func (o *origin) size() uint64 { return o.tree.Size() }

func (o *origin) certificate(serial uint64, keys ...feed.FeedKey) []byte {
	if len(keys) == 0 {
		keys = []feed.FeedKey{{Key: o.vkey, From: 1, To: 9, Until: testTime + 1e12}}
	}
	b, err := feed.Certificate{Origin: o.id.Origin(), Serial: serial, Country: o.roots, Keys: keys}.Sign(o.country[0], o.country[2])
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

// statement is the checkpoint of now; at moves its time of issue.
func (o *origin) statement(at int64) feed.Checkpoint {
	root, err := feed.Root(o.tree, o.size())
	if err != nil {
		o.t.Fatal(err)
	}
	return feed.Checkpoint{
		Feed: o.id, Size: o.size(), Root: root, Epoch: o.epoch, Fork: o.fork, State: o.live.Root(), Live: o.live.Len(),
		Policy: o.policy, Index: o.index, Issued: testTime + at, Due: testTime + at + 60_000,
	}
}

func (o *origin) checkpoint(at int64) []byte { return o.sign(o.statement(at)) }

func (o *origin) sign(c feed.Checkpoint) []byte {
	b, err := c.Sign(o.online)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *origin) proof(from, to uint64) [][]byte {
	p, err := feed.Consistency(o.tree, from, to)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

// frame gives the frame that begins at first, and its end.
func (o *origin) frame(first uint64) ([]byte, uint64) {
	end := min((first/feed.FrameLeaves+1)*feed.FrameLeaves, o.size())
	return o.box(first, o.items[first:end]), end
}

func (o *origin) box(first uint64, items []feed.Item) []byte {
	b, err := o.codec.Frame(o.id, o.epoch, first, items, 1, o.content)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *origin) bucket(n int) []byte {
	var items []feed.Item
	for _, id := range o.live.Records(n) {
		items = append(items, o.last[id])
	}
	b, err := o.codec.Bucket(o.id, o.epoch, o.size(), n, items, 1, o.content)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *origin) revocations(from uint64) []byte {
	s := feed.RevocationSet{Feed: o.id, Epoch: o.epoch, From: from, Size: o.size()}
	for _, r := range o.gone {
		if r.Seq >= from && o.last[r.Record].Leaf == nil {
			s.Records = append(s.Records, r)
		}
	}
	b, err := s.Sign(o.codec, 1, o.content, o.online)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

// receiver is a small recipient: what the state machine of a partner will be.
type receiver struct {
	t     testing.TB
	r     feed.Ratchet
	live  *feed.Live
	rev   map[string]uint64
	codec *feed.Codec
	keys  feed.ContentKeys
	clock feed.Clock
	lim   feed.Limits
}

func newReceiver(t testing.TB, o *origin) *receiver {
	r, err := feed.Pair(o.id, o.roots)
	if err != nil {
		t.Fatal(err)
	}
	x := &receiver{t: t, r: r, live: feed.NewLive(), rev: map[string]uint64{}, codec: o.codec, keys: feed.ContentKeys{1: o.content}, lim: feed.DefaultLimits()}
	x.clock = feed.Clock{Now: testTime, Trusted: true}
	x.must(x.certificate(o.certificate(1)))
	return x
}

func (x *receiver) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *receiver) certificate(b []byte) error {
	r, err := x.r.AcceptCertificate(b)
	x.r = r
	return err
}

func (x *receiver) checkpoint(b []byte, proof [][]byte) (feed.News, error) {
	r, news, err := x.r.AcceptCheckpoint(b, proof, x.clock, x.lim)
	x.r = r
	return news, err
}

// from is the size that the proof of the next checkpoint begins at.
func (x *receiver) from() uint64 {
	if h, ok := x.r.HeadCheckpoint(); ok && h.Epoch == x.r.Epoch {
		return h.Size
	}
	return x.r.Size
}

func (x *receiver) frame(b []byte, proof [][]byte) error {
	r, changes, err := x.r.AcceptFrame(x.codec, b, x.keys, proof, func(id string) uint64 { return x.rev[id] })
	if err != nil && (changes != nil || !sameRatchet(x.t, r, x.r)) {
		x.t.Fatal("a refused frame left something")
	}
	x.r = r
	for _, c := range changes {
		x.live.Apply(c)
		if !c.Elided && c.Leaf.Record != "" {
			x.rev[c.Leaf.Record] = c.Leaf.Revision
		}
	}
	return err
}

// follow takes over everything that the origin has now.
func (x *receiver) follow(o *origin, at int64) {
	x.t.Helper()
	_, err := x.checkpoint(o.checkpoint(at), o.proof(x.from(), o.size()))
	x.must(err)
	for x.r.Size < o.size() {
		b, end := o.frame(x.r.Size)
		x.must(x.frame(b, o.proof(end, o.size())))
	}
	x.must(x.r.CheckState(x.live.Root()))
	if _, ok := x.r.HeadCheckpoint(); !ok || x.r.Size != o.size() {
		x.t.Fatal("nothing was followed")
	}
}

func sameRatchet(t testing.TB, a, b feed.Ratchet) bool {
	x, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// person makes an entry that Validate accepts, the same for the same number.
func person(n int) *watchlist.Entry {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	tpl := make([]float32, 128)
	for i := range tpl {
		tpl[i] = float32(r.NormFloat64() * 0.09)
	}
	return &watchlist.Entry{
		ID: watchlist.EntryID(fmt.Sprintf("SEN-0192f0c1-0000-7000-8000-%012x", n)), Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"},
		Category: watchlist.CategorySmuggler, Action: watchlist.ActionArrest, Status: watchlist.StatusActive, Revision: 1,
		Names:     []watchlist.Name{{Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: fmt.Sprintf("Specimen Numero %s", hex.EncodeToString([]byte{byte(n >> 8), byte(n)}))}},
		Births:    []watchlist.Birth{{From: watchlist.PartialDate{Year: 1960 + n%40}, Place: "Dakar"}},
		Documents: []watchlist.Document{{Type: "passport", Number: fmt.Sprintf("A%07d", n), Issuer: "SEN"}},
		Faces:     []watchlist.Face{{ID: "f1", Template: watchlist.EncodeTemplate(tpl), Model: "dlib-resnet-v1/x", Photo: watchlist.BlobID(hex.EncodeToString(testSecret(fmt.Sprint(n))))}},
		Facts:     "seen at a crossing", LegalBasis: "law", Offence: "offence", CaseReference: fmt.Sprintf("PV %d", n),
		Issued: testTime, ReviewBy: testTime + 1e9, ExpiresAt: testTime + 1e10, ReleasableTo: []watchlist.Country{"MLI"}, Specimen: true,
	}
}

const toMali = sharing.Core | sharing.Identity | sharing.Templates | sharing.Documents

// fill publishes people and withdraws some: n puts and n/10 tombstones.
func (o *origin) fill(from, n int) {
	for i := from; i < from+n; i++ {
		o.put(person(i), toMali)
		if i%10 == 9 {
			o.withdraw(person(i - 3))
		}
	}
}
