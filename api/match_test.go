package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/gen"
	"vigie/watchlist"
)

const officer = watchlist.RoleOfficer

// sampleLead is a lead with everything in it.
func sampleLead(w *world) *watchlist.Lead {
	e := &watchlist.Entry{
		ID: "SEN-0192f0c1-3333-7abc-8def-0123456789ab", Status: watchlist.StatusActive, ExpiresAt: testNow.UnixMilli() + 1, Revision: 3,
		Category: watchlist.CategorySmuggler, Action: watchlist.ActionLocate, Caveats: []string{"armed"}, Specimen: true,
		Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Mamadou DIALLO"}}, Births: []watchlist.Birth{{From: watchlist.PartialDate{Year: 1984, Month: 5}}},
		Faces: []watchlist.Face{{ID: "0192f0c1-4444-7abc-8def-0123456789ab", Template: watchlist.EncodeTemplate(ramp(128)), Model: testModel}},
		Facts: "SECRET-FACT", Assessments: "SECRET-OPINION", Offence: "smuggling", LegalBasis: "warrant",
	}
	return &watchlist.Lead{
		Query: "q-1", Stamp: w.Stamp(), Truncated: true, Models: map[string]string{"face": testModel},
		Candidates: []watchlist.Candidate{{
			Rank: 1, Entry: e, Prior: -6.5, LogOdds: math.Inf(1), Band: watchlist.BandStrong,
			Adjustments: []watchlist.Adjustment{{Code: "papers_may_be_borrowed", LLR: -0.5, Reason: "Même document."}},
			CarriedBy:   []watchlist.EvidenceKind{watchlist.EvidenceFace, watchlist.EvidenceName}, ContradictedBy: []watchlist.EvidenceKind{watchlist.EvidenceBirth},
			Settles: []watchlist.Settle{{Code: watchlist.SettleBirthOfTraveller, Advice: watchlist.Advice{French: "Date.", English: "Date?", Portuguese: "Data."}}}, Evidence: []watchlist.Evidence{
				{Kind: watchlist.EvidenceFace, Score: math.NaN(), LLR: 4.2, Code: "face_close", Reason: "Visages proches.", Params: map[string]string{"n": "1"}},
				{Kind: watchlist.EvidenceName, Score: 0.9, LLR: 3, Code: "name_same_family", Reason: "Même famille.", Pairs: []watchlist.TokenPair{{Probe: "mamadu", Entry: "mamadou", Rule: "family", Score: 1, Frequency: 0.04, LLR: 1}}},
			},
		}},
		OperatingPoint: watchlist.OperatingPoint{TargetFPIR: 0.01, GallerySize: 50, FMR: 0.0002, Threshold: 0.4, Calibration: "v1", Cohort: "c"},
		Stages:         []watchlist.StageTime{{Stage: "names", Micros: 400}},
		Cues:           []watchlist.Cue{{Code: "c", Reason: "Comparez.", Score: math.Inf(1), Entry: "SEN-0192f0c1-9999-7abc-8def-0123456789ab"}},
		Faces:          []watchlist.FaceSample{{Template: ramp(128), Model: testModel, Box: watchlist.Box{Left: 1, Top: 2, Right: 30, Bottom: 40}}},
	}
}

func TestMatch(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Post = "rosso" })
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return sampleLead(r.w), nil }
	body := probeInput(map[string]any{
		"photos":    []any{map[string]any{"image": base64.StdEncoding.EncodeToString([]byte("jpeg bytes")), "face": map[string]any{"left": 1, "top": 2, "right": 3, "bottom": 4}}},
		"templates": []any{map[string]any{"model": testModel, "values": ramp(128)}},
		"birth":     map[string]any{"date": "1984", "to": "1986"}, "sex": "M", "nationality": "GIN",
		"documents": []any{map[string]any{"number": "O0001"}}, "limit": 5,
	})
	rec := r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: body})
	lead := decode[gen.Lead](t, rec)
	c := lead.Candidates[0]
	if lead.QueryId != "q-1" || lead.Notice == "" || !lead.Truncated || c.Rank != 1 || c.Band != "strong" || c.LogOdds != bound || c.Evidence[0].Score != 0 ||
		c.Evidence[1].Pairs != nil || c.Faces[0] == "" || c.Births[0].Date != "1984-05" || lead.Faces[0].Box.Right != 30 || lead.Cues[0].EntryId == "" || lead.Cues[0].Score != bound || lead.Stages[0].Us != 400 {
		t.Errorf("lead %+v", lead)
	}
	for _, secret := range []string{"SECRET", "smuggling of", "warrant", "template", "0.001"} {
		if strings.Contains(rec.Body.String(), secret) {
			t.Errorf("the lead shows %q", secret)
		}
	}
	p := r.w.probes[0]
	want := watchlist.Probe{
		Photos: []watchlist.Photo{{Bytes: []byte("jpeg bytes"), Face: &watchlist.Box{Left: 1, Top: 2, Right: 3, Bottom: 4}}}, Templates: []watchlist.FaceSample{{Template: ramp(128), Model: testModel}},
		Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Mamadu Djallo"}}, Birth: watchlist.Birth{From: watchlist.PartialDate{Year: 1984}, To: watchlist.PartialDate{Year: 1986}},
		Sex: "M", Nationality: "GIN", Documents: []watchlist.Document{{Type: "other", Number: "O0001"}}, Purpose: "border_check", Reason: "lane 3", Limit: 5,
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Errorf("probe: %s", d)
	}
	e := r.lastEvent()
	wantEvent := watchlist.AuditEvent{
		Seq: 1, Time: testNow.UnixMilli(), Kind: watchlist.AuditSearch, Operation: "match", Principal: "0000000000000001", Role: officer, Post: "rosso",
		Purpose: "border_check", Reason: "lane 3", Outcome: "ok", Query: "q-1", Entries: []watchlist.EntryID{"SEN-0192f0c1-3333-7abc-8def-0123456789ab", "SEN-0192f0c1-9999-7abc-8def-0123456789ab"},
		Evidence: []watchlist.EvidenceKind{"face", "name", "birth", "sex", "nationality", "document"}, Index: 10, StateHash: strings.Repeat("ab", 32),
		Models: map[string]string{"face": testModel}, Threshold: 0.4,
	}
	if d := cmp.Diff(wantEvent, e); d != "" {
		t.Errorf("event: %s", d)
	}
	body["explain"] = true
	lead = decode[gen.Lead](t, r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: body}))
	pairs := lead.Candidates[0].Evidence[1].Pairs
	if len(pairs) != 1 || pairs[0] != (gen.TokenPair{Probe: "mamadu", Entry: "mamadou", Rule: "family", Score: 1, Frequency: 0.04, Llr: 1}) || !r.w.probes[1].Explain {
		t.Errorf("explain gave the pairs %+v", pairs)
	}
}

// TestMatchSaysHowItCameAbout: prior, lines and adjustments, which side each kind
// is on, and what would settle it.
func TestMatchSaysHowItCameAbout(t *testing.T) {
	r := newRig(t)
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return sampleLead(r.w), nil }
	lead := decode[gen.Lead](t, r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()}))
	c := lead.Candidates[0]
	got := gen.Candidate{Prior: c.Prior, Adjustments: c.Adjustments, CarriedBy: c.CarriedBy, ContradictedBy: c.ContradictedBy, WouldSettle: c.WouldSettle}
	want := gen.Candidate{
		Prior:       -6.5,
		Adjustments: []gen.Adjustment{{Code: "papers_may_be_borrowed", Llr: -0.5, Reason: "Même document."}},
		CarriedBy:   []gen.EvidenceKind{"face", "name"}, ContradictedBy: []gen.EvidenceKind{"birth"},
		WouldSettle: []gen.Settle{{Code: "birth_of_traveller", Advice: gen.Advice{Fr: "Date.", En: "Date?", Pt: "Data."}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("candidate (-want +got):\n%s", d)
	}
}

func TestMatchDefaults(t *testing.T) {
	r := newRig(t)
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return &watchlist.Lead{}, nil }
	lead := decode[gen.Lead](t, r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()}))
	if r.w.probes[0].Limit != defaultLimit || lead.QueryId == "" || string(r.lastEvent().Query) != lead.QueryId || lead.Candidates == nil {
		t.Errorf("limit %d, lead %+v", r.w.probes[0].Limit, lead)
	}
}

type filePart struct{ name, kind, content string }

func formBody(t testing.TB, parts ...filePart) (string, []byte) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename="x"`, p.name)}, "Content-Type": {p.kind}}
		dst, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dst.Write([]byte(p.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), buf.Bytes()
}

func TestMatchForm(t *testing.T) {
	r := newRig(t)
	probe := filePart{"probe", mediaJSON, jsonText(t, probeInput())}
	photo := filePart{"photo", mediaJPEG, "jpeg bytes"}
	send := func(parts ...filePart) ask {
		kind, body := formBody(t, parts...)
		return ask{method: "POST", path: "/v1/match", role: officer, kind: kind, body: body}
	}
	r.want(200, send(probe, photo, filePart{"photo", "image/webp", "second"}))
	r.want(200, send(probe, filePart{"live_photo", mediaJPEG, "a"}, filePart{"document_photo", mediaJPEG, "b"}))
	if p := r.w.probes[len(r.w.probes)-1].Photos; p[0].Source != watchlist.SourceLive || p[1].Source != watchlist.SourceDocument {
		t.Errorf("sources %q and %q", p[0].Source, p[1].Source)
	}
	p := r.w.probes[0]
	if len(p.Photos) != 2 || string(p.Photos[1].Bytes) != "second" || p.Names[0].Full != "Mamadu Djallo" || p.Reason != "lane 3" {
		t.Errorf("probe %+v", p)
	}
	big := filePart{"photo", mediaJPEG, strings.Repeat("x", 10<<20+1)}
	for _, c := range []struct {
		name, code string
		a          ask
	}{
		{"photo before the probe", "malformed_form", send(photo, probe)},
		{"two probes", "malformed_form", send(probe, probe, photo)},
		{"five photos", "malformed_form", send(probe, photo, photo, photo, photo, photo)},
		{"another part", "malformed_form", send(probe, photo, filePart{"extra", mediaJPEG, "x"})},
		{"no photo", "malformed_form", send(probe)},
		{"nothing", "malformed_form", ask{method: "POST", path: "/v1/match", role: officer, kind: "multipart/form-data; boundary=x", body: "--x--"}},
		{"cut off", "malformed_form", ask{method: "POST", path: "/v1/match", role: officer, kind: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=probe\r\nContent-Type: application/json\r\n\r\n{"}},
		{"probe that is no JSON", "malformed_json", send(filePart{"probe", mediaJSON, "{"}, photo)},
		{"probe as text", "unsupported_media_type", send(filePart{"probe", "text/plain", "{}"}, photo)},
		{"probe without purpose", "invalid_request", send(filePart{"probe", mediaJSON, `{"reason":"abc"}`}, photo)},
		{"probe with photos", "invalid_request", send(filePart{"probe", mediaJSON, `{"reason":"abc","purpose":"test","photos":[{"image":"AAAA"}]}`}, photo)},
		{"photo as PDF", "image_unsupported", send(probe, filePart{"photo", "application/pdf", "x"})},
		{"empty photo", "image_corrupt", send(probe, filePart{"photo", mediaJPEG, ""})},
		{"photo over 10 MiB", "image_too_large", send(probe, big)},
		{"form over 24 MiB", "body_too_large", send(probe, filePart{"photo", mediaJPEG, strings.Repeat("x", 10<<20)}, filePart{"photo", mediaJPEG, strings.Repeat("x", 10<<20)}, filePart{"photo", mediaJPEG, strings.Repeat("x", 10<<20)})},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.problem(c.code, c.a)
			if c.code == "image_too_large" && p.Errors[0].Pointer != "/photos/0" {
				t.Errorf("errors %+v", p.Errors)
			}
		})
	}
}

// The specimen of Doc 9303 part 4, appendix A.
var utopia = []string{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"}

func TestMatchMRZ(t *testing.T) {
	r := newRig(t)
	send := func(mrz map[string]any, change map[string]any) ask {
		b := map[string]any{"purpose": "test", "reason": "mrz", "mrz": mrz}
		for k, v := range change {
			b[k] = v
		}
		return ask{method: "POST", path: "/v1/match", role: officer, body: b}
	}
	lead := decode[gen.Lead](t, r.want(200, send(map[string]any{"lines": utopia}, nil)))
	if m := lead.Mrz; m.Format != "TD3" || m.Surname != "ERIKSSON" || m.Number != "L898902C3" || m.Birth.Date != "1974-08-12" || m.Sex != "F" || len(m.Checks) < 4 {
		t.Errorf("mrz %+v", m)
	}
	p := r.w.probes[0]
	if p.Names[0].Surname != "ERIKSSON" || p.Birth.From.String() != "1974-08-12" || p.Nationality != "UTO" || p.Documents[0].Number != "L898902C3" || p.Sex != "F" {
		t.Errorf("probe %+v", p)
	}
	// What is given apart stays.
	r.want(200, send(map[string]any{"lines": utopia}, map[string]any{"sex": "M", "names": []any{map[string]any{"full": "Anna E"}}}))
	if p = r.w.probes[1]; p.Sex != "M" || len(p.Names) != 2 || p.Names[0].Full != "Anna E" {
		t.Errorf("probe %+v", p)
	}
	wrong := []string{utopia[0], strings.Replace(utopia[1], "740812", "740813", 1)}
	pr := r.problem("mrz_check_digit", send(map[string]any{"lines": wrong}, nil))
	if len(pr.Errors) == 0 || pr.Errors[0].Pointer != "/mrz/lines/1" || pr.Mrz.Format != "TD3" || pr.Mrz.Surname != "" || strings.Contains(jsonText(t, pr), "ERIKSSON") {
		t.Errorf("problem %+v", pr)
	}
	lead = decode[gen.Lead](t, r.want(200, send(map[string]any{"lines": wrong, "accept_errors": true}, nil)))
	bad := 0
	for _, c := range lead.Mrz.Checks {
		if c.Status == "wrong" {
			bad++
		}
	}
	if bad == 0 {
		t.Errorf("checks %+v", lead.Mrz.Checks)
	}
	pr = r.problem("mrz_malformed", send(map[string]any{"lines": []string{"P<UTO", "L8"}}, nil))
	if !strings.HasPrefix(pr.Errors[0].Pointer, "/mrz/lines") {
		t.Errorf("errors %+v", pr.Errors)
	}
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		return nil, watchlist.ValidationError{{Pointer: "/names/0/full", Code: "a"}, {Pointer: "/names/1/full", Code: "b"}, {Pointer: "/documents/0", Code: "c"}}
	}
	pr = r.problem("invalid", send(map[string]any{"lines": utopia}, map[string]any{"names": []any{map[string]any{"full": "X"}}}))
	if pr.Errors[0].Pointer != "/names/0/full" || pr.Errors[1].Pointer != "/mrz/lines" || pr.Errors[2].Pointer != "/mrz/lines" {
		t.Errorf("errors %+v", pr.Errors)
	}
}

// probeErr is how a matcher may name the photo that an error is about.
type probeErr struct{ error }

func (probeErr) JSONPointer() string { return "/photos/1" }
func (e probeErr) Unwrap() error     { return e.error }

func TestFaceErrorsNameThePhoto(t *testing.T) {
	r := newRig(t)
	face := &watchlist.FaceError{Code: watchlist.FaceNone}
	photo := map[string]any{"image": "AAAA"}
	for want, c := range map[string]struct {
		err    error
		photos []any
	}{
		"/photos/0": {face, []any{photo}},
		"/photos/1": {probeErr{face}, []any{photo, photo}},
		"":          {face, []any{photo, photo}},
	} {
		r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { return nil, c.err }
		p := r.problem("no_face", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput(map[string]any{"photos": c.photos})})
		got := ""
		if len(p.Errors) > 0 {
			got = p.Errors[0].Pointer
		}
		if got != want {
			t.Errorf("pointer %q, want %q", got, want)
		}
	}
}

func TestTemplateOfAnotherModel(t *testing.T) {
	r := newRig(t)
	p := r.problem("model_mismatch", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput(map[string]any{
		"templates": []any{map[string]any{"model": "other", "values": ramp(128)}},
	})})
	if p.Errors[0].Pointer != "/templates/0/model" {
		t.Errorf("errors %+v", p.Errors)
	}
	r.problem("template_invalid", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput(map[string]any{
		"templates": []any{map[string]any{"model": testModel, "values": make([]float32, 128)}},
	})})
}

// TestMatchLimit: when all slots are taken, one more waits, then is told to come
// back; the others are not disturbed.
func TestMatchLimit(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxMatches, o.MatchPatience = 2, 20*time.Millisecond })
	started, release := make(chan struct{}, 2), make(chan struct{})
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) {
		started <- struct{}{}
		<-release
		return &watchlist.Lead{}, nil
	}
	var wg sync.WaitGroup
	codes := make([]int, 2)
	for i := range codes {
		req := r.request(ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
		wg.Go(func() {
			rec := httptest.NewRecorder()
			r.s.Handler().ServeHTTP(rec, req)
			codes[i] = rec.Code
		})
	}
	<-started
	<-started
	rec := r.do(ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" || decode[gen.Problem](t, rec).Code != "overloaded" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	close(release)
	wg.Wait()
	if codes[0] != 200 || codes[1] != 200 {
		t.Errorf("codes %v", codes)
	}
	// A match that panics gives its slot back.
	r.w.match = func(context.Context, watchlist.Probe) (*watchlist.Lead, error) { panic("x") }
	for range 3 {
		r.problem("internal", ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
	}
	r.w.match = nil
	r.want(200, ask{method: "POST", path: "/v1/match", role: officer, body: probeInput()})
}
