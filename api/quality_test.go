package api

import (
	"strings"
	"testing"

	"vigie/api/gen"
	"vigie/watchlist"
)

func TestJudgePhoto(t *testing.T) {
	r := newRig(t)
	const path = "/v1/faces/quality"
	send := func(query string) ask {
		kind, body := formBody(t, filePart{"photo", mediaJPEG, "jpeg bytes"}, filePart{"face", mediaJSON, `{"left":1,"top":2,"right":3,"bottom":4}`})
		return ask{method: "POST", path: path + query, role: officer, kind: kind, body: body}
	}
	quality := watchlist.FaceQuality{
		InterEye: 41, Flags: []string{watchlist.FlagSideLit, watchlist.FlagTilted}, Measures: "m/1",
		Components: []watchlist.QualityComponent{{Name: watchlist.ComponentYaw, Value: -12.5, Score: 95}},
	}
	var asked bool
	r.w.judge = func(p watchlist.Photo, reference bool) (watchlist.FaceSample, error) {
		asked = reference
		if p.Face == nil || string(p.Bytes) != "jpeg bytes" {
			t.Errorf("judged %+v", p)
		}
		return watchlist.FaceSample{Box: watchlist.Box{Left: 1, Right: 9, Bottom: 9}, Quality: quality}, nil
	}
	v := decode[gen.PhotoVerdict](t, r.want(200, send("?use=reference")))
	if !asked || !v.Accepted || v.Code != "ok" || v.Use != "reference" || !strings.HasPrefix(v.Advice.Fr, "Lumière de côté") || v.Quality.Components[0].Score != 95 {
		t.Errorf("verdict %+v", v)
	}
	if e := r.lastEvent(); e.Kind != watchlist.AuditRead || e.Operation != "judgePhoto" || len(e.Evidence)+len(e.Entries)+len(e.Reason)+len(e.Models) != 0 {
		t.Errorf("event %+v", e)
	}
	if len(r.w.blobs) != 0 {
		t.Error("a photo that was only judged is kept")
	}
	r.w.judge = func(watchlist.Photo, bool) (watchlist.FaceSample, error) {
		return watchlist.FaceSample{Box: watchlist.Box{Right: 9, Bottom: 9}, Quality: quality}, &watchlist.FaceError{
			Code: watchlist.FaceTurnedAway, Detail: "d", Measure: &watchlist.FaceMeasure{Component: watchlist.ComponentYaw, Value: 61, Limit: 45},
		}
	}
	v = decode[gen.PhotoVerdict](t, r.want(200, send("")))
	if v.Accepted || v.Code != "face_turned_away" || v.Use != "probe" || v.Measured.Value != 61 || v.Measured.Limit != 45 || v.Advice.Pt != "Olhe de frente para a objetiva." || v.Quality.Measures != "m/1" {
		t.Errorf("verdict %+v", v)
	}
	r.w.judge = func(watchlist.Photo, bool) (watchlist.FaceSample, error) {
		return watchlist.FaceSample{}, &watchlist.FaceError{Code: watchlist.FaceCorrupt, Detail: "d"}
	}
	if p := r.problem("image_corrupt", send("")); p.Errors[0].Pointer != "/photo" || p.Advice.Fr == "" {
		t.Errorf("problem %+v", p)
	}
	r.problem("invalid_request", send("?use=passport"))
	r.problem("forbidden", ask{method: "POST", path: path, role: watchlist.RoleAuditor, body: map[string]any{"photo": map[string]any{"image": "AAAA"}}})
	r.w.judge = nil
	r.want(200, ask{method: "POST", path: path, role: admin, body: map[string]any{"photo": map[string]any{"image": "AAAA"}}})
}

func TestRefusalCarriesAdviceAndMeasure(t *testing.T) {
	r := newRig(t)
	id := r.enrolled()
	r.w.enrol = func(watchlist.Photo) (watchlist.FaceSample, []byte, error) {
		return watchlist.FaceSample{}, nil, &watchlist.FaceError{
			Code: watchlist.FaceTooSmall, Detail: "d", Measure: &watchlist.FaceMeasure{Component: watchlist.ComponentInterEye, Value: 11.5, Limit: 20},
		}
	}
	p := r.problem("face_too_small", ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, body: map[string]any{"photo": map[string]any{"image": "AAAA"}}})
	want := gen.FaceMeasure{Component: "inter_eye_distance", Value: 11.5, Limit: 20}
	if p.Measured != want || !strings.HasPrefix(p.Advice.Fr, "Approchez") || p.Advice.En == "" || p.Advice.Pt == "" {
		t.Errorf("problem %+v", p)
	}
}
