package kernel

import "encoding/binary"

// The portable scan takes two lanes at once. Masked with pick, a uint64 of one
// group holds in its four 16-bit columns two codes of each of two lanes. Its
// product with the multiplier w1 + w0<<16 (signed, modulo 2^64) has
// code0·w0 + code1·w1 of the lanes in columns 1 and 3. Columns add up over at
// most three groups: |Σ| <= 3·4·15·128 = 23,040 fits int16.
const (
	pick     = 0x000f_000f_000f_000f
	half     = 3                     // groups that a column has room for
	center   = 0x8000_8000_8000_8000 // makes all columns non-negative, so that none borrows
	columns  = 0x0000_ffff_0000_ffff // columns 1 and 3, once shifted to 0 and 2
	perLane  = 0xffff_ffff
	offset16 = 0x8000
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

// sums returns Σ low·c and Σ high·c of two lanes: the first in the lower 32 bits
// of each result, the second in the upper, each with offset added.
func sums(block []byte, at int, m []multipliers) (low, high uint64, offset int32) {
	for len(m) > 0 {
		n := min(half, len(m))
		var l, h uint64
		for g := range m[:n] {
			x := binary.LittleEndian.Uint64(block[at:])
			w := &m[g]
			l += (x&pick)*w.lowEven + (x>>8&pick)*w.lowOdd
			h += (x>>4&pick)*w.highEven + (x>>12&pick)*w.highOdd
			at += groupSize
		}
		low += (l + center) >> 16 & columns
		high += (h + center) >> 16 & columns
		offset += offset16
		m = m[n:]
	}
	return low, high, offset
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

func bias(block []byte, groups, lane int) int32 {
	return int32(int16(binary.LittleEndian.Uint16(block[groups*groupSize+2*lane:])))
}

func scanAPortable(plane []byte, groups int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	var room [MaxGroups]multipliers
	low, high := w.A[:4*groups], w.A[4*groups:8*groups]
	m := prepare(low, high, room[:groups])
	size, n := BlockSize(groups), 0
	for from := 0; from < lanes; from += Lanes {
		block := plane[from/Lanes*size:][:size]
		count := min(Lanes, lanes-from)
		lane := 0
		for ; lane+1 < count; lane += 2 {
			l, h, o := sums(block, 4*lane, m)
			for k := range 2 {
				s := bias(block, groups, lane+k) + int32(l&perLane) - o
				s += (int32(h&perLane) - o) << 4 >> w.ShiftAHigh
				if s >= thr {
					out[n] = base + uint32(from+lane+k)
					n++
				}
				l, h = l>>32, h>>32
			}
		}
		if lane < count {
			l, h := oneLane(block, 4*lane, low, high)
			if bias(block, groups, lane)+l+h<<4>>w.ShiftAHigh >= thr {
				out[n] = base + uint32(from+lane)
				n++
			}
		}
	}
	return n
}

func scanABPortable(planeA, planeB []byte, groupsA int, lanes int, w *Weights, thr int32, base uint32, out []uint32) int {
	groupsB := groups - groupsA
	var room [groups]multipliers
	lowA, highA := w.A[:4*groupsA], w.A[4*groupsA:8*groupsA]
	lowB, highB := w.B[:4*groupsB], w.B[4*groupsB:8*groupsB]
	mA := prepare(lowA, highA, room[:groupsA])
	mB := prepare(lowB, highB, room[groupsA:])
	sizeA, sizeB, n := BlockSize(groupsA), BlockSize(groupsB), 0
	total := func(lA, hA, lB, hB int32) int32 {
		return lA + hA<<4>>w.ShiftAHigh + lB>>w.ShiftBLow + hB<<4>>w.ShiftBHigh
	}
	for from := 0; from < lanes; from += Lanes {
		a := planeA[from/Lanes*sizeA:][:sizeA]
		b := planeB[from/Lanes*sizeB:][:sizeB]
		count := min(Lanes, lanes-from)
		lane := 0
		for ; lane+1 < count; lane += 2 {
			lA, hA, oA := sums(a, 4*lane, mA)
			lB, hB, oB := sums(b, 4*lane, mB)
			for k := range 2 {
				s := bias(b, groupsB, lane+k) + total(
					int32(lA&perLane)-oA, int32(hA&perLane)-oA, int32(lB&perLane)-oB, int32(hB&perLane)-oB)
				if s >= thr {
					out[n] = base + uint32(from+lane+k)
					n++
				}
				lA, hA, lB, hB = lA>>32, hA>>32, lB>>32, hB>>32
			}
		}
		if lane < count {
			lA, hA := oneLane(a, 4*lane, lowA, highA)
			lB, hB := oneLane(b, 4*lane, lowB, highB)
			if bias(b, groupsB, lane)+total(lA, hA, lB, hB) >= thr {
				out[n] = base + uint32(from+lane)
				n++
			}
		}
	}
	return n
}
