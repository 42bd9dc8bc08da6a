package face

import (
	"math"

	"vigie/watchlist"
)

// qualityMeasures names the formulas of this file and of what they are given.
// Whoever changes one changes the name: scores of two names are not comparable.
const qualityMeasures = "vigie-five-points/1"

// componentsOf scores what was measured, by the formulas of the reference
// implementation of ISO/IEC 29794-5 (OFIQ 1.0.3; BSI, MIT licence), from which
// names, constants and shapes are taken unless a line says otherwise.
func componentsOf(p pose, l light) []watchlist.QualityComponent {
	margin := func(x, least float64) float64 { return 100 * sigmoid(x, least, 0.1) }
	roll := cosDegrees(p.roll)
	yaw := cosDegrees(p.yaw)
	spread := 60 * l.variance
	all := []struct {
		name         string
		value, score float64
	}{
		{watchlist.ComponentInterEye, p.between(), 100 * sigmoid(p.between(), 70, 20)},
		{watchlist.ComponentSharpness, l.sharpness, sharpnessScore(l.sharpness)},
		{watchlist.ComponentYaw, p.yaw, 100 * yaw * yaw},
		{watchlist.ComponentRoll, p.roll, 100 * roll * roll},
		{watchlist.ComponentUniformity, l.overlap, 100 * math.Pow(l.overlap, 0.3)},
		{watchlist.ComponentUnderExposure, l.dark, 120 * (0.832 - sigmoid(l.dark, 0.92, 0.05))},
		{watchlist.ComponentOverExposure, l.bright, 1 / (l.bright + 0.01)},
		{watchlist.ComponentDynamicRange, l.entropy, 12.5 * l.entropy},
		{watchlist.ComponentLuminanceMean, l.mean, 100 * sigmoid(l.mean, 0.2, 0.05) * (1 - sigmoid(l.mean, 0.8, 0.05))},
		{watchlist.ComponentLuminanceVariance, l.variance, 100 * math.Sin(spread/(spread+1)*math.Pi)},
		{watchlist.ComponentHeadSize, p.head, 200 * (1 - sigmoid(math.Abs(p.head-0.45), 0, 0.05))},
		{watchlist.ComponentLeftMargin, p.left, margin(p.left, 0.9)},
		{watchlist.ComponentRightMargin, p.right, margin(p.right, 0.9)},
		{watchlist.ComponentUpMargin, p.above, margin(p.above, 1.4)},
		{watchlist.ComponentDownMargin, p.below, margin(p.below, 1.8)},
	}
	out := make([]watchlist.QualityComponent, len(all))
	for i, c := range all {
		out[i] = watchlist.QualityComponent{Name: c.name, Value: rounded(c.value), Score: whole(c.score)}
	}
	return out
}

func sigmoid(x, centre, width float64) float64 { return 1 / (1 + math.Exp((centre-x)/width)) }

// cosDegrees is the cosine of an angle in degrees, 0 beyond a right angle.
func cosDegrees(angle float64) float64 { return max(math.Cos(angle*math.Pi/180), 0) }

func whole(score float64) int { return int(math.Round(min(max(score, 0), 100))) }

// rounded keeps four digits after the point: more say nothing, and shorter numbers
// read better in a record that is kept for years.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }
