package kernel

import "encoding/binary"

// The portable scan takes two lanes at once. Masked with pick, a uint64 of one
// group holds in its four 16-bit columns two codes of each of two lanes. Its
// product with the multiplier w1 + w0<<16 (signed, modulo 2^64) has
// code0·w0 + code1·w1 of the lanes in columns 1 and 3. Columns add up over the
// groups of a part, three at most: |Σ| <= 3·4·15·128 = 23,040 fits int16.
const (
	pick    = 0x000f_000f_000f_000f
	center  = 0x8000_8000_8000_8000 // makes all columns non-negative, so that none borrows
	columns = 0x0000_ffff_0000_ffff // columns 1 and 3, once shifted to 0 and 2
	centers = 0x8000                // what center adds to a lane's sum
)

// multipliers of one group: the bytes 0 and 2, and 1 and 3, of each half.
type multipliers struct {
	lowEven, lowOdd, highEven, highOdd uint64
}

func multiplier(w0, w1 int8) uint64 { return uint64(int64(w1) + int64(w0)<<16) }

// A strip is the groups of a plane that make two parts: low nibbles and high ones.
type strip struct {
	second    bool // plane
	group     int  // the first, in its plane
	groups    [secondGroups]multipliers
	n         int
	low, high uint32 // shifts; that of codes 0, 16, … 240 less 4
	weights   []int8 // of the plane
}

// strips of the first plane, and of the second.
func (w *Weights) strips(planes int) []strip {
	all := [...]strip{
		{n: 2, low: w.shift(0), high: w.shift(2) + 4, weights: w.W[:FirstDims]},
		{n: 3, low: w.shift(1), high: w.shift(3) + 4, weights: w.W[:FirstDims], group: 2},
		{n: 3, low: w.shift(4), high: w.shift(5) + 4, weights: w.W[FirstDims:], second: true},
	}
	for i := range all {
		s := &all[i]
		for g := range s.n {
			at := 4 * (s.group + g)
			l, h := s.weights[at:at+4], s.weights[len(s.weights)/2+at:][:4]
			s.groups[g] = multipliers{
				multiplier(l[0], l[2]), multiplier(l[1], l[3]),
				multiplier(h[0], h[2]), multiplier(h[1], h[3]),
			}
		}
	}
	return all[:planes+1]
}

// pairSums are Σ low·c and Σ high·c of the pairs of lanes of a block.
type pairSums struct {
	low, high [Lanes / 2]uint64
}

// add sums up the leading pairs of a block, group by group, so that multipliers
// stay in registers.
func (s *pairSums) add(block []byte, pairs int, p *strip) {
	*s = pairSums{}
	for g, w := range p.groups[:p.n] {
		codes := (*[groupSize]byte)(block[(p.group+g)*groupSize:])
		for i := 0; i < pairs && i < Lanes/2; i++ {
			x := binary.LittleEndian.Uint64(codes[8*i : 8*i+8])
			s.low[i] += (x&pick)*w.lowEven + (x>>8&pick)*w.lowOdd
			s.high[i] += (x>>4&pick)*w.highEven + (x>>12&pick)*w.highOdd
		}
	}
}

// split divides the sum of a pair into those of its lanes.
func split(pair uint64) (even, odd int32) {
	both := (pair + center) >> 16 & columns
	return int32(uint32(both)) - centers, int32(both>>32) - centers
}

// oneLane is what a strip adds to a single lane, without a look at its neighbour.
func oneLane(block []byte, lane int, p *strip) int32 {
	var low, high int32
	for i := range 4 * p.n {
		at := 4*p.group + i
		c := block[at/4*groupSize+4*lane+at%4]
		low += int32(p.weights[at]) * int32(c&15)
		high += int32(p.weights[len(p.weights)/2+at]) * int32(c>>4)
	}
	return low<<(p.low&31) + high<<(p.high&31)
}

func bias(block []byte, groups, lane int) int32 {
	return int32(int16(binary.LittleEndian.Uint16(block[groups*groupSize+2*lane:])))
}

// scanPortable scans one plane, or two when there is a second one.
func scanPortable(first, second []byte, lanes int, w *Weights, thr int32, base uint32, out []uint32, sums []int32) int {
	planes := 1
	if len(second) > 0 {
		planes = 2
	}
	strips := w.strips(planes)
	up, n := w.bias&31, 0
	var sum pairSums
	var total [Lanes]int32
	for from := 0; from < lanes; from += Lanes {
		count := min(Lanes, lanes-from)
		blocks := [2][]byte{first[from/Lanes*FirstBlock:][:FirstBlock]}
		if planes == 2 {
			blocks[1] = second[from/Lanes*SecondBlock:][:SecondBlock]
		}
		for lane := range count {
			total[lane] = bias(blocks[0], firstGroups, lane) << up
			if planes == 2 {
				total[lane] += bias(blocks[1], secondGroups, lane) << up
			}
		}
		for i := range strips {
			p := &strips[i]
			block := blocks[0]
			if p.second {
				block = blocks[1]
			}
			sum.add(block, count/2, p)
			for pair := 0; pair < count/2 && pair < Lanes/2; pair++ {
				l0, l1 := split(sum.low[pair])
				h0, h1 := split(sum.high[pair])
				total[2*pair] += l0<<(p.low&31) + h0<<(p.high&31)
				total[2*pair+1] += l1<<(p.low&31) + h1<<(p.high&31)
			}
			if count&1 != 0 {
				total[count-1] += oneLane(block, count-1, p)
			}
		}
		for lane, s := range total[:count] {
			if s >= thr {
				out[n], sums[n] = base+uint32(from+lane), s
				n++
			}
		}
	}
	return n
}

func deepenPortable(second []byte, w *Weights, thr int32, ids []uint32, sums []int32) int {
	p, n := &w.strips(2)[2], 0
	for i, id := range ids {
		block, lane := second[int(id/Lanes)*SecondBlock:][:SecondBlock], int(id%Lanes)
		s := sums[i] + bias(block, secondGroups, lane)<<(w.bias&31) + oneLane(block, lane, p)
		if s >= thr {
			ids[n], sums[n] = id, s
			n++
		}
	}
	return n
}
