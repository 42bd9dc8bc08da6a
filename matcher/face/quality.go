package face

import (
	"math"

	"vigie/watchlist"
)

// limits is how much is asked of a photo. A value beyond a limit is a fault; 0
// means that there is no such limit.
type limits struct {
	interEye  float64 // least distance between the eyes, px of the photo as sent
	sharpness float64 // least
	dark      float64 // greatest share of the face that is clipped
	bright    float64
	overlap   float64 // least overlap of the cheeks' histograms
	yaw       float64 // greatest, degrees to either side
	roll      float64
	margin    float64 // least room beside the eyes, in distances between them
}

// bar is what is asked of one use of a photo: more of one that is kept for years.
type bar struct {
	// refuse are the limits beyond which a search would be a silent no-match, and
	// flag those beyond which the photo is taken with a word of advice.
	refuse, flag limits
	reference    bool
}

// DESIGN.md has the measurements that the limits rest on. No limit refuses for
// darkness, nor for light from the side: faces so photographed are still found.
var (
	probeBar = bar{
		refuse: limits{interEye: 16, sharpness: 0.06, bright: 0.6, yaw: 45},
		flag:   limits{interEye: 30, sharpness: 0.10, dark: 0.35, bright: 0.35, overlap: 0.1, yaw: 30, roll: 25, margin: 0.5},
	}
	enrolBar = bar{
		refuse: limits{interEye: 20, sharpness: 0.08, bright: 0.5, yaw: 45},
		flag:   limits{interEye: 60, sharpness: 0.15, dark: 0.20, bright: 0.20, overlap: 0.2, yaw: 20, roll: 15, margin: 0.9},

		reference: true,
	}
)

// poorInterEye is the least for a reference without FlagLowQualityReference.
const poorInterEye = 36

// weak tells of a reference that is held to a stricter threshold: the eyes are too
// close together, or two of five faults come together. Light from the side, a
// turned head and the frame are not among the five, on which that threshold was
// measured.
func (b bar) weak(q *watchlist.FaceQuality) bool {
	m := b.flag
	m.overlap, m.yaw, m.margin = 0, 0, 0
	return q.InterEye < poorInterEye || len(m.faults(q)) >= 2
}

// fault is a limit that a photo misses.
type fault struct {
	// refusal is the code of the photo's refusal, "" where none is given for it,
	// and flag that of its flag.
	refusal, flag string
	measure       watchlist.FaceMeasure
}

// faults gives what misses a limit, what helps most first: nothing else can be
// mended while the face is too small or turned away, and bad light blurs.
func (m limits) faults(q *watchlist.FaceQuality) []fault {
	value := func(component string) float64 {
		c, _ := q.Component(component)
		return math.Abs(c.Value)
	}
	side := watchlist.ComponentLeftMargin
	if value(watchlist.ComponentRightMargin) < value(side) {
		side = watchlist.ComponentRightMargin
	}
	type rule struct {
		refusal, flag string
		component     string
		value, limit  float64
		most          bool // the limit is the greatest value, else the least
	}
	var out []fault
	for _, r := range []rule{
		{watchlist.FaceTooSmall, watchlist.FlagLowResolution, watchlist.ComponentInterEye, q.InterEye, m.interEye, false},
		{watchlist.FaceTurnedAway, watchlist.FlagTurned, watchlist.ComponentYaw, value(watchlist.ComponentYaw), m.yaw, true},
		{"", watchlist.FlagDark, watchlist.ComponentUnderExposure, q.Dark, m.dark, true},
		{watchlist.FaceOverexposed, watchlist.FlagBright, watchlist.ComponentOverExposure, q.Bright, m.bright, true},
		{watchlist.FaceTooBlurred, watchlist.FlagBlurred, watchlist.ComponentSharpness, q.Sharpness, m.sharpness, false},
		{"", watchlist.FlagSideLit, watchlist.ComponentUniformity, value(watchlist.ComponentUniformity), m.overlap, false},
		{"", watchlist.FlagTilted, watchlist.ComponentRoll, value(watchlist.ComponentRoll), m.roll, true},
		{"", watchlist.FlagCropped, side, value(side), m.margin, false},
	} {
		if r.limit > 0 && (r.most && r.value > r.limit || !r.most && r.value < r.limit) {
			out = append(out, fault{r.refusal, r.flag, watchlist.FaceMeasure{Component: r.component, Value: rounded(r.value), Limit: r.limit}})
		}
	}
	return out
}

// judge gives the flags of a face, and the refusal where it misses a limit that
// refuses.
func (b bar) judge(q *watchlist.FaceQuality) (flags []string, err error) {
	for _, f := range b.flag.faults(q) {
		flags = append(flags, f.flag)
	}
	if b.reference && b.weak(q) {
		flags = append(flags, watchlist.FlagLowQualityReference)
	}
	if missed := b.refuse.faults(q); len(missed) > 0 {
		return flags, errQuality(missed[0])
	}
	return flags, nil
}

// qualityOf is what was measured, without flags.
func qualityOf(p pose, l light) watchlist.FaceQuality {
	return watchlist.FaceQuality{
		InterEye: rounded(p.eyes), Sharpness: rounded(l.sharpness), Dark: rounded(l.dark), Bright: rounded(l.bright),
		Measures: qualityMeasures, Components: componentsOf(p, l),
	}
}

// Verdict judges what was measured of a face again, as of a probe or as of a
// reference, without the photo. The error is a *watchlist.FaceError. Quality that
// was measured by other formulas gives neither.
func Verdict(q watchlist.FaceQuality, reference bool) (flags []string, err error) {
	if q.Measures != qualityMeasures {
		return nil, nil
	}
	if reference {
		return enrolBar.judge(&q)
	}
	return probeBar.judge(&q)
}
