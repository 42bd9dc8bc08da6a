package face

import (
	"errors"
	"image"
	"math"
	"slices"
	"testing"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// frontal are landmarks of an upright face whose eyes are 60 px apart, at (170,
// 150) and (230, 150).
func frontal() [5]image.Point {
	return [5]image.Point{{245, 150}, {215, 150}, {155, 150}, {185, 150}, {200, 190}}
}

func viewOf(w, h int) view { return view{rgb{dlib.Pixels{W: w, H: h}}, image.Rect(0, 0, w, h)} }

func about(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by {
		t.Errorf("%s is %f, want %f", what, got, want)
	}
}

func TestPose(t *testing.T) {
	p := poseOf(frontal(), viewOf(400, 300), 400, 300)
	about(t, "distance", p.eyes, 60, 1e-9)
	about(t, "yaw", p.yaw, 0, 1e-9)
	about(t, "left margin", p.left, 170.0/60, 1e-9)
	about(t, "right margin", p.right, 170.0/60, 1e-9)
	about(t, "room above", p.above, 150/(eyeChin*60), 1e-9)
	about(t, "head", p.head, eyeChin*60/300, 1e-9)

	turned := frontal()
	turned[4].X += 15 // a quarter of the distance between the eyes
	p = poseOf(turned, viewOf(400, 300), 400, 300)
	about(t, "yaw", p.yaw, degrees(math.Atan(0.25/noseDepth)), 1e-9)
	if p.between() <= p.eyes {
		t.Error("the eyes of a turned face are not further apart than they look")
	}

	leaning := frontal()
	leaning[0].Y, leaning[1].Y = 180, 180 // the eye on the right is lower
	p = poseOf(leaning, viewOf(400, 300), 400, 300)
	about(t, "roll", p.roll, degrees(math.Atan2(30, 60)), 1e-9)

	// A part of the photo at half the size tells the same.
	part := view{rgb{dlib.Pixels{W: 100, H: 75}}, image.Rect(100, 100, 300, 250)}
	var seen [5]image.Point
	for i, q := range frontal() {
		seen[i] = q.Sub(image.Pt(100, 100)).Div(2)
	}
	p = poseOf(seen, part, 400, 300)
	about(t, "distance", p.eyes, 60, 2)
	about(t, "left margin", p.left, 170.0/60, 0.1)
	if p := poseOf([5]image.Point{}, viewOf(10, 10), 10, 10); p.eyes != 0 || p.yaw != 0 {
		t.Errorf("points that coincide give %+v", p)
	}
}

// skin is a drawn chip whose face reflects so much of the light; left and right
// of the nose the light has the given strengths.
func skin(reflects, left, right float64) dlib.Pixels {
	chip := dlib.NewPixels(dlib.ChipSide, dlib.ChipSide)
	for y := range chip.H {
		for x := range chip.W {
			l := left
			if x > faceX {
				l = right
			}
			texture := 1 + 0.15*math.Sin(float64(x)/2)*math.Cos(float64(y)/3) + 0.05*math.Sin(float64(x*y))
			v := 255 * math.Pow(min(reflects*l*texture, 1), 1/2.2)
			i := 3 * (y*chip.W + x)
			chip.Pix[i], chip.Pix[i+1], chip.Pix[i+2] = uint8(v), uint8(v), uint8(v)
		}
	}
	return chip
}

// The same scene with skins that reflect from 60 to 3 % of the light: no outcome
// may differ, of a good photo or a bad one.
func TestNoOutcomeDependsOnSkin(t *testing.T) {
	p := poseOf(frontal(), viewOf(400, 300), 400, 300)
	for name, light := range map[string][2]float64{"even": {1, 1}, "side": {1, 0.1}} {
		for _, b := range []bar{probeBar, enrolBar} {
			var first []string
			for i, reflects := range []float64{0.6, 0.4, 0.25, 0.15, 0.08, 0.05, 0.03} {
				q := qualityOf(p, lightOf(skin(reflects, light[0], light[1])))
				flags, err := b.judge(&q)
				if err != nil {
					t.Errorf("%s light, skin %.2f: %v", name, reflects, err)
				}
				flags = slices.DeleteFunc(flags, func(f string) bool { return f == watchlist.FlagDark && name == "side" })
				if i == 0 {
					first = flags
				}
				if !slices.Equal(flags, first) {
					t.Errorf("%s light, skin %.2f: flags %v, of the lightest skin %v", name, reflects, flags, first)
				}
			}
			if has := slices.Contains(first, watchlist.FlagSideLit); has != (name == "side") {
				t.Errorf("%s light: flags %v", name, first)
			}
		}
	}
}

func TestSharpnessFallsWithBlurAndNotWithLight(t *testing.T) {
	chip := skin(0.4, 1, 1)
	sharp := lightOf(chip).sharpness
	dim := lightOf(skin(0.1, 1, 1)).sharpness
	about(t, "sharpness of darker skin", dim/sharp, 1, 0.1)
	soft := rgb{chip}.resize(50, 50).resize(150, 150)
	if blurred := lightOf(soft.Pixels).sharpness; blurred > sharp/2 {
		t.Errorf("blurred %f, sharp %f", blurred, sharp)
	}
	if s := lightOf(dlib.NewPixels(150, 150)).sharpness; s != 0 {
		t.Errorf("a black chip has sharpness %f", s)
	}
}

func TestJudge(t *testing.T) {
	good := qualityOf(poseOf(frontal(), viewOf(400, 300), 400, 300), lightOf(skin(0.4, 1, 1)))
	if flags, err := Verdict(good, true); err != nil || len(flags) != 0 {
		t.Fatalf("a good photo: %v %v", flags, err)
	}
	change := func(component string, v float64) func(*watchlist.FaceQuality) {
		return func(q *watchlist.FaceQuality) {
			for i := range q.Components {
				if q.Components[i].Name == component {
					q.Components[i].Value = v
				}
			}
		}
	}
	for _, c := range []struct {
		name             string
		change           func(*watchlist.FaceQuality)
		probe, reference string // the first flag, or the code of the refusal
	}{
		{"small", func(q *watchlist.FaceQuality) { q.InterEye = 15 }, watchlist.FaceTooSmall, watchlist.FaceTooSmall},
		{"smaller than kept", func(q *watchlist.FaceQuality) { q.InterEye = 18 }, watchlist.FlagLowResolution, watchlist.FaceTooSmall},
		{"fair size", func(q *watchlist.FaceQuality) { q.InterEye = 40 }, "", watchlist.FlagLowResolution},
		{"blurred", func(q *watchlist.FaceQuality) { q.Sharpness = 0.05 }, watchlist.FaceTooBlurred, watchlist.FaceTooBlurred},
		{"soft", func(q *watchlist.FaceQuality) { q.Sharpness = 0.12 }, "", watchlist.FlagBlurred},
		{"turned away", change(watchlist.ComponentYaw, -50), watchlist.FaceTurnedAway, watchlist.FaceTurnedAway},
		{"turned", change(watchlist.ComponentYaw, 25), "", watchlist.FlagTurned},
		{"white", func(q *watchlist.FaceQuality) { q.Bright = 0.55 }, watchlist.FlagBright, watchlist.FaceOverexposed},
		{"black", func(q *watchlist.FaceQuality) { q.Dark = 0.95 }, watchlist.FlagDark, watchlist.FlagDark},
		{"side light", change(watchlist.ComponentUniformity, 0.15), "", watchlist.FlagSideLit},
		{"leaning", change(watchlist.ComponentRoll, -30), watchlist.FlagTilted, watchlist.FlagTilted},
		{"at the edge", change(watchlist.ComponentRightMargin, 0.4), watchlist.FlagCropped, watchlist.FlagCropped},
	} {
		for _, reference := range []bool{false, true} {
			q := good
			q.Components = slices.Clone(good.Components)
			c.change(&q)
			flags, err := Verdict(q, reference)
			got, want := "", c.probe
			if reference {
				want = c.reference
			}
			var fe *watchlist.FaceError
			switch {
			case errors.As(err, &fe):
				got = fe.Code
				if fe.Measure == nil || fe.Measure.Component == "" || fe.Measure.Limit == 0 {
					t.Errorf("%s: measure %+v", c.name, fe.Measure)
				}
			case len(flags) > 0:
				got = flags[0]
			}
			if got != want {
				t.Errorf("%s, reference %v: %q, want %q", c.name, reference, got, want)
			}
		}
	}
	low := good
	low.InterEye = 30
	if flags, _ := Verdict(low, true); !slices.Contains(flags, watchlist.FlagLowQualityReference) {
		t.Errorf("30 px between the eyes: %v", flags)
	}
	low.Measures = "other/1"
	if flags, err := Verdict(low, true); flags != nil || err != nil {
		t.Errorf("measured by other formulas: %v %v", flags, err)
	}
}

func TestComponentScoresAreBounded(t *testing.T) {
	for _, p := range []pose{{}, {eyes: 1e4, yaw: 89, roll: 170, left: -3, right: 99, above: -1, below: 50, head: 9}} {
		for _, l := range []light{{}, {dark: 1, bright: 1, mean: 1, variance: 0.25, entropy: 8, overlap: 1, sharpness: 1e6}} {
			for _, c := range componentsOf(p, l) {
				if c.Score < 0 || c.Score > 100 || math.IsNaN(c.Value) {
					t.Errorf("%+v", c)
				}
			}
		}
	}
}
