package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vigie/api/auth"
	"vigie/watchlist"
)

// FuzzCheckObject: what the scanner lets through and the decoder accepts is one
// object; what it refuses as malformed, the decoder refuses too.
func FuzzCheckObject(f *testing.F) {
	for _, s := range []string{`{}`, ` {"a":[1,{"b":"\"}"}]} `, `[]`, `{} {}`, `{"a":"\\"}`, `{"a":"`, `{"a":"\`, `}{`, `{"a":"x"}}`, `{"a":1,"\u0061":{}}`, `{"a":{"a":["a","a"]},"b":"a"}`, "{\"a\":\"\xff\"}", `"{"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := checkObject(b, maxValues)
		var m map[string]any
		valid := json.Unmarshal(b, &m) == nil && m != nil && utf8.Valid(b)
		if err != nil && valid && !slices.Contains([]string{"too_deep", "too_many_values", "duplicate_key"}, asAPIError(err).code) {
			t.Errorf("refused %q", b)
		}
		if dup := repeats(b); valid && dup != (err != nil && asAPIError(err).code == "duplicate_key") && (err == nil || asAPIError(err).code == "duplicate_key") {
			t.Errorf("a key comes twice: %v, but %v: %q", dup, err, b)
		}
		if err == nil && json.Valid(b) && !valid {
			t.Errorf("accepted %q", b)
		}
	})
}

// repeats tells by the decoder's own tokens whether an object of a valid text
// names a member twice.
func repeats(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	type frame struct {
		seen map[string]bool
		key  bool
	}
	var open []frame
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open) - 1; n >= 0 && open[n].seen != nil {
			if open[n].key = !open[n].key; open[n].key {
				name := tok.(string)
				if open[n].seen[name] {
					return true
				}
				open[n].seen[name] = true
				continue
			}
		}
		if delim, ok := tok.(json.Delim); ok {
			f := frame{}
			if delim == '{' {
				f.seen = map[string]bool{}
			}
			open = append(open, f)
		}
	}
}

// FuzzRequests sends fuzzed bodies, ids and parameters to every operation: no
// answer is a 5xx (but for 503), whoever asks.
func FuzzRequests(f *testing.F) {
	w := newWorld()
	s, err := New(w.deps(), Options{Passwords: cheap, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), MaxMatches: 64})
	if err != nil {
		f.Fatal(err)
	}
	var keys []string
	for k := range s.ops {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	kinds := []string{mediaJSON, mediaPatch, "multipart/form-data; boundary=x", "text/plain"}
	admin, err := auth.NewAPIKeyToken("00000000000000aa")
	if err != nil {
		f.Fatal(err)
	}
	w.keys[admin.ID] = watchlist.APIKey{ID: admin.ID, SecretHash: admin.Hash(), Role: watchlist.RoleAdministrator}
	f.Add(0, 0, "x", "limit=1", `{"purpose":"test","reason":"abc"}`)
	f.Add(1, 2, "", "", "--x\r\nContent-Disposition: form-data; name=\"probe\"\r\nContent-Type: application/json\r\n\r\n{\"purpose\":\"test\",\"reason\":\"abc\"}\r\n--x--")
	f.Add(2, 1, "SEN-0192f0c1-3333-7abc-8def-0123456789ab", "min_index=1&consistency=local", `{"status":"active"}`)
	for key, body := range map[string]string{
		"PUT /v1/calibration":                           `{"file":"djI=","previous":"v1","reason":"on more people","dry_run":true}`,
		"POST /v1/entries/:entry/impact":                `{"purpose":"test","reason":"abc","travellers_per_day":10}`,
		"POST /v1/name-families/changes":                `{"kind":"extend","family":"Diallo","spellings":["Djaloo","ߖߊ"],"source":"civil register","justification":"both sides of the border","dry_run":true}`,
		"POST /v1/name-families/changes/:change/review": `{"accept":true,"reason":"seen in the register","revision":0}`,
		"POST /v1/faces/quality":                        `{"photo":{"image":"AAAA"}}`,
		"POST /v1/audit/replays":                        `{"purpose":"test","reason":"abc","as_of_index":1,"calibration":"v1","photos":[{"image":"AAAA","source":"live"}]}`,
		"POST /v1/entries/search":                       `{"purpose":"test","reason":"abc","text":"name:diallo \"faux passeport\" gao* -visa"}`,
		"POST /v1/match":                                `{"purpose":"test","reason":"abc","photos":[{"image":"AAAA","source":"live"},{"image":"AAAA","source":"document"}]}`,
	} {
		op := slices.Index(keys, key)
		if op < 0 {
			f.Fatalf("no operation %s", key)
		}
		f.Add(op, 0, "SEN-0192f0c1-3333-7abc-8def-0123456789ab", "", body)
	}
	f.Fuzz(func(t *testing.T, op, kind int, id, query, body string) {
		method, path, _ := strings.Cut(keys[uint(op)%uint(len(keys))], " ")
		req := httptest.NewRequest(method, samplePath.Replace(path), nil)
		req.URL.Path = strings.NewReplacer(":entry", id, ":face", id, ":user", id, ":key", id, ":batch", id, ":member", id, ":change", id).Replace(path)
		req.URL.RawQuery = query
		req.Body = io.NopCloser(strings.NewReader(body))
		req.ContentLength = int64(len(body))
		req.Header.Set("Content-Type", kinds[uint(kind)%uint(len(kinds))])
		req.Header.Set("If-Match", `"1"`)
		req.Header.Set("Authorization", "Bearer "+admin.String())
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, req)
		if rec.Code >= 500 && rec.Code != 503 {
			t.Errorf("%s %s: %d %s", method, req.URL, rec.Code, rec.Body)
		}
	})
}
