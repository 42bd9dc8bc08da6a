package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/index/face"
	"vigie/matcher/population"
	"vigie/models"
)

const populationBasis = "made-up people of a test"

// madeUpPeople makes a population of persons with made-up templates by group.
func madeUpPeople(t *testing.T, model string, groups map[string][]uint64) *population.Population {
	t.Helper()
	var persons []population.Person
	for name, list := range groups {
		for _, who := range list {
			persons = append(persons, population.Person{Group: name, Templates: [][]float32{personTemplate(t, who, 900).Values, personTemplate(t, who, 901).Values}})
		}
	}
	p, err := population.New(model, populationBasis, time.Now().UnixMilli(), persons)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hold seals a population into a node's file and starts the node again.
func hold(t *testing.T, c *clustertest.Cluster, path string, p *population.Population) {
	t.Helper()
	key, err := seal.Load(filepath.Join(c.Dir(0), "data", "keys", "cluster.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(path, 0o600, func(w io.Writer) error { return p.Write(w, key) }); err != nil {
		t.Fatal(err)
	}
	restarted(t, c)
}

func restarted(t *testing.T, c *clustertest.Cluster) {
	t.Helper()
	if err := c.Stop(0); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func impactOf(t *testing.T, c *clustertest.Cluster, entry string) client.Impact {
	t.Helper()
	r := call(t, c, 0, "POST", "/v1/entries/"+entry+"/impact", mustJSON(t, client.ImpactRequest{Purpose: "investigation", Reason: "end-to-end test", TravellersPerDay: 500}))
	if r.status != 200 {
		t.Fatalf("impact: %d %s", r.status, r.body)
	}
	var out client.Impact
	r.decode(t, &out)
	return out
}

// counted scores everybody against the mean of the entry's two photos by itself.
func counted(t *testing.T, list []uint64, threshold float64, photos ...client.TemplateInput) (shown int) {
	t.Helper()
	cal, err := models.DefaultCalibration()
	if err != nil {
		t.Fatal(err)
	}
	project := func(in client.TemplateInput) []float32 {
		x, err := cal.Project(in.Values)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	reference := face.Mean([][]float32{project(photos[0]), project(photos[1])})
	for _, who := range list {
		reached := false
		for photo := range uint64(2) {
			dot := 0.0
			for i, v := range project(personTemplate(t, who, 900+photo)) {
				dot += float64(v) * float64(reference[i])
			}
			reached = reached || dot >= threshold
		}
		if reached {
			shown++
		}
	}
	return shown
}

// TestPopulation drives a node through all states of a held population: a missing
// file, another model's, one that serves, whose counts are those of a plain scan,
// and a damaged one. The file shows nothing, and no answer says who was shown.
func TestPopulation(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1, Set: map[string]string{"match.population": "people"}})
	path, v := filepath.Join(c.Dir(0), "people"), newCLI(t, c)
	conf := filepath.Join(c.Dir(0), "vigie.yaml")
	photos := []client.TemplateInput{personTemplate(t, 4, 1), personTemplate(t, 4, 2)}
	in := entryInput(&specimen.Entries(3, time.Now())[2])
	in.Faces, in.Status = []client.FaceInput{{Template: photos[0]}, {Template: photos[1]}}, "draft"
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", "e2e-population-1")
	if r.status != 201 {
		t.Fatalf("add a draft: %d %s", r.status, r.body)
	}
	var draft client.EntryWritten
	r.decode(t, &draft)
	state := func(want client.PopulationImpactState) client.Impact {
		t.Helper()
		got := impactOf(t, c, draft.Id)
		if got.Population.State != want || got.Population.Detail == "" || !(got.AlertsPerDay > 0) || len(got.Faces) != 2 || (len(got.Population.Groups) > 0) != (want == "replayed") {
			t.Fatalf("%s: %+v", want, got)
		}
		return got
	}
	state("unreadable")
	v.fails(exitFailure, "match.population", "doctor", "--config", conf)

	var many []uint64
	for who := range uint64(300) {
		many = append(many, 1000+who)
	}
	few := []uint64{1, 2, 3, 4, 5} // 4 is the listed person
	groups := map[string][]uint64{"strangers": many, "among them": few}
	model := photos[0].Model
	hold(t, c, path, madeUpPeople(t, "another/1", groups))
	if got := state("other_model"); got.Population.Model != "another/1" || got.Population.Digest == "" {
		t.Errorf("%+v", got.Population)
	}
	v.has(v.ok("doctor", "--config", conf), "no entry is replayed against it: its templates are of another/1")
	p := madeUpPeople(t, model, groups)
	hold(t, c, path, p)
	got := state("replayed")
	threshold := got.OperatingPoint.Threshold
	for i, want := range []struct {
		name           string
		persons, shown int
	}{{"among them", 5, counted(t, few, threshold, photos...)}, {"strangers", 300, counted(t, many, threshold, photos...)}} {
		g := got.Population.Groups[i]
		if g.Name != want.name || g.Persons != want.persons || g.Photos != 2*want.persons || g.Shown != want.shown || g.AlertsPerDay != 500*g.Rate || !(g.RateLow <= g.Rate && g.Rate < g.RateHigh || g.Rate == 1) {
			t.Errorf("%+v, want %+v", g, want)
		}
	}
	if g := got.Population.Groups[0]; g.Shown < 1 || g.MayBeThisPerson != 1 {
		t.Errorf("the listed person is in the group: %+v", g)
	}
	if all := got.Population.All; all.Persons != 305 || got.Population.Digest != p.About().Digest || got.Population.Basis != populationBasis {
		t.Errorf("%+v", got.Population)
	}
	if e := lastEvent(t, c, 0, "entryImpact"); e.Models["population"] != p.About().Digest {
		t.Errorf("the audit event names %v", e.Models)
	}
	v.has(v.ok("entry", "impact", draft.Id, "--reason", "end-to-end test"), "expected false alerts", "of 5 persons shown; 1 OF THEM MAY BE THIS PERSON", "of 300 persons shown", p.About().Digest, populationBasis)
	v.has(v.ok("population", "show", path, "--config", conf), p.About().Digest, "strangers", "300", "600", model, populationBasis)
	v.has(v.ok("doctor", "--config", conf), "305 persons in 2 groups")

	file := readFile(t, path)
	for _, secret := range [][]byte{[]byte(populationBasis), []byte("strangers"), []byte(model)} {
		if bytes.Contains(file, secret) {
			t.Errorf("the file shows %q", secret)
		}
	}
	file[len(file)/2] ^= 1
	writeFile(t, path, file)
	v.fails(exitFailure, "damaged", "population", "show", path, "--config", conf)
	restarted(t, c)
	state("unreadable")
}

// TestPopulationPhotos builds a population from portraits and shows it an entry
// whose photo is one of them.
func TestPopulationPhotos(t *testing.T) {
	models, portraits := needFaces(t)
	c := startNodes(t, clustertest.Options{Nodes: 1, Faces: true, ModelsDir: models, Set: map[string]string{"match.population": "people"}})
	dir, conf, v := t.TempDir(), filepath.Join(c.Dir(0), "vigie.yaml"), newCLI(t, c)
	add := func(group, person string, m image.Image) {
		t.Helper()
		folder := filepath.Join(dir, group, person)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, "photo.jpg"), jpegBytes(t, m))
	}
	var all []image.Image
	for i := range 6 {
		m := readPicture(t, filepath.Join(portraits, fmt.Sprintf("profile-picture-%d.jpg", i+1)))
		all = append(all, m)
		add("portraits", fmt.Sprintf("person-%d", i), m)
		add("portraits", fmt.Sprintf("person-%d", 6+i), shrunk(m, 0.9))
	}
	add("portraits", "nobody", image.NewGray(image.Rect(0, 0, 300, 300)))
	path := filepath.Join(c.Dir(0), "people")
	build := []string{"population", "build", dir, "--models", models, "--config", conf, "--basis", populationBasis, "--out"}
	var report populationReport
	if err := json.Unmarshal([]byte(v.ok(append(build, path, "--json")...)), &report); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, n := range report.Groups[0].Refused {
		refused += n
	}
	if g := report.Groups[0]; len(report.Groups) != 1 || g.Persons < population.MinPersons || g.Photos != g.Persons || g.Refused["no_face"] < 1 || g.WithoutPhoto != refused || g.Persons+refused != 13 || report.Digest == "" || report.Model == "" {
		t.Errorf("%+v", report)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if b := readFile(t, path); bytes.Contains(b, []byte("person-1")) || bytes.Contains(b, []byte("portraits")) {
		t.Error("the file shows names")
	}
	v.fails(exitUsage, "--basis", "population", "build", dir, "--out", path, "--config", conf)
	v.fails(exitUsage, "characters", "population", "build", dir, "--out", path+"2", "--basis", "no", "--models", models, "--config", conf)
	for i, m := range all[:4] {
		add("few", fmt.Sprintf("person-%d", i), m)
	}
	v.fails(exitFailure, "a count would point at somebody", append(build, path+"2")...)
	restarted(t, c)

	in := entryInput(&specimen.Entries(3, time.Now())[1])
	in.Faces, in.Status = []client.FaceInput{{Photo: client.PhotoInput{Image: readFile(t, filepath.Join(portraits, "profile-picture-1.jpg"))}}}, "draft"
	file := writeFile(t, filepath.Join(t.TempDir(), "draft.json"), mustJSON(t, in))
	out := v.ok("entry", "add", file)
	v.has(out, "MAY BE THIS PERSON", report.Digest)
	if strings.Contains(out, "person-1") {
		t.Error("somebody of the population is named")
	}
}
