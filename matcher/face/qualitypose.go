package face

import (
	"image"
	"math"
)

// Proportions of the mean face of OpenFace's 3D point distribution model of 68
// landmarks ("in the wild"), in distances between the eye centres, which are the
// midpoints of the corners of each eye: the base of the nose lies noseDepth
// before the plane of the eyes, and the chin eyeChin below them.
const (
	noseDepth = 0.44
	eyeChin   = 1.76
)

// pose is what five landmarks tell of how a face is held and framed.
//
// They don't tell the pitch: how far the base of the nose lies below the eyes
// depends more on the person than on the pitch (DESIGN.md has the spread). The
// chin is not among them either, so that lengths down to it are those of a mean
// face.
type pose struct {
	// eyes is the distance between the eye centres as seen, in pixels of the photo
	// as sent; it shrinks with the cosine of the yaw.
	eyes float64
	// yaw is the turn to the side, in degrees, positive towards the right of the
	// photo; roll the lean of the line of the eyes, positive clockwise.
	yaw, roll float64
	// left and right are the distances of the eye centres from the sides of the
	// photo next to them, in distances between the eyes. above and below are those
	// of the midpoint of the eyes from the upper and the lower edge, in lengths
	// from the eyes to the chin; head is that length over the height of the photo.
	left, right, above, below, head float64
}

// poseOf takes the landmarks in the order of dlib.Aligned, in pixels of a view of
// a photo of w x h px.
func poseOf(points [5]image.Point, seen view, w, h int) pose {
	at := make([][2]float64, len(points))
	sx, sy := seen.scale()
	for i, p := range points {
		at[i] = [2]float64{float64(p.X)*sx + float64(seen.part.Min.X), float64(p.Y)*sy + float64(seen.part.Min.Y)}
	}
	middle := func(a, b [2]float64) [2]float64 { return [2]float64{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2} }
	right, left := middle(at[0], at[1]), middle(at[2], at[3])
	mid, nose := middle(left, right), at[4]
	dx, dy := right[0]-left[0], right[1]-left[1]
	p := pose{eyes: math.Hypot(dx, dy)}
	if p.eyes == 0 {
		return p
	}
	p.roll = degrees(math.Atan2(dy, dx))
	// The base of the nose moves along the line of the eyes by noseDepth*sin(yaw),
	// and what is measured in is the eyes' distance as seen, cos(yaw).
	along := ((nose[0]-mid[0])*dx + (nose[1]-mid[1])*dy) / (p.eyes * p.eyes)
	p.yaw = degrees(math.Atan(along / noseDepth))
	chin := eyeChin * p.eyes / math.Cos(p.yaw*math.Pi/180)
	p.left, p.right = left[0]/p.eyes, (float64(w)-right[0])/p.eyes
	p.above, p.below = mid[1]/chin, (float64(h)-mid[1])/chin
	p.head = chin / float64(h)
	return p
}

// between is the distance between the eyes corrected for the yaw, as ISO/IEC
// 29794-5 has it.
func (p pose) between() float64 { return p.eyes / math.Cos(p.yaw*math.Pi/180) }

func degrees(radians float64) float64 { return radians * 180 / math.Pi }
