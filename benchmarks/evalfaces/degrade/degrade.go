package degrade

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
)

// Step is one way and degree of making a photo worse.
type Step struct {
	// Kind is one of the constants below, Degree its degree in the kind's unit.
	Kind   string  `json:"kind"`
	Degree float64 `json:"degree"`
}

// The kinds of Step.
const (
	Blur  = "blur"  // Gaussian; standard deviation, % of the distance of the eyes
	Noise = "noise" // Gaussian, each channel for itself; standard deviation, levels of 255
	JPEG  = "jpeg"  // quality of the compression, 1 to 100
	Gamma = "gamma" // exponent: above 1 darker, below 1 brighter
	Eyes  = "eyes"  // at most so many pixels between the eyes, by shrinking
	Yaw   = "yaw"   // degrees by which the picture is turned around its upright axis
)

// Steps are those that are measured, mild ones first within a kind.
func Steps() []Step {
	return []Step{
		{Blur, 3},
		{Blur, 6},
		{Blur, 10},
		{Noise, 10},
		{Noise, 20},
		{Noise, 40},
		{JPEG, 40},
		{JPEG, 20},
		{JPEG, 10},
		{Gamma, 0.4},
		{Gamma, 2.5},
		{Eyes, 40},
		{Eyes, 32},
		{Eyes, 24},
		{Yaw, 15},
		{Yaw, 25},
		{Yaw, 35},
	}
}

// keptQuality is the JPEG quality of a degraded photo, high enough to add little;
// Apply with no Step shows what it adds.
const keptQuality = 95

// String writes the step as in "blur 3".
func (s Step) String() string { return fmt.Sprintf("%s %g", s.Kind, s.Degree) }

// Apply makes an upright JPEG worse, in which the eyes lie interEye pixels apart,
// and gives it as a JPEG. The zero Step only compresses it again, as all others do.
// Noise is drawn from seed.
func (s Step) Apply(photo []byte, interEye float64, seed uint64) ([]byte, error) {
	img, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("degrade: %w", err)
	}
	if interEye <= 0 {
		return nil, fmt.Errorf("degrade: the eyes lie %g pixels apart", interEye)
	}
	p := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(p, p.Bounds(), img, img.Bounds().Min, draw.Src)
	quality := keptQuality
	switch s.Kind {
	case "":
	case Blur:
		p = blur(p, s.Degree/100*interEye)
	case Noise:
		noise(p, s.Degree, seed)
	case JPEG:
		quality = int(s.Degree)
	case Gamma:
		gamma(p, s.Degree)
	case Eyes:
		p = shrink(p, s.Degree/interEye)
	case Yaw:
		p = yaw(p, s.Degree)
	default:
		return nil, fmt.Errorf("degrade: no kind %q", s.Kind)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("degrade: %w", err)
	}
	return out.Bytes(), nil
}
