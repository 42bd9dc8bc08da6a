package kernel

import "encoding/binary"

// The portable scan takes two lanes at once. Masked with pick, a uint64 of one
// group holds in its four 16-bit columns two codes of each of two lanes. Its
// product with the multiplier w1 + w0<<16 (signed, modulo 2^64) has
// code0·w0 + code1·w1 of the lanes in columns 1 and 3. Columns add up over at
// most four groups: |Σ| <= 4·4·15·128 = 30,720 fits int16.
const (
	pick    = 0x000f_000f_000f_000f
	half    = 4                     // groups that a column has room for: no plane needs three
	center  = 0x8000_8000_8000_8000 // makes all columns non-negative, so that none borrows
	columns = 0x0000_ffff_0000_ffff // columns 1 and 3, once shifted to 0 and 2
	centers = 2 * 0x8000            // what center adds to a lane's sum: once per half
)

// multipliers of one group: the bytes 0 and 2, and 1 and 3, of each half.
type multipliers struct {
	lowEven, lowOdd, highEven, highOdd uint64
}

func multiplier(w0, w1 int8) uint64 { return uint64(int64(w1) + int64(w0)<<16) }

func prepare(low, high []int8, m []multipliers) []multipliers {
	for g := range m {
		l, h := low[4*g:4*g+4], high[4*g:4*g+4]
		m[g] = multipliers{
			multiplier(l[0], l[2]), multiplier(l[1], l[3]),
			multiplier(h[0], h[2]), multiplier(h[1], h[3]),
		}
	}
	return m
}

// pairSums are Σ low·c and Σ high·c of the pairs of lanes of a block, the groups
// before half and those from half on apart.
type pairSums struct {
	low, high [2][Lanes / 2]uint64
}

// add sums up the leading pairs of a block, group by group, so that multipliers
// stay in registers.
func (s *pairSums) add(block []byte, pairs int, m []multipliers) {
	*s = pairSums{}
	for g, w := range m {
		codes := (*[groupSize]byte)(block[g*groupSize:])
		low, high := &s.low[g/half], &s.high[g/half]
		for p := 0; p < pairs && p < Lanes/2; p++ {
			x := binary.LittleEndian.Uint64(codes[8*p : 8*p+8])
			low[p] += (x&pick)*w.lowEven + (x>>8&pick)*w.lowOdd
			high[p] += (x>>4&pick)*w.highEven + (x>>12&pick)*w.highOdd
		}
	}
}

// split divides the sum of a pair, in its two parts, into those of its lanes.
func split(part0, part1 uint64) (even, odd int32) {
	both := (part0+center)>>16&columns + (part1+center)>>16&columns
	return int32(uint32(both)) - centers, int32(both>>32) - centers
}

// oneLane is sums for a single lane, without a look at its neighbour.
func oneLane(block []byte, at int, low, high []int8) (l, h int32) {
	for i := range low {
		c := block[at+i/4*groupSize+i%4]
		l += int32(low[i]) * int32(c&15)
		h += int32(high[i]) * int32(c>>4)
	}
	return l, h
}

func bias(biases []byte, lane int) int32 {
	return int32(int16(binary.LittleEndian.Uint16(biases[2*lane:])))
}

func scanPortable(plane []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32, sums []int32) int {
	var room [MaxGroups]multipliers
	low, high := w.A[:4*groups], w.A[4*groups:8*groups]
	m := prepare(low, high, room[:groups])
	size, n, shift := BlockSize(groups), 0, w.ShiftHigh&31
	up := w.ShiftBias & 31
	var sum pairSums
	for from := 0; from < lanes; from += Lanes {
		block := plane[from/Lanes*size:][:size]
		count := min(Lanes, lanes-from)
		sum.add(block, count/2, m)
		biases := block[groups*groupSize:]
		for p := 0; p < count/2 && p < Lanes/2; p++ {
			l0, l1 := split(sum.low[0][p], sum.low[1][p])
			h0, h1 := split(sum.high[0][p], sum.high[1][p])
			if s := bias(biases, 2*p)<<up + l0 + h0<<4>>shift; s >= thr {
				out[n], sums[n] = base+uint32(from+2*p), s
				n++
			}
			if s := bias(biases, 2*p+1)<<up + l1 + h1<<4>>shift; s >= thr {
				out[n], sums[n] = base+uint32(from+2*p+1), s
				n++
			}
		}
		if count&1 != 0 {
			l, h := oneLane(block, 4*(count-1), low, high)
			if s := bias(biases, count-1)<<up + l + h<<4>>shift; s >= thr {
				out[n], sums[n] = base+uint32(from+count-1), s
				n++
			}
		}
	}
	return n
}
