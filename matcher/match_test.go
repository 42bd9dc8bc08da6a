package matcher

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// summary lists candidates as "number:band", in order.
func summary(lead *watchlist.Lead) string {
	var out []string
	for i, c := range lead.Candidates {
		if c.Rank != i+1 {
			out = append(out, "wrong rank")
		}
		out = append(out, strings.TrimLeft(string(c.Entry.ID[len(c.Entry.ID)-12:]), "0")+":"+string(c.Band))
	}
	return strings.Join(out, " ")
}

func TestAdmissionAndRank(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)  // face alone
	w.add(2, 0.45) // face below the threshold
	w.add(3, -1)   // name alone
	w.add(4, 0.6)  // face and name
	w.add(5, -1)   // name below the threshold
	w.add(6, 0.1)  // name, but another face
	w.named = []watchlist.EntryID{id(3), id(4), id(5), id(6)}
	for full, s := range map[string]float64{"Name 3": 0.95, "Name 4": 0.9, "Name 5": 0.77, "Name 6": 0.95, "Name 1": 0.1} {
		w.nameScore[full], w.nameLLR[full] = s, 4*s
	}
	w.nameLLR["Name 1"] = -1
	lead := mustMatch(t, w, withName(withFace(probe())))
	// 1: 6-1, 4: 3+3.6, 3: 3.8, 6: -2+3.8; the prior is log10(0.001/6) = -3.8.
	if got, want := summary(lead), "4:strong 1:possible 3:possible 6:possible"; got != want {
		t.Errorf("candidates %q, want %q", got, want)
	}
	if got, want := codes(lead.Candidates[3]), "name face_unlike"; got != want {
		t.Errorf("evidence of a namesake with another face: %q, want %q", got, want)
	}
	if lead.Truncated {
		t.Error("truncated, but nothing was cut")
	}
}

func codes(c watchlist.Candidate) string {
	var out []string
	for _, ev := range c.Evidence {
		out = append(out, ev.Code)
	}
	return strings.Join(out, " ")
}

func TestLeadSaysUnderWhatItWasMade(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	w.documents = []watchlist.DocumentMatch{{Entry: id(1), Exact: true}}
	lead := mustMatch(t, w, withDocument(withName(withFace(probe()))))
	want := watchlist.OperatingPoint{
		TargetFPIR: 0.01, GallerySize: 1, FMR: 0.01, Threshold: testThreshold, LowQualityThreshold: 1 - 0.01*LowQualityFMR, Calibration: "cal-1", Cohort: "nobody",
	}
	if d := cmp.Diff(want, lead.OperatingPoint); d != "" {
		t.Errorf("operating point (-want +got):\n%s", d)
	}
	if lead.Query != "query-1" || lead.Stamp.AppliedIndex != 7 || len(lead.Faces) != 1 {
		t.Errorf("query %q, stamp %+v, %d faces", lead.Query, lead.Stamp, len(lead.Faces))
	}
	models := map[string]string{"encoder": testModel, "calibration": "cal-1", "names": names.Version, "evidence": score.Shipped().Version()}
	if d := cmp.Diff(models, lead.Models); d != "" {
		t.Errorf("models (-want +got):\n%s", d)
	}
	var stages []string
	for _, s := range lead.Stages {
		stages = append(stages, s.Stage)
	}
	if got, want := strings.Join(stages, " "), "decode embed face_search name_search document_search score"; got != want {
		t.Errorf("stages %q, want %q", got, want)
	}
	if got := lead.Stages[1].Micros; got != 100 {
		t.Errorf("embed took %d us, want 100", got)
	}
	lead = mustMatch(t, w, withDocument(probe()))
	if len(lead.Stages) != 2 || lead.OperatingPoint != (watchlist.OperatingPoint{}) {
		t.Errorf("document alone: stages %v, operating point %+v", lead.Stages, lead.OperatingPoint)
	}
}

// TestOnlyMatchableEntriesAppear is invariant 4, for every way in.
func TestOnlyMatchableEntriesAppear(t *testing.T) {
	w := newWorld()
	for n, change := range []func(*watchlist.Entry){
		0: func(*watchlist.Entry) {},
		1: func(e *watchlist.Entry) { e.ExpiresAt = testNow },
		2: func(e *watchlist.Entry) { e.Status = watchlist.StatusSuspended },
		3: func(e *watchlist.Entry) { e.Status = watchlist.StatusWithdrawn },
		4: func(e *watchlist.Entry) { e.Status = watchlist.StatusDraft },
		5: func(e *watchlist.Entry) { delete(w.entries, e.ID) },
	} {
		e := w.add(n+1, 0.9)
		e.Documents = []watchlist.Document{{Number: "A01234567"}}
		w.named = append(w.named, e.ID)
		w.documents = append(w.documents, watchlist.DocumentMatch{Entry: e.ID, Exact: true})
		w.nameScore[e.Names[0].Full], w.nameLLR[e.Names[0].Full] = 1, 4
		change(e)
	}
	for name, p := range map[string]watchlist.Probe{
		"face": withFace(probe()), "name": withName(probe()), "document": withDocument(probe()),
		"all": withDocument(withName(withFace(probe()))),
	} {
		t.Run(name, func(t *testing.T) {
			lead := mustMatch(t, w, p)
			if len(lead.Candidates) != 1 || lead.Candidates[0].Entry.ID != id(1) {
				t.Errorf("candidates %q, want entry 1 alone", summary(lead))
			}
		})
	}
}

func TestWeakAliasAloneNeverAlerts(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Names = append(e.Names, watchlist.Name{Kind: watchlist.NameWeak, Full: "Le Vieux"})
	e.Births = []watchlist.Birth{{Place: "same"}}
	w.birthLLR["same"] = 3
	w.named = []watchlist.EntryID{e.ID}
	w.nameScore["Le Vieux"], w.nameLLR["Le Vieux"] = 1, 5
	w.nameScore["Name 1"], w.nameLLR["Name 1"] = 0.2, -1

	p := withName(probe())
	p.Birth = watchlist.Birth{From: watchlist.PartialDate{Year: 1980}}
	if lead := mustMatch(t, w, p); len(lead.Candidates) != 0 {
		t.Errorf("by name and birth: %q, want nobody", summary(lead))
	}
	lead := mustMatch(t, w, withFace(p))
	if len(lead.Candidates) != 1 {
		t.Fatal("the face should admit the entry")
	}
	for _, ev := range lead.Candidates[0].Evidence {
		if ev.Kind == watchlist.EvidenceName && (ev.LLR != weakNameLLR || ev.Params["kind"] != "weak" || !strings.Contains(ev.Reason, "peu fiable")) {
			t.Errorf("weak alias as evidence: %+v", ev)
		}
	}
	e.Names[0], e.Names[1] = e.Names[1], e.Names[0]
	w.nameScore["Name 1"] = 0.9
	lead = mustMatch(t, w, p)
	if len(lead.Candidates) != 1 {
		t.Fatalf("a good name beside a weak alias: %q, want entry 1", summary(lead))
	}
	for _, ev := range lead.Candidates[0].Evidence {
		if ev.Kind == watchlist.EvidenceName && (ev.Params["kind"] != "primary" || ev.Params["name"] != "1") {
			t.Errorf("the good name as evidence: %+v", ev)
		}
	}
}

func TestTruncated(t *testing.T) {
	w := newWorld()
	for n := 1; n <= 12; n++ {
		w.add(n, 0.9)
	}
	p := withFace(probe())
	if lead := mustMatch(t, w, p); len(lead.Candidates) != DefaultLimit || !lead.Truncated {
		t.Errorf("limit 0: %d candidates, truncated %v", len(lead.Candidates), lead.Truncated)
	}
	if w.sawK <= MaxLimit {
		t.Errorf("the gallery was asked for %d identities; other evidence may lift one from beyond the limit", w.sawK)
	}
	p.Limit = 12
	if lead := mustMatch(t, w, p); len(lead.Candidates) != 12 || lead.Truncated {
		t.Errorf("limit 12: %d candidates, truncated %v", len(lead.Candidates), lead.Truncated)
	}
	w.faceMore = true
	if lead := mustMatch(t, w, p); !lead.Truncated {
		t.Error("the gallery had more, but the lead isn't truncated")
	}
}

func TestTruncatedNames(t *testing.T) {
	w := newWorld()
	for n := range nameDepth {
		e := w.add(n, -1)
		w.named = append(w.named, e.ID)
		w.nameScore[e.Names[0].Full] = 0.5
	}
	p := withName(probe())
	if lead := mustMatch(t, w, p); lead.Truncated || len(lead.Candidates) != 0 {
		t.Error("a full list of names that nobody is admitted by isn't a cut")
	}
	w.nameScore["Name 7"] = 0.9
	if lead := mustMatch(t, w, p); lead.Truncated || len(lead.Candidates) != 1 {
		t.Error("the last names were not similar, so nothing was cut")
	}
	for full := range w.nameScore {
		w.nameScore[full] = 0.9
	}
	p.Limit = 50
	if lead := mustMatch(t, w, p); !lead.Truncated {
		t.Error("all names were similar, so there may be more")
	}
}

// Samples that differ are searched each alone.
func TestSeveralSamplesTakeTheBest(t *testing.T) {
	w := newWorld()
	w.faces["probe-1"] = 0.1
	w.add(1, 0.4)
	w.add(2, 0.55)
	p := withFace(probe())
	p.Templates = []watchlist.FaceSample{sample(0.2), sample(-0.3)}
	lead := mustMatch(t, w, p)
	if got, want := summary(lead), "2:possible 1:possible"; got != want {
		t.Fatalf("candidates %q, want %q", got, want)
	}
	for i, want := range []float64{0.75, 0.6} {
		if got := lead.Candidates[i].Evidence[0].Score; got < want-1e-6 || got > want+1e-6 {
			t.Errorf("candidate %d: score %v, want %v", i+1, got, want)
		}
	}
	if len(w.targets) != 1 || w.targets[0] < 0.0033 || w.targets[0] > 0.0034 {
		t.Errorf("operating point asked for at %v, want a third of the target for each of three samples", w.targets)
	}
	if lead.OperatingPoint.TargetFPIR != 0.01 || len(lead.Faces) != 3 {
		t.Errorf("target %v, %d faces", lead.OperatingPoint.TargetFPIR, len(lead.Faces))
	}
}

// TestPhotoReplacedMeanwhile: the gallery answers about a photo that the entry
// no longer has, so it is compared again.
func TestPhotoReplacedMeanwhile(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9).Faces[0].ID = "new photo"
	lead := mustMatch(t, w, withFace(probe()))
	if len(lead.Candidates) != 1 || lead.Candidates[0].Evidence[0].Params["face"] != "new photo" {
		t.Errorf("candidates %+v", lead.Candidates)
	}
	w.entries[id(1)].Faces = nil
	if lead = mustMatch(t, w, withFace(probe())); len(lead.Candidates) != 0 {
		t.Errorf("the photo is gone, but %q", summary(lead))
	}
}

func TestEvidenceOnAllThatBothKnow(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Sex, e.Nationalities = watchlist.SexMale, []watchlist.Country{"SEN"}
	e.Births = []watchlist.Birth{{Place: "other"}}
	e.Documents = []watchlist.Document{{Number: "A01234567"}}
	w.birthLLR["other"] = -2
	w.nameScore["Name 1"], w.nameLLR["Name 1"] = 0.5, 1.2
	p := withDocument(withName(withFace(probe())))
	p.Sex, p.Nationality = watchlist.SexFemale, "SEN"
	p.Birth = watchlist.Birth{From: watchlist.PartialDate{Year: 1980}}
	lead := mustMatch(t, w, p)
	if len(lead.Candidates) != 1 {
		t.Fatal("no candidate")
	}
	c := lead.Candidates[0]
	if got, want := codes(c), "face_threshold_reached document birth sex name nationality"; got != want {
		t.Errorf("evidence %q, want %q, strongest first", got, want)
	}
	if c.Band != watchlist.BandPossible {
		t.Errorf("band %s: birth and sex contradict, so it must not be strong", c.Band)
	}
	// The same without what contradicts is strong.
	p.Birth, p.Sex = watchlist.Birth{}, ""
	if c = mustMatch(t, w, p).Candidates[0]; c.Band != watchlist.BandStrong {
		t.Errorf("band %s, want strong", c.Band)
	}
	// What the entry does not know says nothing.
	e.Births, e.Sex, e.Nationalities, e.Documents, e.Names = nil, "", nil, nil, nil
	if got := codes(mustMatch(t, w, p).Candidates[0]); got != "face_threshold_reached" {
		t.Errorf("evidence %q, want the face alone", got)
	}
}

func TestFailuresAreErrors(t *testing.T) {
	boom := errors.New("boom")
	all := withDocument(withName(withFace(probe())))
	for name, breakIt := range map[string]func(*world){
		"gallery":   func(w *world) { w.faceErr = boom },
		"names":     func(w *world) { w.nameErr = boom },
		"documents": func(w *world) { w.docErr = boom },
		"registry":  func(w *world) { w.registryErr = boom },
		"encoder": func(w *world) {
			w.extract = func(watchlist.Photo) (watchlist.FaceSample, error) { return watchlist.FaceSample{}, boom }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.add(1, 0.9)
			breakIt(w)
			if lead, err := w.matcher(t).Match(context.Background(), all); !errors.Is(err, boom) || lead != nil {
				t.Errorf("lead %v, error %v", lead, err)
			}
		})
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	all := withDocument(withName(withFace(probe())))
	for _, part := range []string{"encoder", "face", "name", "document", "compare"} {
		t.Run(part, func(t *testing.T) {
			w := newWorld()
			w.add(1, 0.3)
			w.named, w.nameScore["Name 1"] = []watchlist.EntryID{id(1)}, 1
			w.panicIn = part
			lead, err := w.matcher(t).Match(context.Background(), all)
			if err == nil || lead != nil {
				t.Fatalf("lead %v, error %v", lead, err)
			}
			if strings.Contains(err.Error(), "DIALLO") {
				t.Errorf("the error repeats the panic's value: %v", err)
			}
		})
	}
}

func TestFaceOutcomesPointAtThePhoto(t *testing.T) {
	w := newWorld()
	w.extract = func(p watchlist.Photo) (watchlist.FaceSample, error) {
		if string(p.Bytes) == "bad" {
			return watchlist.FaceSample{}, &watchlist.FaceError{Code: watchlist.FaceNone, Detail: "no face"}
		}
		return sample(0), nil
	}
	p := probe()
	p.Photos = []watchlist.Photo{{Bytes: []byte("good")}, {Bytes: []byte("bad")}}
	_, err := w.matcher(t).Match(context.Background(), p)
	wantProbeError(t, err, "/photos/1", watchlist.FaceNone)

	p = probe()
	p.Templates = []watchlist.FaceSample{sample(0), sample(0)}
	p.Templates[1].Model = "another/model"
	_, err = w.matcher(t).Match(context.Background(), p)
	wantProbeError(t, err, "/templates/1/model", watchlist.FaceModelMismatch)

	w.faceErr = &watchlist.FaceError{Code: watchlist.FaceBadTemplate}
	_, err = w.matcher(t).Match(context.Background(), withFace(probe()))
	wantProbeError(t, err, "/photos/0", watchlist.FaceBadTemplate)
	p.Templates = p.Templates[:1]
	_, err = w.matcher(t).Match(context.Background(), p)
	wantProbeError(t, err, "/templates/0", watchlist.FaceBadTemplate)
}

func wantProbeError(t *testing.T, err error, ptr, code string) {
	t.Helper()
	var pe *ProbeError
	var fe *watchlist.FaceError
	if !errors.As(err, &pe) || !errors.As(err, &fe) || pe.Pointer != ptr || fe.Code != code {
		t.Errorf("error %v, want %s at %s", err, code, ptr)
	}
}

// TestCancelled cancels while searches run: each must be told, and Match return.
func TestCancelled(t *testing.T) {
	w := newWorld()
	w.add(1, 0.9)
	ctx, cancel := context.WithCancel(context.Background())
	entered := make(chan struct{}, 2)
	w.onSearch = func(ctx context.Context) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	go func() {
		<-entered
		<-entered
		cancel()
	}()
	lead, err := w.matcher(t).Match(ctx, withName(withFace(probe())))
	if !errors.Is(err, context.Canceled) || lead != nil {
		t.Errorf("lead %v, error %v", lead, err)
	}
}

// TestOneFailureStopsTheOthers: a search that fails cancels the one that hangs.
func TestOneFailureStopsTheOthers(t *testing.T) {
	w := newWorld()
	w.panicIn = "document"
	w.onSearch = func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := w.matcher(t).Match(context.Background(), withDocument(withName(probe())))
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the fault itself", err)
	}
}

// TestStandardComparators runs the real comparators through one match.
func TestStandardComparators(t *testing.T) {
	w := newWorld()
	e := w.add(1, 0.9)
	e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Abdoulaye Sidibé Kanouté"}}
	e.Births = []watchlist.Birth{{From: watchlist.PartialDate{Year: 1984, Month: 5, Day: 17}}}
	e.Sex, e.Nationalities = watchlist.SexMale, []watchlist.Country{"MLI"}
	e.Documents = []watchlist.Document{{Type: "passport", Number: "B0123456", Issuer: "MLI"}}
	w.documents = []watchlist.DocumentMatch{{Entry: e.ID, Exact: true}}
	m, err := New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	p := withFace(probe())
	p.Names = []watchlist.Name{{Full: "KANOUTE Abdoulay Sidibe"}}
	p.Birth = watchlist.Birth{From: watchlist.PartialDate{Year: 1984, Month: 5, Day: 17}}
	p.Sex, p.Nationality = watchlist.SexMale, "MLI"
	p.Documents = []watchlist.Document{{Type: "passport", Number: "b 0123456", Issuer: "MLI"}}
	lead, err := m.Match(context.Background(), p)
	if err != nil || len(lead.Candidates) != 1 {
		t.Fatalf("lead %+v, error %v", lead, err)
	}
	c := lead.Candidates[0]
	if len(c.Evidence) != 6 || c.Band != watchlist.BandStrong {
		t.Errorf("band %s, evidence %s; want six lines and the strong band", c.Band, codes(c))
	}
	for _, ev := range c.Evidence {
		if ev.LLR <= 0 || ev.Reason == "" {
			t.Errorf("evidence %+v, want support and a reason", ev)
		}
	}
}
