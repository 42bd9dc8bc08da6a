package api

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
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

// BenchmarkImport sends 256 entries with a name and a template each, through
// everything but the network and the cluster.
func BenchmarkImport(b *testing.B) {
	const lines = 256
	r := newRig(b)
	values := make([]float32, 128)
	rng := rand.New(rand.NewPCG(1, 2))
	var list []any
	for n := range lines {
		for i := range values {
			values[i] = rng.Float32() - 0.5
		}
		entry := entryInput(map[string]any{"faces": []any{map[string]any{"template": map[string]any{"model": testModel, "values": slices.Clone(values)}}}})
		list = append(list, map[string]any{"line": n + 1, "entry": entry})
	}
	body, err := json.Marshal(map[string]any{"label": "benchmark", "lines": list})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.want(200, ask{method: "POST", path: "/v1/imports/b1/entries", role: admin, body: body})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/lines, "us/entry")
}

// BenchmarkCreate is what the API adds to the writing of an entry with a name.
func BenchmarkCreate(b *testing.B) {
	r := newRig(b)
	body, err := json.Marshal(entryInput())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.want(201, ask{method: "POST", path: "/v1/entries", role: admin, body: body})
	}
}
