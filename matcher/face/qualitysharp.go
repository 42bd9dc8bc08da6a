package face

import "math"

// sharpness is how much of the contrast of the face in the chip is fine: the
// variance of the 4-neighbour Laplacian over the mean square of the gradient
// (central differences), both in luma. It has no unit. A face that reflects half
// the light has the same sharpness, which the variance of the Laplacian alone has
// not: that one falls to a quarter.
func (p plane) sharpness() float64 {
	var sum, squares, gradients, n float64
	for y := 1; y < p.h-1; y++ {
		above, row, below := p.row(y-1), p.row(y), p.row(y+1)
		for x := 1; x < p.w-1; x++ {
			if !inFace(x, y) {
				continue
			}
			l, r, u, d := int(row[x-1]), int(row[x+1]), int(above[x]), int(below[x])
			v := float64(l + r + u + d - 4*int(row[x]))
			sum += v
			squares += v * v
			gradients += float64((r-l)*(r-l) + (d-u)*(d-u))
			n++
		}
	}
	if gradients == 0 {
		return 0
	}
	mean := sum / n
	return (squares/n - mean*mean) / (gradients / n)
}

// sharpnessScore is this project's own: the reference implementation has a random
// forest for it. It gives 50 where a third of the contrast of a portrait of 1 px
// of blur is left.
func sharpnessScore(v float64) float64 {
	if v <= 0 {
		return 0
	}
	return 100 * sigmoid(math.Log2(v), math.Log2(0.15), 0.6)
}
