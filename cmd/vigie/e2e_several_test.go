package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/models"
)

// personTemplate draws a template as photos give them: the cohort's mean, what is a
// person's own, and what differs from photo to photo.
func personTemplate(t *testing.T, person, photo uint64) client.TemplateInput {
	t.Helper()
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	own, noise := rand.New(rand.NewPCG(person, 7)), rand.New(rand.NewPCG(person, 100+photo))
	in := client.TemplateInput{Model: cal.Model(), Values: make([]float32, cal.Dim())}
	for i, m := range cal.Data().Mean {
		in.Values[i] = float32(m + (own.NormFloat64()+0.4*noise.NormFloat64())/15)
	}
	return in
}

// faceLine gives an entry's line of face evidence in a lead.
func faceLine(lead client.Lead, entry string) *client.Evidence {
	for _, x := range lead.Candidates {
		for i := range x.Evidence {
			if x.EntryId == entry && x.Evidence[i].Kind == "face" {
				return &x.Evidence[i]
			}
		}
	}
	return nil
}

func matchTemplates(t *testing.T, c *clustertest.Cluster, index int64, probes ...client.TemplateInput) client.Lead {
	t.Helper()
	r := call(t, c, 0, "POST", "/v1/match", mustJSON(t, client.MatchRequest{
		Templates: probes, Purpose: "test", Reason: "end-to-end test", MinIndex: index, Limit: 50,
	}))
	if r.status != http.StatusOK {
		t.Fatalf("match: %d %s", r.status, r.body)
	}
	var lead client.Lead
	r.decode(t, &lead)
	return lead
}

// addTemplate adds a face to an entry.
func addTemplate(t *testing.T, c *clustertest.Cluster, entry string, template client.TemplateInput) client.FaceWritten {
	t.Helper()
	r := call(t, c, 0, "POST", "/v1/entries/"+entry+"/faces", mustJSON(t, client.FaceInput{Template: template}))
	if r.status != http.StatusCreated {
		t.Fatalf("add a face: %d %s", r.status, r.body)
	}
	var w client.FaceWritten
	r.decode(t, &w)
	return w
}

// TestE2ESeveralPhotos: an entry of three photos is compared with their mean, two
// probe photos are one, and a stranger's photo on the entry is warned of, hides
// nobody, and finds the entry only by itself. A replay says the same, to the bit,
// and so does the node after a restart.
func TestE2ESeveralPhotos(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1})
	enrolTemplate(t, c, 0, "e2e-several-other", personTemplate(t, 2, 1))
	w := enrolTemplate(t, c, 0, "e2e-several", personTemplate(t, 1, 1))
	for _, photo := range []uint64{2, 3} {
		if f := addTemplate(t, c, w.Id, personTemplate(t, 1, photo)); len(f.Warnings) > 0 {
			t.Errorf("photo %d of the same person: %+v", photo, f.Warnings)
		}
	}
	one, two := personTemplate(t, 1, 4), personTemplate(t, 1, 5)

	single := faceLine(matchTemplates(t, c, 0, one), w.Id)
	lead := matchTemplates(t, c, 0, one, two)
	line := faceLine(lead, w.Id)
	op := lead.OperatingPoint
	if single == nil || line == nil || line.Params["references"] != "3" || line.Params["frames"] != "2" || single.Params["frames"] != "" || line.Score <= single.Score {
		t.Fatalf("one photo %+v, two %+v", single, line)
	}
	if op.GallerySize != 4 || op.LowQualityThreshold <= op.Threshold || line.Score < op.Threshold {
		t.Errorf("operating point %+v, score %v", op, line.Score)
	}
	if other := faceLine(matchTemplates(t, c, 0, one, personTemplate(t, 3, 1)), w.Id); other == nil || other.Params["photos"] != "differ" || other.Params["frames"] != "" {
		t.Errorf("two people's photos: %+v", other)
	}

	bad := addTemplate(t, c, w.Id, personTemplate(t, 9, 1))
	if len(bad.Warnings) != 1 || bad.Warnings[0].Code != "face_unlike_others" || bad.Warnings[0].Pointer != "/template" {
		t.Errorf("a stranger's photo: warnings %+v", bad.Warnings)
	}
	again := matchTemplates(t, c, bad.Index, one, two)
	if l := faceLine(again, w.Id); l == nil || l.Score != line.Score || l.Params["references"] != "3" || l.Params["face"] != line.Params["face"] {
		t.Errorf("with a stranger's photo on the entry %+v, before %+v", l, line)
	}
	if l := faceLine(matchTemplates(t, c, 0, personTemplate(t, 9, 2)), w.Id); l == nil || l.Params["references"] != "" || l.Params["face"] != bad.Face.Id {
		t.Errorf("the stranger: %+v", l)
	}
	checkSeveralReplay(t, c, w.Id, lead.Stamp.AppliedIndex, line, one, two)

	if err := errors.Join(c.Stop(0), c.Restart(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	if l := faceLine(matchTemplates(t, c, bad.Index, one, two), w.Id); l == nil || l.Score != line.Score || l.Params["references"] != "3" {
		t.Errorf("after a restart %+v, before %+v", l, line)
	}
}

// checkSeveralReplay asks what the search found as of its index.
func checkSeveralReplay(t *testing.T, c *clustertest.Cluster, entry string, asOf int64, line *client.Evidence, probes ...client.TemplateInput) {
	t.Helper()
	r := call(t, c, 0, "POST", "/v1/audit/replays", mustJSON(t, client.ReplayRequest{
		Templates: probes, AsOfIndex: asOf, Purpose: "investigation", Reason: "end-to-end test",
	}))
	if r.status != http.StatusOK {
		t.Fatalf("replay: %d %s", r.status, r.body)
	}
	var out client.Replay
	r.decode(t, &out)
	i := slices.IndexFunc(out.Candidates, func(x client.ReplayCandidate) bool { return x.EntryId == entry })
	if i < 0 || out.Candidates[i].Score != line.Score || len(out.Candidates[i].OtherFaceIds) != 2 || out.Frames != 2 || out.LowQualityThreshold <= out.Threshold {
		t.Errorf("replay %+v, the search said %+v", out, line)
	}
}

// TestE2ESeveralRealPhotos does the same with portraits, through the commands: a
// stranger's portrait on an entry is warned of, and two copies of a portrait are
// one probe.
func TestE2ESeveralRealPhotos(t *testing.T) {
	models, dir := needFaces(t)
	c := startNodes(t, clustertest.Options{Nodes: 1, Faces: true, ModelsDir: models})
	v := newCLI(t, c)
	file := writeFile(t, filepath.Join(t.TempDir(), "e.json"), []byte(exampleEntry(time.Now())))
	portrait := func(n int) string { return filepath.Join(dir, fmt.Sprintf("profile-picture-%d.jpg", n)) }
	copied := copyOf(t, portrait(1))
	var w client.EntryWritten
	if err := json.Unmarshal([]byte(v.ok("entry", "add", file, "--photo", portrait(1), "--photo", copied, "--json")), &w); err != nil {
		t.Fatal(err)
	}
	if len(w.Warnings) > 0 {
		t.Errorf("a portrait and its copy: %+v", w.Warnings)
	}
	v.has(v.ok("entry", "face-add", w.Id, portrait(2)), "WARNING", "does not look like the entry's others")
	out := v.ok("match", "photo", portrait(1), copied, "--purpose", "test", "--reason", "end-to-end test")
	v.has(out, w.Id, "la moyenne de 2 photos de référence", "la moyenne de 2 photos envoyées", "for references of low quality")
	out = v.ok("match", "photo", portrait(1), portrait(2), "--purpose", "test", "--reason", "end-to-end test")
	v.has(out, w.Id, "ne semblent pas montrer une seule personne")

	// An import warns too, and ends well.
	photos := t.TempDir()
	for _, n := range []int{3, 4} {
		writeFile(t, filepath.Join(photos, fmt.Sprintf("%d.jpg", n)), readFile(t, portrait(n)))
	}
	text := fmt.Sprintf(`{"category":"smuggler","action":"locate","legal_basis":"b","offence":"o","case_reference":"c","issued":%q,"expires_at":"2090-01-01","names":[{"full":"Awa Sarr"}],"photos":["3.jpg","4.jpg"]}`, time.Now().UTC().Format(time.DateOnly))
	list := writeFile(t, filepath.Join(photos, "list.jsonl"), []byte(text))
	v.has(v.ok("import", "jsonl", list, "--photos", photos), "WARNING: line 1", "/faces/1", "1 entries and 2 photos written")
}

// copyOf writes a portrait anew, as another camera would: other bytes of the same
// face.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, readPicture(t, path), &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), "copy.jpg"), out.Bytes())
}
