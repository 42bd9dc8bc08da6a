package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigie/api/client"
	"vigie/cluster/clustertest"
)

// TestE2EQuality spoils a portrait in every way that the gate knows and asks a
// running node what it thinks of it.
func TestE2EQuality(t *testing.T) {
	models, faces := needFaces(t)
	portrait := readPicture(t, filepath.Join(faces, "profile-picture-1.jpg"))
	c := startNodes(t, clustertest.Options{Nodes: 1, Faces: true, ModelsDir: models})
	dir := t.TempDir()
	file := func(name string, m image.Image) string {
		return writeFile(t, filepath.Join(dir, name+".jpg"), jpegBytes(t, m))
	}
	v := newCLI(t, c)
	good := judge(t, v, exitOK, file("good", portrait))
	if good.Quality.InterEyePx < 30 || len(good.Quality.Components) < 10 || good.Quality.Measures == "" {
		t.Fatalf("the portrait itself: %+v", good)
	}
	small := shrunk(portrait, 12/good.Quality.InterEyePx)
	for _, x := range []struct {
		name  string
		photo image.Image
		// any of these is right: refusals of the photo, or flags of one taken
		codes, flags []string
	}{
		{"small", small, []string{"face_too_small", "no_face"}, nil},
		{"blur", shrunk(shrunk(portrait, 11/good.Quality.InterEyePx), good.Quality.InterEyePx/11), []string{"face_too_blurred", "no_face"}, []string{"blurred"}},
		{"dark", lit(portrait, func(float64) float64 { return 0.02 }), []string{"no_face"}, []string{"clipped_dark"}},
		{"white", lit(portrait, func(float64) float64 { return 30 }), []string{"face_overexposed", "no_face"}, []string{"clipped_bright"}},
		{"side", lit(portrait, func(x float64) float64 { return 1 / (1 + math.Exp((x-0.5)*40)) }), []string{"no_face"}, []string{"side_lit"}},
		{"tilted", leaning(portrait, 35), []string{"no_face"}, []string{"tilted"}},
		{"nobody", image.NewGray(image.Rect(0, 0, 300, 300)), []string{"no_face"}, nil},
	} {
		path := file(x.name, x.photo)
		got := judge(t, v, -1, path)
		hit := func(f string) bool { return slices.Contains(got.Quality.Flags, f) }
		if got.Accepted && !slices.ContainsFunc(x.flags, hit) || !got.Accepted && !slices.Contains(x.codes, got.Code) {
			t.Errorf("%s: %s, flags %v", x.name, got.Code, got.Quality.Flags)
		}
		if got.Advice.Fr == "" || got.Advice.En == "" || got.Advice.Pt == "" {
			t.Errorf("%s: advice %+v", x.name, got.Advice)
		}
		t.Logf("%-7s %s %v: %s", x.name, got.Code, got.Quality.Flags, got.Advice.Fr)
		// A search says the same, as a problem.
		kind, body := multipartBody(t, `{"purpose":"test","reason":"end-to-end test"}`, jpegBytes(t, x.photo))
		r := call(t, c, 0, "POST", "/v1/match", body, "Content-Type", kind)
		if !got.Accepted && (r.status != 422 || r.code() != got.Code || !strings.Contains(string(r.body), `"advice"`)) || got.Accepted && r.status != 200 {
			t.Errorf("%s: a search is answered by %d %s", x.name, r.status, r.code())
		}
	}
	// More is asked of a photo that is kept.
	path := file("middling", shrunk(portrait, 34/good.Quality.InterEyePx))
	kept := judge(t, v, exitOK, path, "--enrol")
	if !slices.Contains(kept.Quality.Flags, "low_quality_reference") || kept.Use != "reference" {
		t.Errorf("a small reference: %+v", kept.Quality.Flags)
	}
	v.has(v.ok("photo", "check", path, "--enrol"), "accepted", "low_resolution", "Approchez.", "inter_eye_distance")
	v.has(v.ok("photo", "check", path, "--enrol", "--lang", "pt"), "Aproxime-se.")
	v.fails(exitUsage, "--lang", "photo", "check", path, "--lang", "xx")
	v.fails(exitUsage, "--face goes with one photo", "photo", "check", path, path, "--face", "1,2,30,40")
}

// judge runs photo check on a file; exit is the code wanted, -1 for that of the
// verdict.
func judge(t *testing.T, v *cli, exit int, path string, flags ...string) client.PhotoVerdict {
	t.Helper()
	code, out, errs := v.run(t.Context(), "", append([]string{"photo", "check", path, "--json"}, flags...)...)
	var all []photoChecked
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
		t.Fatalf("photo check: exit %d, %v\n%s%s", code, err, out, errs)
	}
	if exit < 0 {
		exit = map[bool]int{true: exitOK, false: exitFailure}[all[0].Verdict.Accepted]
	}
	if code != exit {
		t.Errorf("exit %d, want %d: %s", code, exit, all[0].Verdict.Code)
	}
	return all[0].Verdict
}

func readPicture(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// drawn makes a picture of w x h px, each from a place of m.
func drawn(m image.Image, w, h int, from func(x, y int) (float64, float64), light func(x float64) float64) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	b := m.Bounds()
	at := func(x, y int) (r, g, b2 float64) {
		c := color.NRGBAModel.Convert(m.At(b.Min.X+min(max(x, 0), b.Dx()-1), b.Min.Y+min(max(y, 0), b.Dy()-1))).(color.NRGBA)
		return float64(c.R), float64(c.G), float64(c.B)
	}
	for y := range h {
		for x := range w {
			fx, fy := from(x, y)
			x0, y0 := int(math.Floor(fx)), int(math.Floor(fy))
			px, py := fx-float64(x0), fy-float64(y0)
			var sum [3]float64
			for _, k := range [4][3]float64{{0, 0, (1 - px) * (1 - py)}, {1, 0, px * (1 - py)}, {0, 1, (1 - px) * py}, {1, 1, px * py}} {
				r, g, b2 := at(x0+int(k[0]), y0+int(k[1]))
				sum[0], sum[1], sum[2] = sum[0]+k[2]*r, sum[1]+k[2]*g, sum[2]+k[2]*b2
			}
			gain := math.Pow(light(float64(x)/float64(w)), 1/2.2)
			level := func(v float64) uint8 { return uint8(min(v*gain, 255)) }
			out.SetRGBA(x, y, color.RGBA{level(sum[0]), level(sum[1]), level(sum[2]), 255})
		}
	}
	return out
}

func asIs(float64) float64 { return 1 }

// shrunk scales; to less than half by halves, so that nothing is skipped.
func shrunk(m image.Image, by float64) image.Image {
	for by < 0.5 {
		m, by = shrunk(m, 0.5), 2*by
	}
	b := m.Bounds()
	return drawn(m, max(int(float64(b.Dx())*by), 1), max(int(float64(b.Dy())*by), 1),
		func(x, y int) (float64, float64) { return (float64(x)+0.5)/by - 0.5, (float64(y)+0.5)/by - 0.5 }, asIs)
}

// lit changes the light from left (0) to right (1).
func lit(m image.Image, light func(x float64) float64) image.Image {
	b := m.Bounds()
	return drawn(m, b.Dx(), b.Dy(), func(x, y int) (float64, float64) { return float64(x), float64(y) }, light)
}

// leaning turns by an angle in degrees.
func leaning(m image.Image, angle float64) image.Image {
	b := m.Bounds()
	sin, cos := math.Sincos(angle * math.Pi / 180)
	cx, cy := float64(b.Dx())/2, float64(b.Dy())/2
	return drawn(m, b.Dx(), b.Dy(), func(x, y int) (float64, float64) {
		dx, dy := float64(x)-cx, float64(y)-cy
		return cx + cos*dx + sin*dy, cy - sin*dx + cos*dy
	}, asIs)
}
