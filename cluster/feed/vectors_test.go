package feed_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

var update = flag.Bool("update", false, "write the published vectors anew")

const vectorDir = "../../docs/feed-vectors/"

// vectorLeaf is one leaf of vectors.json; byte strings are in hex.
type vectorLeaf struct {
	Type, Kind     uint8
	Record         string
	Revision       uint64
	Groups         string
	Encoded, Hash  string
	Bodies         []string `json:",omitempty"`
	Seed, Withheld string   `json:",omitempty"`
}

// vectors is what vectors.json holds beside the files.
type vectors struct {
	Feed, SaltSecret, ContentKey, FeedKey string
	Epoch                                 uint64
	CountryKeys                           []string
	Threshold                             int
	RecipientPrivate, WrappedKey          string
	Leaves                                []vectorLeaf
	Root, State                           string
	ConsistencyFrom3                      []string
	Frontier                              []string
	BucketProof                           []string
	// Refused are frames that must be refused after the checkpoint, by reason.
	Refused map[string]string
}

func hexes(list [][]byte) []string {
	out := []string{}
	for _, b := range list {
		out = append(out, hex.EncodeToString(b))
	}
	return out
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorPerson is an entry with every field.
func vectorPerson() *watchlist.Entry {
	e := person(2)
	e.Caveats, e.Assessments, e.Sex, e.Nationalities = []string{"armed"}, "opinion", watchlist.SexMale, []watchlist.Country{"SEN"}
	return e
}

// publish builds everything that is published: the same on every run but for the
// wrapped key and its pair, which are drawn once and taken over from old.
func publish(t *testing.T, old vectors) (map[string][]byte, vectors) {
	o := newOrigin(t, testFeed)
	wrapped := unhex(t, old.WrappedKey)
	key, err := feed.PublishKey(o.id, 1, wrapped, 0, testTime)
	if err != nil {
		t.Fatal(err)
	}
	o.add(key.Leaf, key.Hash, key.Item)
	pubs := []feed.Published{
		key, o.plain(feed.Leaf{Type: feed.Policy, Revision: 1}), o.put(person(1), toMali), o.put(vectorPerson(), sharing.All),
		o.put(person(3), sharing.Core|sharing.Identity), o.withdraw(person(1)), o.plain(feed.Leaf{Type: feed.Heartbeat}),
	}
	root, err := feed.Root(o.tree, o.size())
	if err != nil {
		t.Fatal(err)
	}
	frontier, err := feed.Frontier(o.tree, o.size())
	if err != nil {
		t.Fatal(err)
	}
	bucket := feed.Bucket(string(vectorPerson().ID))
	v := vectors{
		Feed: string(o.id), Epoch: 1, SaltSecret: hex.EncodeToString(testSecret("salts")), ContentKey: hex.EncodeToString(o.content), CountryKeys: o.roots.Keys,
		Threshold: 2, FeedKey: o.vkey, RecipientPrivate: old.RecipientPrivate, WrappedKey: old.WrappedKey, Root: hex.EncodeToString(root), State: hex.EncodeToString(o.live.Root()),
		ConsistencyFrom3: hexes(o.proof(3, 7)), Frontier: hexes(frontier), BucketProof: hexes(o.live.Proof(bucket)), Refused: refusedFrames(t, o),
	}
	for _, p := range pubs {
		b, err := p.Leaf.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l := vectorLeaf{
			Type: uint8(p.Leaf.Type), Kind: uint8(p.Leaf.Kind), Record: p.Leaf.Record, Revision: p.Leaf.Revision, Groups: p.Leaf.Groups.String(),
			Encoded: hex.EncodeToString(b), Hash: hex.EncodeToString(p.Hash), Seed: hex.EncodeToString(p.Item.Seed), Withheld: hex.EncodeToString(p.Item.Withheld),
		}
		if p.Leaf.Type == feed.Put {
			l.Bodies = hexes(p.Item.Bodies)
		}
		v.Leaves = append(v.Leaves, l)
	}
	d, err := feed.Disclose(o.salts, pubs[4].Leaf, person(3), sharing.Case)
	if err != nil {
		t.Fatal(err)
	}
	x := newReceiver(t, o)
	x.follow(o, 1)
	files := map[string][]byte{
		"certificate.txt": o.certificate(1), "checkpoint.txt": o.checkpoint(1), "frame.bin": first(o.frame(0)), "bucket.bin": o.bucket(bucket),
		"revocations.bin": o.revocations(0), "ratchet.cbor": encode(t, x.r), "disclosure.cbor": feed.MarshalForTest(t, d),
	}
	if files["frame.plain"], err = feed.EncodeItemsForTest(o.items); err != nil {
		t.Fatal(err)
	}
	files["container.bin"] = container(t, files, wrapped)
	return files, v
}

// refusedFrames are frames of the whole feed that must not be accepted.
func refusedFrames(t *testing.T, o *origin) map[string]string {
	whole := o.box(0, o.items)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	swapped := slices.Clone(o.items)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	fewer := slices.Clone(o.items)
	fewer[3].Bodies = fewer[3].Bodies[:5]
	other := slices.Clone(o.items)
	other[6] = other[1]
	out := map[string]string{}
	for reason, b := range map[string][]byte{
		"malformed truncated": whole[:len(whole)-1], "malformed flipped": flipped, "regressed reordered": o.box(0, swapped), "bad_record group missing": o.box(0, fewer),
		"regressed replaced": o.box(0, other), "gap later": o.box(1, o.items[1:]), "root_mismatch elided wrongly": o.box(0, append(slices.Clone(o.items[:6]), feed.Elide(testSecret("x")))),
	} {
		out[reason] = hex.EncodeToString(b)
	}
	return out
}

func container(t *testing.T, files map[string][]byte, wrapped []byte) []byte {
	var out bytes.Buffer
	w, err := feed.NewContainerWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		t feed.PartType
		b []byte
	}{
		{feed.PartCertificate, files["certificate.txt"]},
		{feed.PartKey, append([]byte{0, 0, 0, 1}, wrapped...)},
		{feed.PartCheckpoint, files["checkpoint.txt"]},
		{feed.PartRevocations, files["revocations.bin"]},
		{feed.PartFrame, files["frame.bin"]},
	} {
		if err := w.Add(p.t, p.b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readVectors(t *testing.T) vectors {
	var v vectors
	b, err := os.ReadFile(vectorDir + "vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVectors holds what the code makes today against what is published: another byte
// would be another format, or, in frames alone, another compressor.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	old := readVectors(t)
	files, v := publish(t, old)
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	files["vectors.json"] = append(text, '\n')
	for name, b := range files {
		want, err := os.ReadFile(vectorDir + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s: other bytes than published", name)
		}
	}
}

func writeVectors(t *testing.T) {
	private, public, err := feed.NewRecipientKey()
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := feed.WrapKey(public, testFeed, 1, 1, testSecret("content "+string(testFeed)))
	if err != nil {
		t.Fatal(err)
	}
	files, v := publish(t, vectors{RecipientPrivate: hex.EncodeToString(private), WrappedKey: hex.EncodeToString(wrapped)})
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	files["vectors.json"] = append(text, '\n')
	for name, b := range files {
		if err := os.WriteFile(vectorDir+name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVectorsAreAccepted follows the published feed from its files alone, as another
// country's receiver does.
func TestVectorsAreAccepted(t *testing.T) {
	v := readVectors(t)
	file := map[feed.PartType][]byte{}
	b, err := os.ReadFile(vectorDir + "container.bin")
	if err != nil {
		t.Fatal(err)
	}
	cr, err := feed.NewContainerReader(bytes.NewReader(b))
	for err == nil {
		var typ feed.PartType
		var part []byte
		if typ, part, err = cr.Next(); err == nil {
			file[typ] = part
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	r, err := feed.Pair(feed.ID(v.Feed), feed.Country{Threshold: v.Threshold, Keys: v.CountryKeys})
	if err != nil {
		t.Fatal(err)
	}
	key, err := feed.UnwrapKey(unhex(t, v.RecipientPrivate), r.Feed, v.Epoch, 1, file[feed.PartKey][4:])
	if err != nil || hex.EncodeToString(key) != v.ContentKey {
		t.Fatal("the content key does not open", err)
	}
	c, err := feed.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	keys := feed.ContentKeys{1: key}
	if r, err = r.AcceptCertificate(file[feed.PartCertificate]); err != nil {
		t.Fatal(err)
	}
	if r, _, err = r.AcceptCheckpoint(file[feed.PartCheckpoint], nil, feed.Clock{}, feed.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	s, err := r.AcceptRevocations(c, file[feed.PartRevocations], keys)
	if err != nil || len(s.Records) != 1 || s.Records[0].Seq != 5 {
		t.Fatal(s, err)
	}
	for name, x := range v.Refused {
		want, _, _ := strings.Cut(name, " ")
		if _, changes, err := r.AcceptFrame(c, unhex(t, x), keys, nil, nil); string(feed.ReasonOf(err)) != want || changes != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	next, changes, err := r.AcceptFrame(c, file[feed.PartFrame], keys, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkVectorState(t, v, next, changes)
}

func checkVectorState(t *testing.T, v vectors, r feed.Ratchet, changes []feed.Change) {
	live := feed.NewLive()
	for i, c := range changes {
		live.Apply(c)
		if hex.EncodeToString(c.Hash) != v.Leaves[i].Hash {
			t.Errorf("leaf %d has another hash", i)
		}
	}
	if err := r.CheckState(live.Root()); err != nil || hex.EncodeToString(live.Root()) != v.State || hex.EncodeToString(r.Root) != v.Root {
		t.Error("another state", err)
	}
	kept, err := os.ReadFile(vectorDir + "ratchet.cbor")
	if err != nil || !bytes.Equal(kept, encode(t, r)) {
		t.Error("another ratchet", err)
	}
	var d feed.Disclosure
	b, err := os.ReadFile(vectorDir + "disclosure.cbor")
	if err != nil {
		t.Fatal(err)
	}
	feed.UnmarshalForTest(t, b, &d)
	if err := d.Verify(changes[4].Hash); err != nil {
		t.Error(err)
	}
}

// TestContainerRefusals: a courier's file that was cut or changed is refused, at the
// end at the latest.
func TestContainerRefusals(t *testing.T) {
	whole, err := os.ReadFile(vectorDir + "container.bin")
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		r, err := feed.NewContainerReader(bytes.NewReader(b))
		for err == nil {
			_, _, err = r.Next()
		}
		return err
	}
	if err := read(whole); err != io.EOF {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 3 {
		bad := bytes.Clone(whole)
		bad[i] ^= 8
		if feed.ReasonOf(read(whole[:i])) != feed.Malformed || feed.ReasonOf(read(bad)) != feed.Malformed {
			t.Fatalf("cut or changed at %d, and read", i)
		}
	}
	if feed.ReasonOf(read(append(bytes.Clone(whole), 0))) != feed.Malformed {
		t.Error("bytes after the end")
	}
	w, err := feed.NewContainerWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if w.Add(feed.PartFrame, nil) != nil || w.Add(feed.PartCertificate, nil) == nil {
		t.Error("parts out of order")
	}
}
