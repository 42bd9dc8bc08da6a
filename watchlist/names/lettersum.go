package names

import "math/bits"

// letterSum counts letters, in unary: two bits for each of 26, a letter that comes
// more than twice counts as twice. A letter inserted or dropped changes at most
// one bit, a letter replaced two, letters that change places none. So the number
// of bits in which two sums differ bounds every edit distance from below, at the
// cost of an instruction.
type letterSum uint64

// sumOf counts the letters from first on; others are left out.
func sumOf(s string, first byte) letterSum {
	var sum letterSum
	s = cut(s) // the distances look no further
	for i := range len(s) {
		if s[i] < first || s[i] >= first+26 {
			continue
		}
		bit := letterSum(1) << (2 * (s[i] - first))
		if sum&bit != 0 {
			bit <<= 1
		}
		sum |= bit
	}
	return sum
}

// What the distances charge at least for a letter that one word has more often:
// letterDistance where it stands for another (0.6 for two letters, one on each
// side) or is dropped, soundRatio in either way.
const (
	leastPerBit   = 0.3
	leastDropped  = 0.4
	leastPerSound = 0.6
)

// least bounds the weighted edit distance of two words from below. A letter in the
// place of another settles one bit on each side, a letter dropped one on one side.
func (s letterSum) least(o letterSum) float64 {
	mine, theirs := s.surplus(o)
	return max(leastPerBit*float64(mine+theirs), leastDropped*float64(max(mine, theirs)))
}

// leastSound bounds the cost of turning the consonants of one sound into those of
// another from below, as least does.
func (s letterSum) leastSound(o letterSum) float64 {
	mine, theirs := s.surplus(o)
	return leastPerSound * float64(max(mine, theirs))
}

// surplus counts the bits that only one side has.
func (s letterSum) surplus(o letterSum) (mine, theirs int) {
	return bits.OnesCount64(uint64(s &^ o)), bits.OnesCount64(uint64(o &^ s))
}
