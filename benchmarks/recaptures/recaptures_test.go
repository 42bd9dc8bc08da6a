package recaptures

import (
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"vigie/matcher/face/dlib"
)

// blob is a soft round patch, a face of sorts.
func blob() dlib.Pixels {
	p := dlib.NewPixels(320, 320)
	for y := range 320 {
		for x := range 320 {
			v := 200 * math.Exp(-(math.Pow(float64(x-160), 2)+math.Pow(float64(y-160), 2))/20000)
			copy(p.Pix[3*(y*320+x):], []byte{byte(v + 30), byte(0.8*v + 30), byte(0.6*v + 30)})
		}
	}
	return p
}

// A coarse raster shows as peaks and, on a screen, as grain; the picture itself has
// neither, and what it shows comes through the camera.
func TestMeasure(t *testing.T) {
	box := image.Rect(100, 100, 220, 220)
	cues := map[string][]float64{}
	for _, c := range captures(blob(), 1) {
		if c.err != nil {
			t.Fatal(c.err)
		}
		var ok bool
		if cues[c.from], ok = Measure(c.picture, box); !ok || len(cues[c.from]) != len(cueNames) {
			t.Fatalf("%s: %v", c.from, cues[c.from])
		}
		if at := 3 * (c.picture.H/2*c.picture.W + c.picture.W/2); c.from == studio && math.Abs(float64(c.picture.Pix[at])-230) > 8 {
			t.Errorf("the middle has level %d, want 230", c.picture.Pix[at])
		}
	}
	if len(cues) != 2*(1+len(attacks)) {
		t.Fatalf("%d pictures", len(cues))
	}
	for _, name := range []string{"print, cells of 3 px", "screen, pixels of 2.3 px"} {
		if cues[name][0] < cues[studio][0]+1 {
			t.Errorf("%s: moire %.2f, without a raster %.2f", name, cues[name][0], cues[studio][0])
		}
	}
	if _, ok := Measure(dlib.NewPixels(window-1, window), box); ok {
		t.Error("a picture smaller than the window was measured")
	}
}

func TestLimits(t *testing.T) {
	var scores []float64
	for i := range 100 {
		scores = append(scores, float64(i))
	}
	for share, want := range map[float64]float64{0: 0, 0.01: 0.01, 0.05: 0.05} {
		if got := above(scores, limitAt(scores, share)); got != want {
			t.Errorf("%.2f: %.3f lie above", share, got)
		}
	}
	if limitAt(nil, 0.5) != 0 {
		t.Error("a limit of nothing")
	}
}

// The worst group sets the limit, so none is doubted more than the share.
func TestJudge(t *testing.T) {
	var samples []sample
	add := func(from string, attack bool, base float64) {
		for i := range 100 {
			samples = append(samples, sample{from: from, attack: attack, cues: []float64{base + float64(i)}})
		}
	}
	add(studio, false, 0)
	add("west", false, 50)
	add("screen", true, 100)
	c := judge(samples, func(s sample) float64 { return s.cues[0] })
	at := c.At["5%"]
	if at.BPCER["west"] != 0.05 || at.BPCER[studio] != 0 || math.Abs(at.APCER["screen"]-0.45) > 1e-9 || c.Studio["5%"]["west"] != 0.55 {
		t.Errorf("%+v", c)
	}
}

func TestDiscriminant(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var samples []sample
	for i := range 400 {
		s := sample{from: "real", attack: i%2 == 0, cues: make([]float64, len(cueNames))}
		for k := range s.cues {
			s.cues[k] = rng.NormFloat64()
		}
		if s.attack {
			s.from = "screen"
			s.cues[1] += 3
		}
		samples = append(samples, s)
	}
	w, err := discriminant(samples)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range w {
		if k != 1 && math.Abs(v) > w[1]/4 {
			t.Errorf("weights %v: only the second cue tells", w)
		}
	}
	if _, err := discriminant(samples[:1]); err == nil {
		t.Error("fitted on attacks alone")
	}
}

func TestMarkdown(t *testing.T) {
	r := Report{BonaFide: map[string]int{"west_african": 10}, Attacks: map[string]int{"screen": 5}, Cues: map[string]Cue{"moire": {
		At:     map[string]Limit{"1%": {APCER: map[string]float64{"screen": 0.5}}, "5%": {APCER: map[string]float64{"screen": 0.25}}},
		Studio: map[string]map[string]float64{"1%": {"west_african": 0.3}},
	}}}
	text := r.Markdown()
	for _, want := range []string{"| screen | 5 | 50 / 25 % |", "| west african | 10 | 30 / 0 % |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
