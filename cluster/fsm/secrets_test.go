package fsm_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/klauspost/compress/zstd"
)

// open is the sealer that seals nothing.
type openSealer struct{}

func (openSealer) Seal(plain, _ []byte) ([]byte, error)  { return bytes.Clone(plain), nil }
func (openSealer) Open(sealed, _ []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

// planted are the words and bytes to look for.
func planted() map[string][]byte {
	return map[string][]byte{
		"name": []byte("Plantedname"), "document": []byte("PLANTEDNUMBER1"), "template": template(1)[:64],
		"offence": []byte("plantedoffence"), "login": []byte("plantedlogin"), "password": []byte("$argon2id$planted"),
		"key label": []byte("plantedlabel"), "idempotency key": []byte("plantedidem"), "actor": []byte("plantedactor"),
		"batch": []byte("plantedbatch"), "earlier name": []byte("Plantedbefore"), "cluster key": []byte("plantedcakey"),
		"member": []byte("plantedmember"), "user id": []byte("planteduser"), "key id": []byte("plantedkeyid"),
	}
}

// plant fills a node with the planted content.
func plant(n *node, j *journal) {
	setup := setupBody()
	setup.CAKey = []byte("plantedcakey")
	before, after := entry(1), entry(1)
	before.Names[0].Full = "Plantedbefore Un"
	after.Names[0].Full = "Plantedname Un"
	after.Offence = "plantedoffence"
	u := user("planteduser", "plantedlogin")
	u.PasswordHash = "$argon2id$planted"
	n.apply(
		j.add(setup),
		j.addAs("plantedactor", "plantedidem", nil, command.EntryPut{Op: command.OpCreate, Entry: before}),
		j.add(command.EntryBatch{Batch: "plantedbatch", Items: []command.EntryPut{{Op: command.OpReplace, Entry: after, IfRevision: 1}}}),
		j.add(command.UserPut{User: u, Create: true}),
		j.add(command.SessionPut{Session: watchlist.Session{TokenHash: "s", User: u.ID, ExpiresAt: j.now + 1000}}),
		j.add(command.APIKeyPut{Key: watchlist.APIKey{ID: "plantedkeyid", SecretHash: "h", Role: watchlist.RoleOfficer, Label: "plantedlabel"}}),
		j.add(command.MemberPut{Member: watchlist.Member{ID: "plantedmember", Role: watchlist.NodeVoter}}),
	)
}

// TestNothingPlantedIsReadable is design D14's test: with keys the raw bytes of
// the registry, the log and a snapshot hold nothing of a person; without keys
// all of it is there, so the search can find it.
func TestNothingPlantedIsReadable(t *testing.T) {
	key := newKey(t)
	sealed := newNode(t, t.TempDir(), key)
	defer sealed.close()
	js := newJournal(t, key)
	plant(sealed, js)

	bare := &node{t: t, path: t.TempDir() + "/registry.db", nodeKey: openSealer{}, cluster: openSealer{}}
	bare.open()
	defer bare.close()
	jb := newJournal(t, openSealer{})
	plant(bare, jb)

	if sealed.fsm.StateHash() != bare.fsm.StateHash() {
		t.Error("the keys have a part in the state hash")
	}
	for what, needle := range planted() {
		for where, raw := range map[string][]byte{"registry": file(t, sealed), "snapshot": sealed.persist(), "log": logBytes(js)} {
			if bytes.Contains(raw, needle) {
				t.Errorf("%s can be read in the %s", what, where)
			}
		}
		for where, raw := range map[string][]byte{"registry": file(t, bare), "snapshot": unpacked(t, bare.persist())} {
			if !bytes.Contains(raw, needle) {
				t.Errorf("%s is not in the unsealed %s: the test looks for nothing", what, where)
			}
		}
	}
}

func file(t *testing.T, n *node) []byte {
	t.Helper()
	b, err := os.ReadFile(n.path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func logBytes(j *journal) []byte {
	var b []byte
	for _, l := range j.logs {
		b = append(b, l.Data...)
	}
	return b
}

// unpacked decompresses the parts of an unsealed snapshot.
func unpacked(t *testing.T, b []byte) []byte {
	t.Helper()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var out []byte
	for b = b[74:]; len(b) >= 4; {
		n := binary.BigEndian.Uint32(b)
		part := b[4 : 4+n]
		b = b[4+n:]
		if len(part) > 0 && part[0] == 1 {
			if out, err = dec.DecodeAll(part[1:], out); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// TestWrongNodeKey: the registry of another node is refused at once.
func TestWrongNodeKey(t *testing.T) {
	o := newOne(t)
	o.close()
	defer o.open()
	if _, err := registry.Open(o.path, newKey(t)); err == nil {
		t.Error("opened with another key")
	}
}
