package onnx

import (
	"image"
	"math"
	"testing"

	"vigie/models"
)

var template = models.RecipeAlignment{LeftEye: [2]float64{38.29, 51.70}, RightEye: [2]float64{73.53, 51.50}, NoseBase: [2]float64{56.05, 79}}

// The similarity is recovered from points that fit it exactly.
func TestFit(t *testing.T) {
	want := similarity{a: 1.7, b: -0.4, tx: 12, ty: -7}
	from := [3][2]float64{template.LeftEye, template.RightEye, template.NoseBase}
	var to [3][2]float64
	for i, p := range from {
		to[i] = [2]float64{want.a*p[0] - want.b*p[1] + want.tx, want.b*p[0] + want.a*p[1] + want.ty}
	}
	got, err := fit(from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []float64{got.a - want.a, got.b - want.b, got.tx - want.tx, got.ty - want.ty} {
		if math.Abs(d) > 1e-9 {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	if _, err := fit(from, [3][2]float64{{5, 5}, {5, 5}, {5, 5}}); err == nil {
		t.Error("three landmarks in one place span a face")
	}
}

// A face whose landmarks lie on the template, scaled and moved, is cut so that
// they lie on the template.
func TestAlign(t *testing.T) {
	const scale = 3
	p := Picture{make([]byte, 3*500*450), 500, 450}
	for y := range p.H {
		for x := range p.W {
			at := p.Pix[3*(y*p.W+x):]
			at[0], at[1], at[2] = byte(x/2), byte(y/2), 7
		}
	}
	point := func(q [2]float64, dx int) image.Point {
		return image.Pt(int(math.Round(scale*q[0]))+40+dx, int(math.Round(scale*q[1]))+30)
	}
	points := [5]image.Point{
		point(template.RightEye, 12), point(template.RightEye, -12), point(template.LeftEye, -12), point(template.LeftEye, 12),
		point(template.NoseBase, 0),
	}
	c, err := Align(template, p, points)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range [][2]int{{38, 52}, {74, 52}, {56, 79}, {20, 100}} {
		got := c[3*(q[1]*Side+q[0]):][:3]
		wantX, wantY := float64(scale*q[0]+40)/2, float64(scale*q[1]+30)/2
		if math.Abs(float64(got[0])-wantX) > 1.5 || math.Abs(float64(got[1])-wantY) > 1.5 || got[2] != 7 {
			t.Errorf("pixel %v shows %v, not %.0f %.0f 7", q, got, wantX, wantY)
		}
	}
	m := c.Mirror()
	if m[3*(5*Side+10)] != c[3*(5*Side+Side-11)] || *m.Mirror() != *c {
		t.Error("the mirror image is not the chip's")
	}
	// Far outside of the picture there is nothing.
	for i := range points {
		points[i] = points[i].Add(image.Pt(5000, 0))
	}
	if c, err = Align(template, p, points); err != nil || *c != (Chip{}) {
		t.Errorf("a face outside of the picture is not black, %v", err)
	}
}

// Channels, layout and scaling are the recipe's.
func TestFill(t *testing.T) {
	c := new(Chip)
	c[3*(2*Side+1)], c[3*(2*Side+1)+2] = 130, 40 // red and blue of column 1, row 2
	for _, tc := range []struct {
		in        models.RecipeInput
		red, blue int
	}{
		{models.RecipeInput{Channels: "rgb", Layout: "nchw"}, 2*Side + 1, 2*Side*Side + 2*Side + 1},
		{models.RecipeInput{Channels: "bgr", Layout: "nchw"}, 2*Side*Side + 2*Side + 1, 2*Side + 1},
		{models.RecipeInput{Channels: "rgb", Layout: "nhwc"}, 3 * (2*Side + 1), 3*(2*Side+1) + 2},
		{models.RecipeInput{Channels: "bgr", Layout: "nhwc"}, 3*(2*Side+1) + 2, 3 * (2*Side + 1)},
	} {
		tc.in.Subtract, tc.in.Divide = 30, 2
		tensor := make([]float32, len(c))
		c.fill(tensor, tc.in)
		if tensor[tc.red] != 50 || tensor[tc.blue] != 5 || tensor[len(tensor)-1] != -15 {
			t.Errorf("%+v: red %v, blue %v, black %v", tc.in, tensor[tc.red], tensor[tc.blue], tensor[len(tensor)-1])
		}
	}
}

func TestMean(t *testing.T) {
	a, b := []float32{3, 0}, []float32{0, 1}
	if got := Mean("l2", a, b); math.Abs(float64(got[0])-math.Sqrt(0.5)) > 1e-7 || got[0] != got[1] {
		t.Errorf("the mean direction is %v", got)
	}
	if got := Mean("none", a, b); got[0] != 1.5 || got[1] != 0.5 {
		t.Errorf("the mean is %v", got)
	}
}
