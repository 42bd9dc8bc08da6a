package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vigieRun runs the binary and gives its streams; err is that of a failed run.
func vigieRun(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), vigieBinary(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// evaluationFolder has a group of two persons with two photos, one of whom is a
// text, a group of one photo, an empty group, and files that belong nowhere.
func evaluationFolder(t *testing.T, faces string) string {
	t.Helper()
	dir := t.TempDir()
	put := func(from, to string) {
		t.Helper()
		b := []byte("not a picture")
		if from != "" {
			var err error
			if b, err = os.ReadFile(filepath.Join(faces, from)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("profile-picture-1.jpg", "east/Zwiebelkuchen/1.jpg")
	put("profile-picture-1.jpg", "east/Zwiebelkuchen/2.jpg")
	put("profile-picture-2.jpg", "east/second/1.JPEG")
	put("", "east/second/2.jpg")
	put("profile-picture-3.jpg", "west/only/1.jpg")
	put("", "west/notes.txt")
	put("", "README.md")
	if err := os.Mkdir(filepath.Join(dir, "nobody"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "west", "circle")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestE2EEvaluateFaces drives `vigie evaluate faces` on a small odd folder: the
// figures that it can tell, null for the others, the model card, and a cache that
// is gone after a run that succeeded.
func TestE2EEvaluateFaces(t *testing.T) {
	models, faces := needFaces(t)
	dir, out, cache := evaluationFolder(t, faces), filepath.Join(t.TempDir(), "card"), filepath.Join(t.TempDir(), "cache")
	stdout, stderr, err := vigieRun(t, "evaluate", "faces", dir, "--models", models, "--json", "--out", out, "--cache", cache, "--keep-cache")
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	checkEvaluation(t, []byte(stdout))
	if !strings.Contains(stderr, "photos: 5 of 5") || !strings.Contains(stderr, "biometric") {
		t.Errorf("standard error: %s", stderr)
	}
	checkCard(t, out, stdout)
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the cache folder: %v, %v", info, err)
	}

	again, stderr, err := vigieRun(t, "evaluate", "faces", dir, "--models", models, "--json", "--cache", cache)
	if err != nil || !strings.Contains(again, "5 photos came from the cache") {
		t.Errorf("a second run: %v, %s", err, stderr)
	}
	if list, err := os.ReadDir(cache); err != nil || len(list) != 0 {
		t.Errorf("templates are left: %v, %v", list, err)
	}
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := vigieRun(t, "evaluate", "faces", dir, "--models", models, "--cache", cache); err == nil || !strings.Contains(stderr, "open to other users") {
		t.Errorf("an open cache folder: %v, %s", err, stderr)
	}
}

// checkEvaluation holds the JSON against what the folder can tell.
func checkEvaluation(t *testing.T, text []byte) {
	t.Helper()
	var r struct {
		Groups map[string]map[string]any `json:"groups"`
		Pooled map[string]any            `json:"pooled"`
		Stages map[string]any            `json:"stages_ms"`
		Notes  []string                  `json:"notes"`
		Worse  []struct {
			Kind, Group string
			Probes      int
			FNMR        *float64
		} `json:"degraded"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	east, west := r.Groups["east"], r.Groups["west"]
	if len(r.Groups) != 2 || east["persons"] != 2.0 || east["photos"] != 4.0 || east["mated_pairs"] != 1.0 || east["fte"] != 0.25 || east["rank1"] != 1.0 || west["photos"] != 1.0 {
		t.Errorf("groups %v", r.Groups)
	}
	for _, m := range []map[string]any{east, west, r.Pooled} {
		fmr, _ := m["fnmr_at_fmr"].(map[string]any)
		fpir, _ := m["fnir_at_fpir"].(map[string]any)
		for _, key := range []string{"1e-3", "1e-4"} {
			if v, given := fmr[key]; !given || v != nil {
				t.Errorf("fnmr_at_fmr %s is %v, given %t", key, v, given)
			}
		}
		for _, key := range []string{"0.01", "0.001"} {
			if v, given := fpir[key]; !given || v != nil {
				t.Errorf("fnir_at_fpir %s is %v, given %t", key, v, given)
			}
		}
		if v, given := m["fmr_ratio_worst_best"]; !given || v != nil {
			t.Errorf("fmr_ratio_worst_best is %v, given %t", v, given)
		}
	}
	if west["rank1"] != nil || west["top5"] != nil || len(r.Stages) < 4 {
		t.Errorf("west %v, stages %v", west, r.Stages)
	}
	if len(r.Worse) != 18 || r.Worse[0].Kind != "" || r.Worse[0].Probes != 1 || r.Worse[0].FNMR == nil || *r.Worse[0].FNMR != 0 {
		t.Errorf("worse probes: %+v", r.Worse)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{`"nobody" holds no photo`, "files of the folder were ignored", "Nobody in west has two photos"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %q in %s", want, notes)
		}
	}
}

// checkCard looks at the folder of the model card: its JSON is what was printed,
// every plot that it shows is there, and no name of a person is anywhere.
func checkCard(t *testing.T, out, stdout string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "card.md"))
	if err != nil {
		t.Fatal(err)
	}
	if report, err := os.ReadFile(filepath.Join(out, "report.json")); err != nil || string(report) != stdout {
		t.Errorf("report.json is not what was printed (%v)", err)
	}
	shown := 0
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte("Zwiebelkuchen")) {
			t.Errorf("%s names a person", d.Name())
		}
		if filepath.Ext(path) == ".svg" {
			shown++
			if !bytes.Contains(b, []byte("<svg")) || !bytes.Contains(text, []byte("("+d.Name()+")")) {
				t.Errorf("%s is no picture of the card", d.Name())
			}
		}
		return nil
	})
	if err != nil || shown == 0 {
		t.Errorf("%d plots, %v", shown, err)
	}
}

// TestE2EEvaluateOddFolders: what cannot be measured is said before the first
// photo is, without the name of a person.
func TestE2EEvaluateOddFolders(t *testing.T) {
	models, missing := testModels()
	if missing != "" {
		loudSkip(t, missing)
	}
	made := func(change func(dir string) error) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "east", "Zwiebelkuchen"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	photo := func(dir string) string { return filepath.Join(dir, "east", "Zwiebelkuchen", "1.jpg") }
	for name, c := range map[string]struct{ dir, want string }{
		"missing":     {filepath.Join(t.TempDir(), "none"), "no such file"},
		"no photos":   {made(func(string) error { return nil }), "no photo <group>/<person>/<photo>.jpg"},
		"broken link": {made(func(dir string) error { return os.Symlink("nowhere", photo(dir)) }), `group "east", photo 1 in the order of names: no such file`},
		"circle":      {made(func(dir string) error { return os.Symlink("1.jpg", photo(dir)) }), "too many levels of symbolic links"},
		"all refused": {made(func(dir string) error { return os.WriteFile(photo(dir), []byte("text"), 0o600) }), "no photo gave a template"},
		"group name":  {made(func(dir string) error { return os.Mkdir(filepath.Join(dir, "a|b"), 0o700) }), "without |"},
		"wrong exclude": {made(func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "exclude.csv"), []byte("a,b,c\n"), 0o600)
		}), "no photo <group>"},
	} {
		_, stderr, err := vigieRun(t, "evaluate", "faces", c.dir, "--models", models)
		if err == nil || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "Zwiebelkuchen") {
			t.Errorf("%s: %v, %s", name, err, stderr)
		}
	}
}
