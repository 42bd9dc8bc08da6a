package api

import (
	"strings"
	"testing"
	"time"
)

// TestDuplicateKeys: of two members with one name a reader before this one may
// have checked the first, while the decoder takes the last.
func TestDuplicateKeys(t *testing.T) {
	r := newRig(t)
	for body, pointer := range map[string]string{
		`{"purpose":"test","reason":"abc","purpose":"investigation"}`:             "/purpose",
		`{"purpose":"test","p\u0075rpose":"test"}`:                                "/purpose",
		`{"names":[{"full":"A"},{"full":"B","given":"x" , "full" : {"full":1}}]}`: "/names/1/full",
		`{"birth":{"date":"1984","to":"1985","date":"1986"},"x":{"a":1,"a":2}}`:   "/birth/date",
		`{"PLANTED KEY":1,"PLANTED KEY":2}`:                                       "",
		`{"PLANTED KEY":{"a":[{"b":1,"b":2}]}}`:                                   "",
		`{"names":[{"PLANTED KEY":1,"PLANTED KEY":2}]}`:                           "/names/0",
		`{"a":[[0],[{"b":{}},{"b":"b","b":[]}]]}`:                                 "/a/1/1/b",
		`{"":1,"":2}`: "",
	} {
		p := r.problem("duplicate_key", ask{method: "POST", path: "/v1/match", role: officer, body: body})
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer || p.Errors[0].Code != "duplicate_key" {
			t.Errorf("%s: %+v, want %q", body, p.Errors, pointer)
		}
	}
	for _, body := range []string{
		`{"a":"a","b":{"a":"a"},"c":[{"a":1},{"a":1}],"A":"a","a\"":1,"a\\":2,"a ":3}`,
		`{"a":["a","a",{"b":"b"},"b"],"b":"a"}`,
	} {
		if err := checkObject([]byte(body), maxValues); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	kind, form := formBody(t, filePart{"photo", mediaJPEG, "x"}, filePart{"face", mediaJSON, `{"left":1,"left":1,"top":2,"right":3,"bottom":4}`})
	p := r.problem("duplicate_key", ask{method: "POST", path: "/v1/entries/" + r.enrolled() + "/faces", role: admin, kind: kind, body: form})
	if p.Errors[0].Pointer != "/face/left" {
		t.Errorf("%+v", p.Errors)
	}
	patch := ask{method: "PATCH", path: "/v1/users/0192f0c1-4444-7abc-8def-0123456789ab", role: admin, kind: mediaPatch, body: `{"role":"officer","role":"administrator"}`}
	if p := r.problem("duplicate_key", patch); p.Errors[0].Pointer != "/role" {
		t.Errorf("%+v", p.Errors)
	}
	imported := importAsk("entries")
	imported.body = `{"lines":[{"line":1,"entry":{}},{"line":2,"entry":{"sex":"M","sex":"F"}}]}`
	if p := r.problem("duplicate_key", imported); p.Errors[0].Pointer != "/lines/1/entry/sex" {
		t.Errorf("%+v", p.Errors)
	}
}

// TestManyKeysAreScannedInLinearTime: a table of keys that once was large isn't
// cleared again and again for small objects.
func TestManyKeysAreScannedInLinearTime(t *testing.T) {
	var big strings.Builder
	big.WriteString(`{"a":[{`)
	for i := range 200_000 {
		big.WriteString(`"k` + itoa(i) + `":0,`)
	}
	big.WriteString(`"x":0},` + strings.Repeat(`{"a":0},`, 150_000) + `{}]}`)
	start := time.Now()
	if err := checkObject([]byte(big.String()), 1<<20); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestUnknownValueListsTheOthers: whoever misspells a value is told the ones that
// exist, in bodies and in addresses.
func TestUnknownValueListsTheOthers(t *testing.T) {
	r := newRig(t)
	p := r.problem("invalid_request", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput(map[string]any{"purpose": "curiosity", "sex": "W"})})
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Pointer+" "+f.Code+" "+f.Detail)
	}
	text := strings.Join(got, "; ")
	for _, want := range []string{
		"/purpose unknown_value allowed here: border_check, second_line_check, investigation, test",
		"/sex unknown_value allowed here: M, F, X",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	p = r.problem("invalid_request", ask{method: "GET", path: "/v1/entries?status=gone", role: admin})
	if f := p.Errors[0]; f.Parameter != "status" || f.Pointer != "" || f.Detail != "allowed here: draft, active, suspended, withdrawn, expired" {
		t.Errorf("%+v", f)
	}
}
