package command_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/command"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "rewrite the golden bytes in testdata")

// samples gives one command of every kind, with every field set.
func samples() map[string]command.Envelope {
	e := sampleEntry()
	member := watchlist.Member{ID: "n1", Name: "node 1", Role: watchlist.NodeVoter, ClusterAddr: "10.0.0.1:7000", APIAddr: "10.0.0.1:8443", SPKI: "ab", JoinedAt: 4}
	bodies := map[string]command.Body{
		"entry_put":   command.EntryPut{Op: command.OpReplace, Entry: e, IfRevision: 3},
		"entry_batch": command.EntryBatch{Batch: "b1", Label: "first import", Items: []command.EntryPut{{Op: command.OpCreate, Entry: e}}},
		"batch_undo":  command.BatchUndo{Batch: "b1", Reason: "wrong file"},
		"user_put": command.UserPut{Create: true, User: watchlist.User{
			ID: "u1", Login: "admin", Role: watchlist.RoleAdministrator, PasswordHash: "$argon2id$x", Disabled: true, Post: "P1", CreatedAt: 5, MustChange: true,
		}},
		"session_put":  command.SessionPut{Session: watchlist.Session{TokenHash: "aa", User: "u1", CreatedAt: 1, ExpiresAt: 2}},
		"session_drop": command.SessionDrop{TokenHash: "aa", User: "u1"},
		"api_key_put": command.APIKeyPut{Key: watchlist.APIKey{
			ID: "k1", SecretHash: "bb", Role: watchlist.RoleOfficer, Label: "gate", Post: "P1", CreatedAt: 1, ExpiresAt: 2, Revoked: true,
		}},
		"member_put":    command.MemberPut{Member: member},
		"member_drop":   command.MemberDrop{ID: "n1"},
		"token_put":     command.TokenPut{Hash: []byte{1, 2, 3}, Role: watchlist.NodeNonvoter, ExpiresAt: 9},
		"token_burn":    command.TokenBurn{Hash: []byte{1, 2, 3}, Member: member},
		"cluster_setup": command.ClusterSetup{ClusterID: "c1", Origin: e.Origin, CACert: []byte("cert"), CAKey: []byte("key")},
		"calibration_put": command.CalibrationPut{
			Version: "c0123456789ab", Model: "m1", File: watchlist.BlobID(strings.Repeat("a", 64)), IfVersion: "cba9876543210", Reason: "measured on more people", Shipped: true,
		},
	}
	bodies["report_put"] = command.ReportPut{Batch: "b2", Label: "stolen blanks", Items: []command.ReportItem{{Op: command.OpReplace, IfRevision: 2, Report: watchlist.ReportedDocument{
		ID: "SEN-0192f0c1-0000-7000-8000-000000000002", Origin: e.Origin, Revision: 3, Type: "passport", Number: "A000100", NumberTo: "A000199", Issuer: "SEN",
		Status: watchlist.ReportStolenBlank, Reported: watchlist.PartialDate{Year: 2026, Month: 3, Day: 1}, Expiry: watchlist.PartialDate{Year: 2031},
		Reference: "PV 12", KeepUntil: 9, ReleasableTo: []watchlist.Country{"MLI"}, Specimen: true, Withdrawn: true, WithdrawnReason: "found", CreatedAt: 1, UpdatedAt: 2,
	}}}}
	bodies["family_propose"] = command.FamilyPropose{IfVersion: 4, Change: watchlist.FamilyChange{
		Number: 9, Kind: watchlist.FamilyExtend, Part: watchlist.FamilySurname, Spellings: []string{"Djaloo", "ߖߊߟߏ"}, PerMillion: 7, Family: "Diallo", Change: 3, AllowShared: true,
		Source: "civil register", Justification: "seen on both sides", ProposedBy: "u1", ProposedAt: 1, ProposedIndex: 2, Status: watchlist.FamilyAccepted,
		ReviewedBy: "u2", ReviewedAt: 3, ReviewedIndex: 4, Reason: "attested", Version: 5, WithdrawnBy: 11,
	}}
	bodies["family_review"] = command.FamilyReview{Number: 9, Accept: true, Reason: "attested in two registers", IfVersion: 4}
	bodies["report_undo"] = command.ReportUndo{Batch: "b2", Reason: "wrong file"}
	measured := sampleEntry()
	measured.Faces[0].Quality.Measures = "formulas/1"
	measured.Faces[0].Quality.Components = []watchlist.QualityComponent{{Name: watchlist.ComponentYaw, Value: -12.25, Score: 95}}
	bodies["entry_put_measured"] = command.EntryPut{Op: command.OpFaceAdd, Entry: measured}
	out := map[string]command.Envelope{}
	for name, b := range bodies {
		env := command.New("u1", b)
		env.Time, env.IdemKey, env.IdemHash = 1_700_000_000_000, "key-1", []byte{7, 8}
		out[name] = env
	}
	return out
}

func sampleEntry() watchlist.Entry {
	tpl := make([]float32, 128)
	for i := range tpl {
		tpl[i] = float32(i) / 1024
	}
	return watchlist.Entry{
		ID:     "SEN-0192f0c1-0000-7000-8000-000000000001",
		Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, Category: watchlist.CategorySmuggler,
		Action: watchlist.ActionArrest, Status: watchlist.StatusActive, Revision: 4,
		Names:         []watchlist.Name{{Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: "Specimen Un", Surname: "Un", Given: "Specimen"}},
		Births:        []watchlist.Birth{{From: watchlist.PartialDate{Year: 1980}, To: watchlist.PartialDate{Year: 1984, Month: 5, Day: 2}, Place: "Dakar"}},
		Sex:           watchlist.SexMale,
		Nationalities: []watchlist.Country{"SEN"},
		Documents:     []watchlist.Document{{Type: "passport", Number: "A1", Issuer: "SEN", Expiry: watchlist.PartialDate{Year: 2030, Month: 1, Day: 1}, Status: watchlist.DocumentStolen}},
		Faces: []watchlist.Face{{
			ID: "f1", Template: watchlist.EncodeTemplate(tpl), Model: "m1", Photo: watchlist.BlobID(strings.Repeat("a", 64)), AddedAt: 3,
			Quality: watchlist.FaceQuality{InterEye: 61.25, Sharpness: 120.1, Dark: 0.01, Bright: 0.5, Flags: []string{"low_resolution"}},
		}},
		Facts: "facts", Assessments: "opinion", LegalBasis: "law", Offence: "offence", CaseReference: "case",
		Issued: 1, ReviewBy: 2, ExpiresAt: 3, ReleasableTo: []watchlist.Country{"MLI"}, Caveats: []string{"armed"},
		Specimen: true, CreatedAt: 1, UpdatedAt: 2, WithdrawnReason: "none",
	}
}

func TestGoldenBytes(t *testing.T) {
	kinds := map[command.Kind]bool{}
	for name, env := range samples() {
		kinds[env.Kind] = true
		got, err := env.Encode()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkGolden(t, name, got)
		back, err := command.Decode(got)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(env, back); d != "" {
			t.Errorf("%s changed on the way (-want +got):\n%s", name, d)
		}
	}
	for k := command.KindEntryPut; k <= command.KindFamilyReview; k++ {
		if !kinds[k] {
			t.Errorf("kind %d has no golden bytes", k)
		}
	}
}

func TestGoldenResult(t *testing.T) {
	r := command.Result{
		Index: 9, Code: command.Invalid, Entry: "SEN-x", Revision: 2, Replayed: true, More: true,
		Fields: watchlist.ValidationError{{Pointer: "/names", Code: "required", Detail: "d"}},
		Items:  []command.Result{{Index: 9, Code: command.OK, Entry: "SEN-y", Revision: 1}},
	}
	got, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "result", got)
	back, err := command.DecodeResult(got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, back, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// checkGolden compares with testdata/NAME.hex: 32 bytes a line.
func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".hex")
	if *update {
		var buf strings.Builder
		for i := 0; i < len(got); i += 32 {
			fmt.Fprintln(&buf, hex.EncodeToString(got[i:min(i+32, len(got))]))
		}
		if err := os.WriteFile(path, []byte(buf.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: the bytes of this command changed; a node of another release could not read them.\n got %x\nwant %x", name, got, want)
	}
}

// envelope encodes any map as an envelope would be, without Encode's checks.
func envelope(t *testing.T, m map[int]any) []byte {
	t.Helper()
	b, err := cbor.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeRefusals(t *testing.T) {
	body := []byte{0xa1, 1, 0x62, 'n', '1'} // MemberDrop{ID: "n1"}
	with := func(k int, v any) map[int]any {
		m := map[int]any{1: 1, 2: 1, 3: int(command.KindMemberDrop), 4: 0, 5: "a", 8: body}
		m[k] = v
		return m
	}
	if _, err := command.Decode(envelope(t, with(4, 1))); err != nil {
		t.Fatalf("the plain command is refused: %v", err)
	}
	nested := append(bytes.Repeat([]byte{0x81}, 40), 0x01)
	many := append([]byte{0xa3, 1, 0x61, 'b', 2, 0x60, 3, 0x9a, 0, 1, 0, 0}, bytes.Repeat([]byte{0xa0}, 1<<16)...)
	cases := map[string]struct {
		in      []byte
		unknown bool
	}{
		"unknown kind":      {envelope(t, with(3, 200)), true},
		"newer reader":      {envelope(t, with(2, int(command.Reader)+1)), true},
		"unknown field":     {envelope(t, with(99, 1)), false},
		"unknown in body":   {envelope(t, with(8, []byte{0xa1, 9, 1})), false},
		"double key":        {envelope(t, with(8, []byte{0xa2, 1, 0x61, 'a', 1, 0x61, 'b'})), false},
		"indefinite length": {envelope(t, with(8, []byte{0xbf, 1, 0x61, 'a', 0xff})), false},
		"tag":               {envelope(t, with(8, []byte{0xa1, 1, 0xc1, 1})), false},
		"bad UTF-8":         {envelope(t, with(8, []byte{0xa1, 1, 0x61, 0xff})), false},
		"trailing in body":  {envelope(t, with(8, append(bytes.Clone(body), 0))), false},
		"trailing":          {append(envelope(t, with(4, 1)), 0), false},
		"too deep":          {envelope(t, with(8, nested)), false},
		"too many":          {envelope(t, map[int]any{1: 1, 2: 1, 3: int(command.KindEntryBatch), 4: 0, 5: "a", 8: many[:60000]}), false},
		"unknown operation": {envelope(t, map[int]any{1: 1, 2: 1, 3: int(command.KindEntryPut), 4: 0, 5: "a", 8: []byte{0xa1, 1, 0x61, 'z'}}), true},
		"empty body":        {envelope(t, with(8, []byte{})), false},
		"empty":             {nil, false},
		"NaN":               {envelope(t, with(4, float32(1.5))), false},
	}
	for name, c := range cases {
		_, err := command.Decode(c.in)
		if err == nil || errors.Is(err, command.ErrUnknown) != c.unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncodeLimits(t *testing.T) {
	e := sampleEntry()
	e.Facts = strings.Repeat("x", command.MaxEncoded)
	big := command.New("u1", command.EntryPut{Op: command.OpCreate, Entry: e})
	if _, err := big.Encode(); !errors.Is(err, watchlist.ErrTooLarge) {
		t.Errorf("large entry: %v", err)
	}
	if _, err := command.Decode(make([]byte, command.MaxEncoded+1)); !errors.Is(err, watchlist.ErrTooLarge) {
		t.Errorf("large input: %v", err)
	}
	many := command.New("u1", command.EntryBatch{Items: make([]command.EntryPut, command.MaxItems+1)})
	if _, err := many.Encode(); !errors.Is(err, watchlist.ErrTooLarge) {
		t.Errorf("many items: %v", err)
	}
	odd := command.New("u1", command.EntryPut{Op: "merge", Entry: sampleEntry()})
	if _, err := odd.Encode(); !errors.Is(err, command.ErrUnknown) {
		t.Errorf("unknown operation: %v", err)
	}
	if _, err := (&command.Envelope{}).Encode(); err == nil {
		t.Error("a command without a body was encoded")
	}
}

// TestErrorsTellNothing plants a name where decoding fails.
func TestErrorsTellNothing(t *testing.T) {
	const planted = "Planted Name"
	raw, err := cbor.Marshal(map[int]any{1: planted, 2: planted})
	if err != nil {
		t.Fatal(err)
	}
	for k := command.KindEntryPut; k <= command.KindCalibration; k++ {
		_, err := command.Decode(envelope(t, map[int]any{1: 1, 2: 1, 3: int(k), 4: 0, 5: "a", 8: raw}))
		if err != nil && strings.Contains(err.Error(), "Planted") {
			t.Errorf("kind %d: the error quotes the input: %v", k, err)
		}
	}
	var s struct {
		Known string `cbor:"known"`
	}
	b, err := cbor.Marshal(map[string]string{planted: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Unmarshal(b, &s); err == nil || strings.Contains(err.Error(), "Planted") {
		t.Errorf("unknown field: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, env := range samples() {
		b, err := env.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		env, err := command.Decode(b)
		if err != nil {
			return
		}
		canonical, err := env.Encode()
		if errors.Is(err, watchlist.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatalf("decoded but does not encode: %v", err)
		}
		again, err := command.Decode(canonical)
		if err != nil {
			t.Fatalf("own bytes do not decode: %v", err)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(canonical, second) {
			t.Fatalf("encoding is not stable: %v", err)
		}
	})
}
