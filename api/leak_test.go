package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vigie/watchlist"
)

// planted values must turn up in no refusal, log line, metric or audit event.
var planted = []string{"PLANTED-DIALLO", "planted-key", "987654321.125", "ZZ9PLANT", "planted secret phrase", "UExBTlRFRFBIT1RP"}

func leaks(t *testing.T, what, text string) {
	t.Helper()
	for _, p := range planted {
		if i := strings.Index(text, p); i >= 0 {
			t.Errorf("%s repeats %q: …%s…", what, p, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// TestNothingSentIsRepeated sends planted values through every gate and looks
// for them everywhere.
func TestNothingSentIsRepeated(t *testing.T) {
	r := newRig(t)
	values := strings.Repeat("987654321.125,", 128) + "987654321.125"
	bodies := []string{
		`{"names":[{"full":"PLANTED-DIALLO","kind":"x"}],"planted-key":1}`,
		`{"names":"PLANTED-DIALLO"}`,
		`{"purpose":"PLANTED-DIALLO","reason":["ZZ9PLANT"],"sex":"ZZ9PLANT","nationality":"ZZ9PLANT"}`,
		`{"templates":[{"model":"ZZ9PLANT","values":[` + values + `]}],"purpose":"test","reason":"abc"}`,
		`{"templates":[{"values":[` + values + `]}]}`,
		`{"birth":{"date":"ZZ9PLANT"},"documents":[{"number":9,"issuer":"PLANTED-DIALLO"}]}`,
		`{"photos":[{"image":"UExBTlRFRFBIT1RP!"}],"mrz":{"lines":["ZZ9PLANT"]},"purpose":"test","reason":"abc"}`,
		`{"photos":[{"image":"UExBTlRFRFBIT1RP"}],"purpose":"test","reason":"abc"}`,
		`{"mrz":{"lines":["ZZ9PLANT<<","ZZ9PLANT"]},"purpose":"test","reason":"abc"}`,
		`{"limit":987654321.125,"min_index":"PLANTED-DIALLO"}`,
		`{"PLANTED-DIALLO":{"planted-key":["ZZ9PLANT"]}}`,
		`{"reason":"PLANTED-DIALLO`, `PLANTED-DIALLO`, `{"a":PLANTED-DIALLO}`,
		`{"category":"PLANTED-DIALLO","names":[{"kind":"primary","full":"ZZ9PLANT` + strings.Repeat("x", 300) + `"}],"issued":"ZZ9PLANT"}`,
		`{"login":"PLANTED-DIALLO","password":"planted secret phrase","role":"ZZ9PLANT"}`,
		`{"login":"someone","password":"planted secret phrase"}`,
		`{"old":"planted secret phrase","new":"planted secret phrase"}`,
		`{"lines":[{"line":1,"entry":{"category":"PLANTED-DIALLO","planted-key":1}}]}`,
	}
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		return nil, &watchlist.FaceError{Code: watchlist.FaceNone, Detail: "no face"}
	}
	for key, op := range r.s.ops {
		method, path, _ := strings.Cut(key, " ")
		for i, b := range bodies {
			kinds := op.consumes
			if len(kinds) == 0 {
				kinds = []string{mediaJSON}
			}
			for _, kind := range kinds {
				a := ask{method: method, path: samplePath.Replace(path), role: admin, body: b, kind: kind, header: map[string]string{"If-Match": `"1"`, "Accept": "*/*"}}
				if kind == multipartForm {
					a.kind += "; boundary=PLANTED-DIALLO"
				}
				rec := r.do(a)
				leaks(t, fmt.Sprintf("%s with body %d", op.id, i), rec.Body.String()+fmt.Sprint(rec.Header()))
				if rec.Code >= 500 && rec.Code != 503 {
					t.Errorf("%s with body %d: %d %s", op.id, i, rec.Code, rec.Body)
				}
			}
		}
		spoilPath(t, r, method, path)
	}
	leaks(t, "the log", r.log.String())
	if !strings.Contains(r.log.String(), `"operation":"match"`) {
		t.Error("the log was not written at all")
	}
	for _, e := range r.w.events {
		leaks(t, "an audit event", fmt.Sprintf("%+v", e))
	}
	leaks(t, "the metrics", r.want(200, ask{method: "GET", path: "/metrics", role: admin}).Body.String())
}

// spoilPath puts planted values into path, query and headers.
func spoilPath(t *testing.T, r *rig, method, path string) {
	t.Helper()
	bad := samplePath.Replace(strings.NewReplacer(":entry", "PLANTED-DIALLO", ":face", "ZZ9PLANT", ":user", "ZZ9PLANT", ":key", "ZZ9PLANT", ":member", "ZZ9PLANT", ":batch", "..ZZ9PLANT").Replace(path))
	for _, q := range []string{"?q=" + url.QueryEscape("PLANTED-DIALLO") + strings.Repeat("x", 300), "?planted-key=1", "?limit=ZZ9PLANT&cursor=ZZ9PLANT", "?min_index=ZZ9PLANT&consistency=ZZ9PLANT", "?cursor=PLANTED-DIALLO"} {
		a := ask{method: method, path: bad + q, role: admin, header: map[string]string{
			"Idempotency-Key": "planted-key !", "If-Match": "ZZ9PLANT", "Accept": "ZZ9PLANT/x, */*", "User-Agent": "PLANTED-DIALLO", "X-Forwarded-For": "ZZ9PLANT",
		}}
		rec := r.do(a)
		leaks(t, method+" "+path+" spoilt", rec.Body.String()+fmt.Sprint(rec.Header()))
	}
	rec := httptest.NewRecorder()
	r.s.Handler().ServeHTTP(rec, r.request(ask{method: method, path: bad, token: "vk_planted-key_x"}))
	leaks(t, method+" "+path+" with a bad key", rec.Body.String())
}

// TestLeakDetectorWorks: a good answer does repeat what it must, so the search
// above finds what is there.
func TestLeakDetectorWorks(t *testing.T) {
	r := newRig(t)
	id := r.enrolled(map[string]any{"names": []any{map[string]any{"kind": "primary", "full": "PLANTED-DIALLO"}}})
	rec := r.want(200, ask{method: "GET", path: "/v1/entries/" + id, role: admin})
	if !strings.Contains(rec.Body.String(), planted[0]) {
		t.Fatal("the entry's name was not found in its own answer")
	}
	if !bytes.Contains([]byte(base64.StdEncoding.EncodeToString([]byte("PLANTEDPHOTO"))), []byte(planted[5])) {
		t.Fatal("the planted photo is not what the requests hold")
	}
	leaks(t, "the log of a read", r.log.String())
}

// TestValidatorTextHoldsNoValues: the checker's own error text, which nothing
// shows, holds no values either: the second line of defence.
func TestValidatorTextHoldsNoValues(t *testing.T) {
	schema := contractDoc(t).Components.Schemas["MatchRequest"].Value
	values := make([]any, 130)
	for i := range values {
		values[i] = "987654321.125"
	}
	err := schema.VisitJSON(map[string]any{
		"names": []any{map[string]any{"full": 7, "script": "PLANTED-DIALLO"}}, "purpose": "ZZ9PLANT",
		"templates": []any{map[string]any{"values": values, "model": "ZZ9PLANT"}},
	}, schemaOptions()...)
	if err == nil {
		t.Fatal("accepted")
	}
	leaks(t, "the checker's text", err.Error())
}
