package api

import (
	"encoding/base64"
	"testing"

	"vigie/api/gen"
)

// A photo that looks like none of the entry's others is written, and the answer
// warns of it: of a new one alone when a face is added, of all when an entry is
// made or imported.
func TestWarningsAboutUnlikeFaces(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id + "/faces"
	photo := func(text string) map[string]any {
		return map[string]any{"photo": map[string]any{"image": base64.StdEncoding.EncodeToString([]byte(text))}}
	}
	add := func(body map[string]any) []gen.Warning {
		t.Helper()
		return decode[gen.FaceWritten](t, r.want(201, ask{method: "POST", path: path, role: admin, body: body})).Warnings
	}
	want := func(what string, got []gen.Warning, pointers ...string) {
		t.Helper()
		if len(got) != len(pointers) {
			t.Errorf("%s: warnings %+v, want %q", what, got, pointers)
			return
		}
		for i, w := range got {
			if w.Pointer != pointers[i] || w.Code != "face_unlike_others" || w.Detail == "" {
				t.Errorf("%s: %+v, want it at %q", what, w, pointers[i])
			}
		}
	}
	want("the first face", add(photo("one")))
	r.w.apart = []int{0} // another one than what is added
	want("a face like the others", add(photo("two")))
	r.w.apart = []int{2}
	want("a photo unlike the others", add(photo("three")), "/photo")
	r.w.apart = []int{3}
	want("a template unlike the others", add(map[string]any{"template": map[string]any{"model": testModel, "values": ramp(128)}}), "/template")

	r.w.apart = []int{0, 2}
	entry := entryInput()
	entry["faces"] = []any{photo("four"), photo("five"), photo("six")}
	w := decode[gen.EntryWritten](t, r.want(201, ask{method: "POST", path: "/v1/entries", role: admin, body: entry}))
	want("a new entry", w.Warnings, "/faces/0", "/faces/2")

	entry["names"] = []any{map[string]any{"kind": "primary", "full": "Awa SARR"}}
	for _, dry := range []string{"?dry_run=true", ""} {
		rec := r.want(200, importAsk("entries"+dry, map[string]any{"line": 7, "entry": entry}))
		if report := decode[gen.ImportReport](t, rec); len(report.Results) != 1 {
			t.Errorf("import%s: %+v", dry, report)
		} else {
			want("an import"+dry, report.Results[0].Warnings, "/faces/0", "/faces/2")
		}
	}
}
