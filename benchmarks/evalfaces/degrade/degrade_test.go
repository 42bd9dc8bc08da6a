package degrade

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"
)

// chart is a picture with a sharp upright edge right of the middle, on grey.
func chart(t *testing.T) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 200, 120))
	for y := range 120 {
		for x := range 200 {
			v := uint8(60)
			if x >= 140 {
				v = 190
			}
			p.Set(x, y, color.RGBA{v, v, v, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pixel gives a step's result at a place, and its bytes.
func applied(t *testing.T, s Step, photo []byte) (at func(x, y int) float64, size image.Point, b []byte) {
	t.Helper()
	b, err := s.Apply(photo, 50, 1)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return func(x, y int) float64 {
		r, _, _, _ := img.At(x, y).RGBA()
		return float64(r >> 8)
	}, img.Bounds().Size(), b
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.1f, want %.1f", what, got, want)
	}
}

func TestSteps(t *testing.T) {
	photo := chart(t)
	plain, size, same := applied(t, Step{}, photo)
	near(t, "dark", plain(100, 60), 60, 3)
	near(t, "bright", plain(170, 60), 190, 3)

	// A blur of 10 % of 50 px has a standard deviation of 5 px: at one deviation from
	// the edge 84 % of the way is done.
	blurred, _, _ := applied(t, Step{Blur, 10}, photo)
	near(t, "one deviation left of the edge", blurred(134, 60), 60+0.16*130, 6)
	near(t, "far from the edge", blurred(100, 60), 60, 3)

	noisy, _, b := applied(t, Step{Noise, 20}, photo)
	var sum float64
	for x := 10; x < 110; x++ {
		for y := 10; y < 110; y++ {
			d := noisy(x, y) - 60
			sum += d * d
		}
	}
	near(t, "the noise", math.Sqrt(sum/1e4), 20, 6)
	if again, err := (Step{Noise, 20}).Apply(photo, 50, 1); err != nil || !bytes.Equal(again, b) {
		t.Errorf("one seed gives two pictures (%v)", err)
	}

	dark, _, _ := applied(t, Step{Gamma, 2.5}, photo)
	near(t, "gamma 2.5", dark(170, 60), 255*math.Pow(190.0/255, 2.5), 4)

	_, small, _ := applied(t, Step{Eyes, 25}, photo)
	if want := (image.Point{100, 60}); small != want {
		t.Errorf("eyes half as far apart: %v", small)
	}
	if _, kept, _ := applied(t, Step{Eyes, 80}, photo); kept != size {
		t.Errorf("enlarged to %v", kept)
	}
	if _, _, worse := applied(t, Step{JPEG, 10}, photo); len(worse) >= len(same) {
		t.Errorf("quality 10 takes %d bytes, 95 takes %d", len(worse), len(same))
	}
}

// Turned by 35 degrees the right half recedes: the edge 40 px right of the middle
// moves to 40*cos/(1 + 40*sin/800) px; above and below the plane is grey.
func TestYaw(t *testing.T) {
	turned, _, _ := applied(t, Step{Yaw, 35}, chart(t))
	sin, cos := math.Sincos(35 * math.Pi / 180)
	edge := 100 + 40*cos/(1+40*sin/800)
	near(t, "left of the edge", turned(int(edge)-4, 60), 60, 8)
	near(t, "right of the edge", turned(int(edge)+4, 60), 190, 8)
	near(t, "beside the picture", turned(3, 60), 128, 6)
}

func TestRefuses(t *testing.T) {
	photo := chart(t)
	for name, err := range map[string]error{
		"no picture": second(Step{}.Apply([]byte("text"), 50, 1)),
		"no eyes":    second(Step{Blur, 3}.Apply(photo, 0, 1)),
		"no kind":    second(Step{"fog", 3}.Apply(photo, 50, 1)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	kinds := map[string]bool{}
	for _, s := range Steps() {
		kinds[s.Kind] = true
	}
	if len(kinds) != 6 {
		t.Errorf("kinds %v", kinds)
	}
}

func second(_ []byte, err error) error { return err }
