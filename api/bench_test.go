package api

import (
	"encoding/base64"
	"net/http/httptest"
	"testing"
)

// BenchmarkMatchOverhead is what the API adds to a match, per photo size and
// form: everything but the matcher, TLS and the audit's fsync.
func BenchmarkMatchOverhead(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"names", 0}, {"50KB", 50 << 10}, {"4MB", 4 << 20}} {
		photo := make([]byte, size.bytes)
		body := probeInput()
		if size.bytes > 0 {
			body["photos"] = []any{map[string]any{"image": base64.StdEncoding.EncodeToString(photo)}}
		}
		b.Run("json/"+size.name, func(b *testing.B) {
			benchMatch(b, mediaJSON, []byte(jsonText(b, body)))
		})
		if size.bytes > 0 {
			kind, form := formBody(b, filePart{"probe", mediaJSON, jsonText(b, probeInput())}, filePart{"photo", mediaJPEG, string(photo)})
			b.Run("form/"+size.name, func(b *testing.B) { benchMatch(b, kind, form) })
		}
	}
}

func benchMatch(b *testing.B, kind string, body []byte) {
	r := newRig(b)
	r.w.match = nil
	b.ReportAllocs()
	for b.Loop() {
		req := r.request(ask{method: "POST", path: "/v1/match", role: officer, kind: kind, body: body})
		rec := httptest.NewRecorder()
		r.s.Handler().ServeHTTP(rec, req)
		if rec.Code != 200 {
			b.Fatal(rec.Body)
		}
		r.w.probes = nil
	}
}
