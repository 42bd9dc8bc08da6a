package kernel

import "encoding/binary"

func refinePortable(rows []byte, t *Targets, thr int32, ids []uint32, sums []int32) int {
	n, nibbles, size := 0, 4*t.groups, RowSize(t.groups)
	last := size - halfRow
	for i, id := range ids {
		row := rows[int(id)*size:][:size]
		var low, high, whole int32
		for b, r := range row[:min(nibbles, halfRow)] {
			low += int32(t.low[b]) * int32(r&15)
			high += int32(t.high[b]) * int32(r>>4)
		}
		for b := nibbles; b < halfRow; b++ {
			whole += int32(t.first[b]) * int32(row[b])
		}
		for b, c := range row[last : size-trailer] {
			whole += int32(t.last[b]) * int32(c)
		}
		end := int32(binary.LittleEndian.Uint32(row[size-trailer:]))
		total := sums[i]<<SumShift + low<<(t.shiftLow&31) + high<<(t.shiftHigh&31) + whole<<(t.shiftWhole&31) +
			end>>8<<(t.shiftBias&31) + end&0xff*int32(t.Factor)
		if total >= thr {
			ids[n], sums[n] = id, total
			n++
		}
	}
	return n
}
