package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/matcher/face/onnx/onnxtest"
	"vigie/models"
)

// secondRecipe is the recipe of the evaluation encoder.
const secondRecipe = "faceplugin-0.0.1"

// secondCluster is a cluster of three nodes with the face engine, of which the last
// never gets a second encoder.
type secondCluster struct {
	*clustertest.Cluster
	t         *testing.T
	eval      string // folder of model and library
	portraits [][]byte
	calib     *models.Calibration
}

func newSecondCluster(t *testing.T) *secondCluster {
	modelsDir, faces := needFaces(t)
	s := &secondCluster{t: t, eval: filepath.Dir(onnxtest.Library(t, repoRoot))}
	r, err := models.OpenRecipe(secondRecipe)
	if err != nil {
		t.Fatal(err)
	}
	if s.calib, err = models.BuiltinCalibration(r.CompositeModel()); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(faces, "*.jpg"))
	if err != nil || len(paths) < 4 {
		loudSkip(t, "too few portraits in "+faces)
	}
	for _, p := range paths {
		s.portraits = append(s.portraits, readFile(t, p))
	}
	s.Cluster = startNodes(t, clustertest.Options{Nodes: 3, Faces: true, ModelsDir: modelsDir})
	return s
}

// configure writes the second encoder of a node into its configuration.
func (s *secondCluster) configure(node int, recipe, dir string) string {
	s.t.Helper()
	path := filepath.Join(s.Dir(node), "vigie.yaml")
	lines := strings.Split(string(readFile(s.t, path)), "\n")
	for i, l := range lines {
		for key, value := range map[string]string{"    recipe: ": recipe, "    dir: ": dir} {
			if strings.HasPrefix(l, key) {
				lines[i] = key + `"` + value + `"`
			}
		}
	}
	return writeFile(s.t, path, []byte(strings.Join(lines, "\n")))
}

// restart stops a node, runs change, starts it again and gives what it logged.
func (s *secondCluster) restart(node int, change func()) string {
	s.t.Helper()
	before := len(logSince(s.t, s.Cluster, node, 0))
	if err := s.Stop(node); err != nil {
		s.t.Fatal(err)
	}
	change()
	if err := s.Restart(s.t.Context(), node); err != nil {
		s.t.Fatalf("%v\n%s", err, logSince(s.t, s.Cluster, node, before))
	}
	return logSince(s.t, s.Cluster, node, before)
}

// enrol writes a specimen with a portrait on a node and waits for all nodes.
func (s *secondCluster) enrol(node int, key string, portrait int) client.EntryWritten {
	s.t.Helper()
	in := entryInput(&specimen.Entries(3, time.Now())[2])
	in.Faces = []client.FaceInput{{Photo: client.PhotoInput{Image: s.portraits[portrait]}}}
	r := call(s.t, s.Cluster, node, "POST", "/v1/entries", mustJSON(s.t, in), "Idempotency-Key", key)
	if r.status != http.StatusCreated {
		s.t.Fatalf("enrol: %d %s", r.status, r.body)
	}
	var w client.EntryWritten
	r.decode(s.t, &w)
	s.converge(w.Index)
	return w
}

func (s *secondCluster) converge(index int64) {
	s.t.Helper()
	if _, err := s.Converge(s.t.Context(), uint64(index)); err != nil {
		s.t.Fatal(err)
	}
}

// match searches a changed copy of a portrait on a node.
func (s *secondCluster) match(node, portrait int) client.Lead {
	s.t.Helper()
	probe, err := specimen.Probe(s.portraits[portrait])
	if err != nil {
		s.t.Fatal(err)
	}
	r := call(s.t, s.Cluster, node, "POST", "/v1/match", mustJSON(s.t, client.MatchRequest{
		Photos: []client.PhotoInput{{Image: probe}}, Purpose: "test", Reason: "end-to-end test", Limit: 50,
	}))
	if r.status != http.StatusOK {
		s.t.Fatalf("match on %s: %d %s", s.Name(node), r.status, r.body)
	}
	var lead client.Lead
	r.decode(s.t, &lead)
	return lead
}

// finds reports how a node finds an entry by a portrait: it must be the first
// candidate, by a face that reaches the threshold, compared by these.
func (s *secondCluster) finds(node, portrait int, entry, encoder, calibration string) client.Lead {
	s.t.Helper()
	lead := s.match(node, portrait)
	line := faceLine(lead, entry)
	if line == nil || lead.Candidates[0].EntryId != entry || line.Code != "face_threshold_reached" || line.Params["encoder"] != encoder || line.Params["calibration"] != calibration {
		s.t.Errorf("%s finds %s by %+v, want %q and %q; %d candidates", s.Name(node), entry, line, encoder, calibration, len(lead.Candidates))
	}
	return lead
}

func (s *secondCluster) status(node int) client.ClusterStatus {
	s.t.Helper()
	var st client.ClusterStatus
	call(s.t, s.Cluster, node, "GET", "/v1/cluster", nil).decode(s.t, &st)
	return st
}

// TestE2ESecondEncoderNode: a cluster of dlib alone gets a second encoder on two of
// its three nodes. What was enrolled before is still found, by dlib; what is enrolled
// then is found by both encoders together, and on the third node by dlib's half.
// Replays and restarts give the same bits. A broken second encoder stops the start
// and says what to do, and switching it off leaves nothing of it behind.
func TestE2ESecondEncoderNode(t *testing.T) {
	s := newSecondCluster(t)
	dlib, both := models.DlibModel, s.calib.Model()
	shipped, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	old := s.enrol(0, "e2e-second-old", 0)
	before := s.finds(0, 0, old.Id, "", "")
	if before.SecondOperatingPoint.Calibration != "" || before.Models["encoder_second"] != "" || s.status(0).SecondEncoder.Recipe != "" {
		t.Errorf("a node without a second encoder speaks of one: %+v", before.Models)
	}

	for _, node := range []int{0, 1} {
		log := s.restart(node, func() { s.configure(node, secondRecipe, s.eval) })
		if !strings.Contains(log, "a second face encoder is ready") || !strings.Contains(log, "for evaluation only") {
			t.Errorf("%s:\n%s", s.Name(node), log)
		}
	}
	s.finds(0, 0, old.Id, dlib, shipped.Version())
	fresh := s.enrol(0, "e2e-second-new", 1)
	plain := s.enrol(2, "e2e-second-plain", 2)
	for node := range 2 {
		lead := s.finds(node, 1, fresh.Id, both, s.calib.Version())
		first, second := lead.OperatingPoint, lead.SecondOperatingPoint
		if first.GallerySize != 3 || second.GallerySize != 3 || first.Fmr != second.Fmr || second.Calibration != s.calib.Version() || first.Threshold == second.Threshold ||
			lead.Models["encoder"] != dlib || lead.Models["encoder_second"] != both || lead.Models["calibration_second"] != s.calib.Version() {
			t.Errorf("points %+v and %+v, models %v", first, second, lead.Models)
		}
		s.finds(node, 2, plain.Id, dlib, shipped.Version())
		st := s.status(node)
		if e := st.SecondEncoder; st.Gallery.Templates != 2 || st.Gallery.Skipped != 0 || e.Gallery.Templates != 1 || e.Gallery.Skipped != 0 || e.Use != "evaluation" || e.Licence == "" {
			t.Errorf("status of %s: %+v, %+v", s.Name(node), st.Gallery, e)
		}
	}
	for portrait, entry := range []string{old.Id, fresh.Id, plain.Id} {
		if lead := s.finds(2, portrait, entry, "", ""); lead.OperatingPoint.GallerySize != 3 {
			t.Errorf("the node without the encoder compares with %d templates", lead.OperatingPoint.GallerySize)
		}
	}
	if g := s.status(2).Gallery; g.Templates != 3 || g.Skipped != 0 {
		t.Errorf("the gallery of the node without the encoder: %+v", g)
	}

	t.Run("templates", func(t *testing.T) {
		body := mustJSON(t, client.MatchRequest{Templates: []client.TemplateInput{madeUpTemplate(t, 1)}, Purpose: "test", Reason: "end-to-end test"})
		if r := call(t, s.Cluster, 0, "POST", "/v1/match", body); r.status != http.StatusUnprocessableEntity || r.code() != "model_mismatch" {
			t.Errorf("a dlib template on a node with both: %d %s", r.status, r.body)
		}
		if r := call(t, s.Cluster, 2, "POST", "/v1/match", body); r.status != http.StatusOK {
			t.Errorf("a dlib template on a node with dlib: %d %s", r.status, r.body)
		}
	})
	t.Run("replay", func(t *testing.T) { testSecondReplay(t, s, fresh) })
	t.Run("both photos", func(t *testing.T) { testSecondOfBothKinds(t, s, old) })
	t.Run("restart", func(t *testing.T) {
		want := faceLine(s.match(0, 1), fresh.Id)
		log := s.restart(0, func() {})
		if n := strings.Count(log, "the gallery is loaded from its files"); n != 2 || strings.Contains(log, "built from the registry") {
			t.Errorf("%d galleries were loaded:\n%s", n, log)
		}
		if d := cmp.Diff(want, faceLine(s.match(0, 1), fresh.Id)); d != "" {
			t.Errorf("after a restart (-before +after)\n%s", d)
		}
	})
	t.Run("killed", func(t *testing.T) {
		w := s.enrol(1, "e2e-second-last", 3)
		s.Kill9(0)
		if err := s.Restart(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		s.converge(w.Index)
		s.finds(0, 3, w.Id, both, s.calib.Version())
		s.converge(withdraw(t, s.Cluster, 0, w))
	})
	t.Run("calibration", func(t *testing.T) {
		file, version := scaled(t, 0.9)
		newCLI(t, s.Cluster).ok("calibration", "adopt", file, "--reason", "a test of the change")
		for node := range 3 {
			awaitCalibration(t, s.Cluster, node, version)
		}
		s.finds(0, 1, fresh.Id, both, s.calib.Version())
		if lead := s.finds(0, 2, plain.Id, dlib, version); lead.OperatingPoint.Calibration != version || lead.SecondOperatingPoint.Calibration != s.calib.Version() {
			t.Errorf("points %+v and %+v", lead.OperatingPoint, lead.SecondOperatingPoint)
		}
	})
	t.Run("calibration of both", func(t *testing.T) { testSecondCalibration(t, s, fresh) })
	t.Run("commands", func(t *testing.T) { testSecondCommands(t, s, fresh) })
	t.Run("impact", func(t *testing.T) { testSecondImpact(t, s, plain) })
	t.Run("broken", func(t *testing.T) { testSecondBroken(t, s) })
	t.Run("off", func(t *testing.T) {
		kept := filepath.Join(s.Dir(0), "data", "gallery-second")
		if _, err := os.Stat(kept); err != nil {
			t.Error(err)
		}
		s.restart(0, func() { s.configure(0, "", "") })
		lead := s.finds(0, 1, fresh.Id, "", "")
		if _, err := os.Stat(kept); !os.IsNotExist(err) || lead.SecondOperatingPoint.Calibration != "" || lead.OperatingPoint.GallerySize != 4 {
			t.Errorf("after it was switched off: %v, %+v", err, lead.OperatingPoint)
		}
		s.forgets(0, before.Stamp.AppliedIndex, shipped.Version())
	})
}

// testSecondReplay: a withdrawn entry is found again as of the search, with the
// score and by the encoder of that search.
func testSecondReplay(t *testing.T, s *secondCluster, other client.EntryWritten) {
	gone := s.enrol(0, "e2e-second-gone", 3)
	lead := s.finds(0, 3, gone.Id, s.calib.Model(), s.calib.Version())
	event := lastEvent(t, s.Cluster, 0, "match")
	if event.Models["encoder_second"] != s.calib.Model() || event.Models["calibration_second"] != s.calib.Version() {
		t.Errorf("event %+v", event.Models)
	}
	s.converge(withdraw(t, s.Cluster, 0, gone))
	if l := faceLine(s.match(0, 3), gone.Id); l != nil {
		t.Errorf("a withdrawn entry is found: %+v", l)
	}
	probe, err := specimen.Probe(s.portraits[3])
	if err != nil {
		t.Fatal(err)
	}
	req := client.ReplayRequest{
		Photos: []client.PhotoInput{{Image: probe}}, AsOfIndex: event.Index, MinScore: &event.Threshold, SecondMinScore: &event.SecondThreshold, Purpose: "investigation", Reason: "end-to-end test",
	}
	out, _ := replayFaces(t, s.Cluster, 0, mustJSON(t, req))
	was := faceLine(lead, gone.Id)
	i := slices.IndexFunc(out.Candidates, func(c client.ReplayCandidate) bool { return c.EntryId == gone.Id })
	if i != 0 || out.Candidates[0].Score != was.Score || out.Candidates[0].Encoder != s.calib.Model() || out.Candidates[0].Status != "withdrawn" {
		t.Fatalf("replay: %+v, was %+v", out.Candidates, was)
	}
	if second := lead.SecondOperatingPoint.Threshold; event.SecondThreshold != second || out.SecondOperatingPoint.Threshold != second {
		t.Errorf("the second threshold is %v in the audit event, %v in the replay, was %v", event.SecondThreshold, out.SecondOperatingPoint.Threshold, second)
	}
	by := []string{
		"audit", "replay", "--as-of", fmt.Sprint(event.Index), "--min-score", fmt.Sprint(event.Threshold), "--second-min-score", fmt.Sprint(event.SecondThreshold),
		"--photo", writeFile(t, filepath.Join(t.TempDir(), "probe.jpg"), probe), "--purpose", "investigation", "--reason", "end-to-end test",
	}
	v := newCLI(t, s.Cluster)
	v.has(v.ok(by...), gone.Id, "withdrawn")
	v.has(v.ok("audit", "list"), fmt.Sprintf("%v/%v", event.Threshold, event.SecondThreshold))
}

// testSecondOfBothKinds: an entry of a photo from before gets another one. Both nodes
// with the encoder find it by both, the third by dlib's mean of the two.
func testSecondOfBothKinds(t *testing.T, s *secondCluster, old client.EntryWritten) {
	again, err := specimen.Probe(s.portraits[0])
	if err != nil {
		t.Fatal(err)
	}
	r := call(t, s.Cluster, 0, "POST", "/v1/entries/"+old.Id+"/faces", mustJSON(t, client.FaceInput{Photo: client.PhotoInput{Image: again}}))
	if r.status != http.StatusCreated {
		t.Fatalf("add a photo: %d %s", r.status, r.body)
	}
	var w client.FaceWritten
	r.decode(t, &w)
	if len(w.Warnings) > 0 || w.Face.Model != s.calib.Model() {
		t.Errorf("the second photo: %+v", w)
	}
	s.converge(w.Index)
	s.finds(1, 0, old.Id, s.calib.Model(), s.calib.Version())
	if l := faceLine(s.finds(2, 0, old.Id, "", ""), old.Id); l == nil || l.Params["references"] != "2" {
		t.Errorf("the node without the encoder: %+v", l)
	}
}

// testSecondCommands: what a person sees of it.
func testSecondCommands(t *testing.T, s *secondCluster, fresh client.EntryWritten) {
	v := newCLI(t, s.Cluster)
	v.has(v.ok("status"), "Second encoder: faceplugin-0.0.1/1", "licence: ", "FOR EVALUATION ONLY", "Second gallery: ")
	conf := filepath.Join(s.Dir(0), "vigie.yaml")
	v.has(v.ok("doctor", "--config", conf), "faceplugin-0.0.1/1: one face takes", "licence: ", "evaluation only")
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"libonnxruntime.so.1", "fr_feature.onnx"} {
		if err := os.Symlink(filepath.Join(s.eval, name), filepath.Join(open, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.configure(0, secondRecipe, open)
	// A process of its own: one can load the runtime from one path only.
	if stdout, stderr, err := vigieRun(t, "doctor", "--config", conf); err != nil || !strings.Contains(stdout, open+" can be changed by other users") {
		t.Errorf("doctor: %v\n%s%s", err, stdout, stderr)
	}
	s.configure(0, secondRecipe, s.eval)
	v.has(v.ok("config", "check", "--config", conf), "second encoder", secondRecipe)
	photo := writeFile(t, filepath.Join(t.TempDir(), "p.jpg"), s.portraits[1])
	v.has(v.ok("match", "photo", photo, "--purpose", "test", "--reason", "end-to-end test"), "compared by "+s.calib.Model(), "Second encoder: threshold")
	event := lastEvent(t, s.Cluster, 0, "match")
	v.has(v.ok("audit", "replay", "--photo", photo, "--as-of", numberCell(event.Index), "--purpose", "test", "--reason", "end-to-end test"), "ENCODER", "Second encoder: threshold", fresh.Id)
	metrics := string(call(t, s.Cluster, 0, "GET", "/metrics", nil).body)
	for _, want := range []string{"vigie_second_gallery_templates ", "vigie_second_gallery_saves_total ", "vigie_second_calibration_current 1", `vigie_second_encoder_info{calibration="` + s.calib.Version() + `",recipe="faceplugin-0.0.1/1",use="evaluation"} 1`, "face_encode_second"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	if other := string(call(t, s.Cluster, 2, "GET", "/metrics", nil).body); strings.Contains(other, "vigie_second") {
		t.Error("the metrics of a node without a second encoder speak of one")
	}
	r := call(t, s.Cluster, 0, "POST", "/v1/entries/"+fresh.Id+"/impact", []byte(`{"purpose":"investigation","reason":"end-to-end test"}`))
	var impact client.Impact
	r.decode(t, &impact)
	if r.status != http.StatusOK || len(impact.Faces) != 1 || !impact.Faces[0].Comparable || impact.SecondOperatingPoint.Calibration != s.calib.Version() {
		t.Errorf("impact: %d %s", r.status, r.body)
	}
}

// testSecondBroken: a node whose second encoder can't run does not start; it names
// the file and the way out, and doctor says the same.
func testSecondBroken(t *testing.T, s *secondCluster) {
	dir := t.TempDir()
	good := readFile(t, filepath.Join(s.Dir(0), "vigie.yaml"))
	defer func() { writeFile(t, filepath.Join(s.Dir(0), "vigie.yaml"), good) }()
	for _, x := range []struct {
		name, recipe string
		prepare      func()
		want         string
	}{
		{"no library", secondRecipe, func() {}, "libonnxruntime.so.1"},
		{"another library", secondRecipe, func() {
			writeFile(t, filepath.Join(dir, "libonnxruntime.so.1"), []byte("no library"))
		}, "libonnxruntime.so.1 has SHA-256"},
		{"no model", secondRecipe, func() {
			if err := os.Remove(filepath.Join(dir, "libonnxruntime.so.1")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(s.eval, "libonnxruntime.so.1"), filepath.Join(dir, "libonnxruntime.so.1")); err != nil {
				t.Fatal(err)
			}
		}, "fr_feature.onnx"},
		{"another model", secondRecipe, func() {
			b := bytes.Clone(readFile(t, filepath.Join(s.eval, "fr_feature.onnx")))
			b[len(b)/2] ^= 1
			writeFile(t, filepath.Join(dir, "fr_feature.onnx"), b)
		}, "fr_feature.onnx has SHA-256"},
		{"no recipe", "none", func() {}, `no built-in recipe "none"`},
		{"no calibration", "sface-2021dec", func() {}, "vigie calibrate DIR --recipe"},
	} {
		x.prepare()
		conf := s.configure(0, x.recipe, dir)
		_, stderr, err := vigieRun(t, "serve", "--config", conf)
		if err == nil || !strings.Contains(stderr, x.want) || strings.Contains(stderr, "panic") || x.name != "no calibration" && !strings.Contains(stderr, "faces.second.recipe") {
			t.Errorf("%s: %v\n%s", x.name, err, stderr)
		}
		stdout, _, err := vigieRun(t, "doctor", "--config", conf)
		if err == nil || !strings.Contains(stdout, x.want) || !strings.Contains(stdout, "fail") {
			t.Errorf("%s: doctor says %v\n%s", x.name, err, stdout)
		}
	}
}
