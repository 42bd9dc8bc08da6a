package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/models"
	"vigie/watchlist"
)

// midChange waits until a node says that it is changing its gallery, or has changed
// it already, and gives what it saw.
func midChange(t *testing.T, c *clustertest.Cluster, version string) (seen string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		var cal client.Calibration
		r := call(t, c, 0, "GET", "/v1/calibration", nil)
		r.decode(t, &cal)
		if cal.State == "changing" || cal.Used == version {
			return fmt.Sprintf("%s, %d of %d projected, %s used", cal.State, cal.Projected, cal.ToProject, cal.Used)
		}
		select {
		case <-deadline:
			t.Fatalf("no change: %s", r.body)
		default:
		}
	}
}

// TestRestartDuringChange stops a node, by SIGTERM and by SIGKILL, while it projects
// its gallery into another calibration's space. It comes back, goes on, finds every
// face, and says in the lead which calibration it used.
func TestRestartDuringChange(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 1})
	const batches, each = 6, 100
	entries := specimen.Entries(batches*each, time.Now())
	for b := range batches {
		var req client.ImportRequest
		for i := range each {
			n := b*each + i
			in := entryInput(&entries[n])
			in.Faces = []client.FaceInput{{Template: madeUpTemplate(t, uint64(n))}, {Template: madeUpTemplate(t, uint64(100_000+n))}}
			req.Lines = append(req.Lines, client.ImportLine{Line: n + 1, Entry: in})
		}
		if r := call(t, c, 0, "POST", "/v1/imports/change/entries", mustJSON(t, req), "Idempotency-Key", fmt.Sprintf("e2e-change-%d", b)); r.status != http.StatusOK && r.status != http.StatusCreated {
			t.Fatalf("import: %d %.300s", r.status, r.body)
		}
	}
	probe := madeUpTemplate(t, 77)
	_, before := matchFaces(t, c, 0, probe, 0)
	if len(before) == 0 {
		t.Fatal("the face is not found before the change")
	}
	nearest := func(list []faceKey) string { return slices.MinFunc(list, replayOrder).entry }
	v := newCLI(t, c)
	for i, end := range []func(){
		func() {
			if err := c.Stop(0); err != nil {
				t.Error(err)
			}
		},
		func() { c.Kill9(0) },
	} {
		file, version := scaled(t, 0.5+0.2*float64(i))
		v.ok("calibration", "adopt", file, "--reason", "a restart in the middle")
		seen := midChange(t, c, version)
		end()
		t.Logf("ended while: %s", seen)
		if err := c.Restart(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		awaitCalibration(t, c, 0, version)
		lead, after := matchFaces(t, c, 0, probe, 0)
		if lead.Models["calibration"] != version || lead.OperatingPoint.GallerySize != 2*batches*each || len(after) == 0 || nearest(after) != nearest(before) {
			t.Errorf("after the change: %v, gallery of %d, %v, want %s nearest", lead.Models, lead.OperatingPoint.GallerySize, after, nearest(before))
		}
	}
	v.has(v.ok("calibration", "history"), "a restart in the middle")
}

// TestCalibrateAndAdopt fits a calibration from photos and puts it in force: the
// least set that one can rest on. The demonstration portraits are far too few, and
// the command says so. It goes on from a cache that knows all others' templates, made
// up, and so encodes the six alone; TestCalibrateFromPhotos encodes everybody.
func TestCalibrateAndAdopt(t *testing.T) {
	modelsDir, portraits := needFaces(t)
	folder := t.TempDir()
	for i := range 6 {
		person := filepath.Join(folder, []string{"west_african", "us"}[i%2], fmt.Sprint("portrait-", i))
		if err := os.MkdirAll(person, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(person, "photo.jpg"), readFile(t, filepath.Join(portraits, fmt.Sprintf("profile-picture-%d.jpg", i+1))))
	}
	v := &cli{t: t}
	out, cache := filepath.Join(t.TempDir(), "calibration.json"), filepath.Join(t.TempDir(), "cache")
	calibrate := []string{"calibrate", folder, "--models", modelsDir, "--out", out, "--json", "--cache", cache}
	v.fails(exitUsage, "--cache DIR", append(slices.Clone(calibrate[:6]), "--keep-cache")...)
	v.fails(exitFailure, "templates (biometric data) are kept in "+cache, calibrate...)
	v.fails(exitFailure, "unbalanced cohort", calibrate...) // from the cache this time
	cachedCohort(t, folder, cache)
	adoptFitted(t, out, v.ok(calibrate...))
	if left, err := os.ReadDir(cache); err != nil || len(left) > 0 {
		t.Errorf("the cache after a run that succeeded: %v, %v", left, err)
	}
}

// TestCalibrateFromPhotos does the same with the photos of the test data, all of them
// encoded: minutes, so it runs where VIGIE_CALIBRATE says so (make e2e-calibrate).
func TestCalibrateFromPhotos(t *testing.T) {
	if os.Getenv("VIGIE_CALIBRATE") == "" {
		t.Skip("takes minutes: make e2e-calibrate")
	}
	modelsDir, _ := needFaces(t)
	out := filepath.Join(t.TempDir(), "calibration.json")
	adoptFitted(t, out, (&cli{t: t}).ok("calibrate", leastCohort(t), "--models", modelsDir, "--out", out, "--json"))
}

// cachedCohort adds persons to a folder of photos, and their made-up templates to the
// cache that `vigie calibrate --cache` reads (its format is evalfaces.Cache's): as
// few as a calibration can rest on, 100,000 pairs of strangers and some mated pairs.
func cachedCohort(t *testing.T, folder, cache string) {
	t.Helper()
	type record struct {
		Model     string                `cbor:"1,keyasint"`
		Digest    [32]byte              `cbor:"2,keyasint"`
		Reference []float32             `cbor:"3,keyasint"`
		Probe     []float32             `cbor:"4,keyasint"`
		Quality   watchlist.FaceQuality `cbor:"5,keyasint"`
	}
	f, err := os.OpenFile(filepath.Join(cache, "vigie-templates.cbor"), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	add := func(group string, person, photos int) {
		t.Helper()
		dir := filepath.Join(folder, group, fmt.Sprint(person))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for n := range photos {
			photo := fmt.Appendf(nil, "%d %d, no photo: its template is in the cache", person, n)
			writeFile(t, filepath.Join(dir, fmt.Sprintf("%d.jpg", n)), photo)
			looks := uint64(person)
			if n > 0 && person%5 == 0 { // not to be told from a stranger: rates need both
				looks += 10_000
			}
			template := personTemplate(t, looks, uint64(n))
			b, err := cbor.Marshal(record{Model: template.Model, Digest: sha256.Sum256(photo), Reference: template.Values, Probe: template.Values})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 450 {
		add("west_african", 1000+i, 1)
	}
	for i := range 150 {
		photos := 1
		if i < 45 {
			photos = 2
		}
		add("us", 2000+i, photos)
	}
}

// adoptFitted puts the calibration of a file in force, of which `vigie calibrate
// --json` said fitted, and searches under it.
func adoptFitted(t *testing.T, file, said string) {
	t.Helper()
	var fitted struct{ Version, Model, Cohort string }
	if err := json.Unmarshal([]byte(said), &fitted); err != nil {
		t.Fatal(err)
	}
	c := startNodes(t, clustertest.Options{Nodes: 1})
	shipped, err := models.DefaultCalibration()
	if err != nil || fitted.Version == "" || fitted.Version == shipped.Version() || fitted.Model != shipped.Model() {
		t.Fatalf("%+v, %v", fitted, err)
	}
	probe := personTemplate(t, 1, 1)
	entry := enrolTemplate(t, c, 0, "e2e-fitted-1", personTemplate(t, 1, 2))
	on := newCLI(t, c)
	on.has(on.ok("calibration", "adopt", file, "--reason", "fitted from photos by a test"), "Decided at index", fitted.Version, "west_african")
	awaitCalibration(t, c, 0, fitted.Version)
	lead, faces := matchFaces(t, c, 0, probe, 0)
	if lead.OperatingPoint.Calibration != fitted.Version || lead.OperatingPoint.Cohort != fitted.Cohort || len(faces) != 1 || faces[0].entry != entry.Id {
		t.Errorf("point %+v, %v", lead.OperatingPoint, faces)
	}
}

// leastCohort links photos of the test data into a folder: the mated pairs and few
// more persons than the false match rates (100,000 pairs of strangers) and each side
// of the balance need.
func leastCohort(t *testing.T) string {
	t.Helper()
	faces, missing := testFaces()
	if missing != "" {
		loudSkip(t, missing)
	}
	dir := t.TempDir()
	link := func(group, person string, photos ...string) {
		t.Helper()
		folder := filepath.Join(dir, group, person)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for i, photo := range photos {
			from, err := filepath.Abs(filepath.Join(faces, photo))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(from, filepath.Join(folder, fmt.Sprintf("%d.jpg", i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(folder string) []string {
		t.Helper()
		found, err := os.ReadDir(filepath.Join(faces, folder))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range found {
			names = append(names, folder+"/"+f.Name())
		}
		return names
	}
	id := func(photo string) string { // stands before the "_" or the end of a file's name
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(photo), ".jpg"), "_")
		return name
	}
	seen := map[string]bool{}
	for _, photo := range list("nigeria_officials/img_250") {
		if who := id(photo); len(seen) < 475 && !seen[who] {
			seen[who] = true
			link("west_african", who, photo)
		}
	}
	older := map[string]string{}
	for _, photo := range list("congress/b_2014_200x250") {
		older[id(photo)] = photo
	}
	mated, all := 0, 0
	for _, photo := range list("congress/a_2017_2021_512") {
		who := id(photo)
		old, two := older[who]
		switch {
		case seen[who] || all == 160:
			continue
		case two && mated < 45:
			link("us", who, photo, old)
			mated++
		default:
			link("us", who, photo)
		}
		seen[who], all = true, all+1
	}
	return dir
}
