package kernel

import "encoding/binary"

func refinePortable(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	n, nibbles, size := 0, PlaneDims(t.planes)/2, RowSize(t.planes)
	last := size - halfRow
	for i, id := range ids {
		row := rows[int(id)*size:][:size]
		end := int32(binary.LittleEndian.Uint32(row[size-trailer:]))
		total := sums[i] + end>>8<<(t.shiftBias&31) + end&0xff*int32(t.Factor)
		for b, r := range row[:nibbles] {
			total += int32(t.low[b])*int32(r&15)<<(t.shiftLow[b/4]&31) + int32(t.high[b])*int32(r>>4)<<(t.shiftHigh[b/4]&31)
		}
		for b := nibbles; b < halfRow; b++ {
			total += int32(t.first[b]) * int32(row[b]) << (t.shiftFirst[b/4] & 31)
		}
		for b, c := range row[last : size-trailer] {
			total += int32(t.last[b]) * int32(c) << (t.shiftLast[b/4] & 31)
		}
		if total >= thr {
			ids[n], sums[n] = id, total
			n++
		}
	}
	return n
}
