package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

func TestFaces(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id + "/faces"
	kind, body := formBody(t, filePart{"photo", mediaJPEG, "jpeg bytes"}, filePart{"face", mediaJSON, `{"left":1,"top":2,"right":3,"bottom":4}`})
	rec := r.want(201, ask{method: "POST", path: path, role: admin, kind: kind, body: body, header: map[string]string{"If-Match": `"1"`}})
	w := decode[gen.FaceWritten](t, rec)
	if w.Revision != 2 || !w.Face.HasPhoto || w.Face.Model != testModel || rec.Header().Get("ETag") != `"2"` || rec.Header().Get("Location") != path+"/"+w.Face.Id {
		t.Errorf("added %+v", w)
	}
	photo := r.want(200, ask{method: "GET", path: path + "/" + w.Face.Id + "/photo", role: watchlist.RoleSupervisor})
	if photo.Body.String() != "kept:jpeg bytes" || photo.Header().Get("Content-Type") != mediaJPEG {
		t.Errorf("photo %q %v", photo.Body, photo.Header())
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditRead || e.Operation != "getFacePhoto" || len(e.Entries) != 1 || string(e.Entries[0]) != id {
		t.Errorf("event %+v", e)
	}
	r.problem("forbidden", ask{method: "GET", path: path + "/" + w.Face.Id + "/photo", role: officer})

	b64 := base64.StdEncoding.EncodeToString([]byte("second"))
	r.want(201, ask{method: "POST", path: path, role: admin, body: map[string]any{"photo": map[string]any{"image": b64}}})
	rec = r.want(201, ask{method: "POST", path: path, role: admin, body: map[string]any{"template": map[string]any{"model": testModel, "values": ramp(128)}}})
	tpl := decode[gen.FaceWritten](t, rec)
	e := r.w.entries[watchlist.EntryID(id)]
	if len(e.Faces) != 3 || len(e.Faces[2].Template) != 512 || e.Faces[2].Photo != "" || e.Revision != 4 {
		t.Errorf("faces %d, revision %d", len(e.Faces), e.Revision)
	}
	r.problem("photo_absent", ask{method: "GET", path: path + "/" + tpl.Face.Id + "/photo", role: admin})
	r.w.blobs = map[watchlist.BlobID][]byte{}
	r.problem("photo_not_here", ask{method: "GET", path: path + "/" + w.Face.Id + "/photo", role: admin})

	got := r.want(200, ask{method: "GET", path: "/v1/entries/" + id, role: admin}).Body.String()
	if strings.Contains(got, "template") || strings.Contains(got, base64.StdEncoding.EncodeToString(e.Faces[2].Template)[:40]) {
		t.Error("an entry shows its templates")
	}
	r.want(200, ask{method: "DELETE", path: path + "/" + w.Face.Id, role: admin, header: map[string]string{"If-Match": `"4"`}})
	if e = r.w.entries[watchlist.EntryID(id)]; len(e.Faces) != 2 || faceIndex(e, w.Face.Id) >= 0 {
		t.Error("the face is still there")
	}
	r.problem("not_found", ask{method: "DELETE", path: path + "/" + w.Face.Id, role: admin, header: map[string]string{"If-Match": `"5"`}})
}

func TestFacesRefused(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id + "/faces"
	send := func(parts ...filePart) ask {
		kind, body := formBody(t, parts...)
		return ask{method: "POST", path: path, role: admin, kind: kind, body: body}
	}
	photo := filePart{"photo", mediaJPEG, "x"}
	r.problem("malformed_form", send(photo, photo))
	r.problem("malformed_form", send(filePart{"face", mediaJSON, `{"left":1,"top":2,"right":3,"bottom":4}`}))
	r.problem("malformed_form", send(filePart{"other", mediaJSON, `{}`}))
	if p := r.problem("invalid_request", send(photo, filePart{"face", mediaJSON, `{"left":1}`})); p.Errors[0].Pointer == "" || !strings.HasPrefix(p.Errors[0].Pointer, "/face/") {
		t.Errorf("errors %+v", p.Errors)
	}
	both := map[string]any{"photo": map[string]any{"image": "AAAA"}, "template": map[string]any{"model": testModel, "values": ramp(128)}}
	r.problem("invalid_request", ask{method: "POST", path: path, role: admin, body: both})
	r.problem("invalid_request", ask{method: "POST", path: path, role: admin, body: "{}"})
	if p := r.problem("model_mismatch", ask{method: "POST", path: path, role: admin, body: map[string]any{"template": map[string]any{"model": "other", "values": ramp(128)}}}); p.Errors[0].Pointer != "/template/model" {
		t.Errorf("errors %+v", p.Errors)
	}
	r.w.enrol = func(watchlist.Photo) (watchlist.FaceSample, []byte, error) {
		return watchlist.FaceSample{}, nil, &watchlist.FaceError{Code: watchlist.FaceMultiple, Detail: "two faces", Boxes: []watchlist.Box{{Right: 5, Bottom: 5}, {Right: 3, Bottom: 3}}}
	}
	if p := r.problem("multiple_faces", send(photo)); len(p.Boxes) != 2 || p.Detail != "two faces" || p.Errors[0].Pointer != "/photo" {
		t.Errorf("problem %+v", p)
	}
	p := r.problem("multiple_faces", ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(map[string]any{"faces": []any{map[string]any{"photo": map[string]any{"image": "AAAA"}}}})})
	if p.Errors[0].Pointer != "/faces/0/photo" {
		t.Errorf("errors %+v", p.Errors)
	}
	r.problem("not_found", ask{method: "POST", path: "/v1/entries/SEN-0192f0c1-3333-7abc-8def-0123456789ab/faces", role: admin, body: both["photo"], kind: ""}.with(map[string]any{"photo": both["photo"]}))
	if e := r.w.entries[watchlist.EntryID(id)]; len(e.Faces) != 0 || e.Revision != 1 {
		t.Error("a refused face was written")
	}
}

// with gives the request another body.
func (a ask) with(body any) ask { a.body = body; return a }

func TestEntryWithFaces(t *testing.T) {
	r := newRig(t)
	id := r.enrolled(map[string]any{"names": []any{}, "documents": []any{}, "faces": []any{
		map[string]any{"photo": map[string]any{"image": "AAAA"}}, map[string]any{"template": map[string]any{"model": testModel, "values": ramp(128)}},
	}})
	e := r.w.entries[watchlist.EntryID(id)]
	if len(e.Faces) != 2 || e.Faces[0].Photo == "" || e.Faces[0].ID == e.Faces[1].ID || e.Faces[0].Quality.InterEye != 60 {
		t.Errorf("faces %+v", e.Faces)
	}
	p := r.problem("invalid", ask{
		method: "PUT", path: "/v1/entries/" + id, role: admin, header: map[string]string{"If-Match": `"1"`},
		body: entryInput(map[string]any{"faces": []any{map[string]any{"photo": map[string]any{"image": "AAAA"}}}}),
	})
	if p.Errors[0].Code != "not_here" {
		t.Errorf("errors %+v", p.Errors)
	}
	r.want(200, ask{method: "PUT", path: "/v1/entries/" + id, role: admin, header: map[string]string{"If-Match": `"1"`}, body: entryInput()})
	if e = r.w.entries[watchlist.EntryID(id)]; len(e.Faces) != 2 {
		t.Error("a replacement took the faces away")
	}
}

func TestFaceReplay(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id + "/faces"
	kind1, body1 := formBody(t, filePart{"photo", mediaJPEG, "jpeg bytes"})
	kind2, body2 := formBody(t, filePart{"photo", mediaJPEG, "jpeg bytes"}) // another boundary
	key := map[string]string{"Idempotency-Key": "face-0001"}
	one := decode[gen.FaceWritten](t, r.want(201, ask{method: "POST", path: path, role: admin, kind: kind1, body: body1, header: key}))
	two := decode[gen.FaceWritten](t, r.want(201, ask{method: "POST", path: path, role: admin, kind: kind2, body: body2, header: key}))
	if !two.Replayed || two.Face.Id != one.Face.Id || len(r.w.entries[watchlist.EntryID(id)].Faces) != 1 {
		t.Errorf("%+v, then %+v", one, two)
	}
	kind3, body3 := formBody(t, filePart{"photo", mediaJPEG, "other bytes"})
	r.problem("idempotency_mismatch", ask{method: "POST", path: path, role: admin, kind: kind3, body: body3, header: key})
	del := ask{method: "DELETE", path: path + "/" + one.Face.Id, role: admin, header: map[string]string{"Idempotency-Key": "face-0002", "If-Match": `"2"`}}
	r.want(200, del)
	if w := decode[gen.EntryWritten](t, r.want(200, del)); !w.Replayed || w.Revision != 3 {
		t.Errorf("replayed removal %+v", w)
	}
}

// TestRaceWithoutIfMatch: a change without If-Match that loses a race is tried
// again on the newer revision.
func TestRaceWithoutIfMatch(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	e := watchlist.EntryID(id)
	d := r.w.deps()
	d.Writer = racing{r.w, e}
	s, err := New(d, r.s.optWithout())
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	r.want(200, ask{method: "POST", path: "/v1/entries/" + id + "/withdraw", role: admin, body: map[string]string{"reason": "lifted"}})
	if got := r.w.entries[e]; got.Status != watchlist.StatusWithdrawn || got.Revision != 3 {
		t.Errorf("revision %d, %s", got.Revision, got.Status)
	}
	r.problem("bad_transition", ask{method: "POST", path: "/v1/entries/" + id + "/withdraw", role: admin, body: map[string]string{"reason": "lifted"}})
}

// TestSameFaceTwice: a photo or a template that the entry has adds nothing and is
// refused; a replay of what added it is not.
func TestSameFaceTwice(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	path := "/v1/entries/" + id + "/faces"
	photo := func(bytes, key string) ask {
		a := ask{method: "POST", path: path, role: admin, body: map[string]any{"photo": map[string]any{"image": []byte(bytes)}}}
		if key != "" {
			a.header = map[string]string{"Idempotency-Key": key}
		}
		return a
	}
	template := ask{method: "POST", path: path, role: admin, body: map[string]any{"template": map[string]any{"model": testModel, "values": ramp(128)}}}
	r.want(201, photo("one", "photo-one"))
	r.want(201, photo("two", ""))
	r.want(201, template)
	if w := decode[gen.FaceWritten](t, r.want(201, photo("one", "photo-one"))); !w.Replayed {
		t.Errorf("replay %+v", w)
	}
	kept := len(r.w.blobs)
	for pointer, asks := range map[string][]ask{"/photo": {photo("one", ""), photo("two", ""), photo("one", "another-key-1"), photo("two", "another-key-2")}, "/template": {template}} {
		for _, a := range asks {
			if p := r.problem("duplicate_face", a); p.Errors[0].Pointer != pointer {
				t.Errorf("errors %+v", p.Errors)
			}
		}
	}
	// The same picture after another camera's reading of it: only the photo is equal.
	r.w.enrol = func(p watchlist.Photo) (watchlist.FaceSample, []byte, error) {
		return watchlist.FaceSample{Template: ramp(512), Model: testModel}, []byte("kept:" + string(p.Bytes)), nil
	}
	r.problem("duplicate_face", photo("one", ""))
	if e := r.w.entries[watchlist.EntryID(id)]; len(e.Faces) != 3 || e.Revision != 4 || len(r.w.blobs) != kept {
		t.Errorf("%d faces, revision %d, %d photos", len(e.Faces), e.Revision, len(r.w.blobs))
	}
	r.w.enrol = nil
	image := map[string]any{"photo": map[string]any{"image": []byte("one")}}
	p := r.problem("duplicate_face", ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(map[string]any{"faces": []any{image, image}})})
	if p.Errors[0].Pointer != "/faces/1/photo" {
		t.Errorf("errors %+v", p.Errors)
	}
	r.enrolled(map[string]any{"faces": []any{image}}) // another entry may have it
}

// TestPhotoOnTooFewNodes: a photo that can't be brought to a majority is no
// fault of the node: the caller is told to send it again, and no entry changes.
func TestPhotoOnTooFewNodes(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	r.w.putErr = fmt.Errorf("%w: %w", watchlist.ErrNotReplicated, context.DeadlineExceeded)
	body := map[string]any{"photo": map[string]any{"image": []byte("one")}}
	p := r.problem("file_not_taken", ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, body: body})
	if e := r.w.entries[watchlist.EntryID(id)]; p.Status != 503 || !strings.Contains(p.Detail, "again") || len(e.Faces) != 0 || e.Revision != 1 {
		t.Errorf("problem %+v, entry of revision %d with %d faces", p, e.Revision, len(e.Faces))
	}
	r.problem("file_not_taken", ask{method: "POST", path: "/v1/entries", role: admin, body: entryInput(map[string]any{"faces": []any{body}})})
}
