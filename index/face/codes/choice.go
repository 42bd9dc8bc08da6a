package codes

const (
	// sampleRows of a chunk are tried with plane A alone while both are read.
	sampleRows = 2 * Lanes
	// Plane A alone saves 22 of 44 bytes a row, about as much time as level 2
	// takes for two rows in a hundred.
	leaveA = 0.02
	enterA = 0.01
	window = 8192 // rows that the running share is taken over
)

// choice tells which planes level 1 should read. It follows the share of rows
// that pass in plane A alone: measured where that is what is read, sampled where
// it is not. Two thresholds keep it from swinging. Results do not depend on it.
type choice struct {
	alone bool
	known bool
	share float64
}

func (c *choice) planeA() bool { return c.alone }

// saw takes note of n of rows that passed in plane A.
func (c *choice) saw(rows, n int) {
	c.blend(rows, n)
	if c.share > leaveA {
		c.alone = false
	}
}

// sampled is saw for a sample, which weighs as much as half the rows that pass
// until a window's worth of samples was seen.
func (c *choice) sampled(rows, n int) {
	if !c.known {
		c.share, c.known = leaveA, true
	}
	c.blend(4*rows, 4*n)
	if c.share < enterA {
		c.alone = true
	}
}

func (c *choice) blend(rows, n int) {
	w := min(1, float64(rows)/window)
	c.share += w * (float64(n)/float64(rows) - c.share)
}
