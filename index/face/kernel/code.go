package kernel

// Coder holds what coding needs of each dimension: a rotated coordinate z is
// z·Scale + Offset in steps of the 8-bit codes, and Square is the square of a
// step's width. Assembly relies on the layout.
type Coder struct {
	Scale, Offset, Square [Dims]float32
}

// Runs are the dimensions of the first plane, those of the second, and the rest.
const Runs = 3

// CodeSums are sums over a run: the squared distances from a vector to its 4-bit and
// to its 8-bit point, and those of the two points from the centre of the codes.
// Assembly relies on the layout.
type CodeSums struct {
	Four, Eight, Norm4, Norm8 float32
}

// codeLanes is how many sums of a run are kept apart.
const codeLanes = 8

// Code writes the codes of a rotated vector and sums their errors.
//
// With t = z·Scale + Offset, a code c is t cut to a whole number in 0 … 255; a t
// that is no number, or beyond int32, may give any c. The 8-bit point is c + ½, the
// 4-bit point is 8 more than c without its trailing bits, and the centre is 128. The
// terms are the squares of the differences times Square. All arithmetic is float32
// and each operation is rounded: lane l of 8 starts at 0 and adds the terms of
// dimensions l, l+8, … of the run; the sum of the lanes is
// ((0+1) + (2+3)) + ((4+5) + (6+7)).
func (s *Set) Code(c *Coder, z *[Dims]float32, codes *[Dims]byte, sums *[Runs]CodeSums) {
	s.code(c, z, codes, sums)
}

func codePortable(c *Coder, z *[Dims]float32, codes *[Dims]byte, sums *[Runs]CodeSums) {
	d := 0
	for run, to := range [Runs]int{FirstDims, BothDims, Dims} {
		var lanes [codeLanes]CodeSums
		for ; d < to; d++ {
			l, square := &lanes[d%codeLanes], c.Square[d] // runs begin at multiples of 8
			t := float32(z[d]*c.Scale[d]) + c.Offset[d]
			n := max(0, min(255, int32(t)))
			codes[d] = byte(n)
			four, eight := float32(n&^15)+8, float32(n)+0.5
			l.Four += weighted(t-four, square)
			l.Eight += weighted(t-eight, square)
			l.Norm4 += weighted(four-128, square)
			l.Norm8 += weighted(eight-128, square)
		}
		for n := codeLanes; n > 1; n /= 2 {
			for l := range n / 2 {
				a, b := lanes[2*l], lanes[2*l+1]
				lanes[l] = CodeSums{a.Four + b.Four, a.Eight + b.Eight, a.Norm4 + b.Norm4, a.Norm8 + b.Norm8}
			}
		}
		sums[run] = lanes[0]
	}
}

// weighted rounds each product; the conversions forbid fusing.
func weighted(f, square float32) float32 { return float32(float32(f*f) * square) }
