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

// leastPerBit is the least that letterDistance and soundRatio charge for each bit
// of difference: 0.6 for two bits where one letter stands for another.
const leastPerBit = 0.3

// least bounds the weighted edit distance of two words from below.
func (s letterSum) least(o letterSum) float64 {
	return leastPerBit * float64(bits.OnesCount64(uint64(s^o)))
}
