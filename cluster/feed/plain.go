package feed

import (
	"bytes"

	"vigie/watchlist/sharing"
)

// The plain bytes of a frame are the items, one after the other, and behind them the
// values of all their templates: first the highest byte of each float32 in turn, then
// the next lower one of each, and so on. The highest bytes (sign and exponent) are
// alike and compress, the others do not; apart from each other both compress best.

// plainBytes are the parts of a frame: the items, then the four planes.
type plainBytes [5][]byte

func (p plainBytes) join() []byte { return bytes.Join(p[:], nil) }

// templatesIn gives the place of the templates in an item's bodies, -1 for none.
func templatesIn(it Item) int {
	if it.Leaf == nil || it.Leaf.Type != Put || !it.Leaf.Groups.Has(sharing.Templates) {
		return -1
	}
	n := 0
	for _, g := range [templatesAt]sharing.Groups{sharing.Core, sharing.Identity} {
		if it.Leaf.Groups.Has(g) {
			n++
		}
	}
	if n >= len(it.Bodies) {
		return -1
	}
	return n
}

// encodeItems gives the plain bytes of items.
func encodeItems(items []Item) (p plainBytes, err error) {
	var out bytes.Buffer
	enc := encoder.NewEncoder(&out)
	for _, it := range items {
		if n := templatesIn(it); n >= 0 {
			faces, head, values, err := splitTemplates(it.Bodies[n])
			if err != nil || valuesSize(faces) != len(values) {
				return p, errMalformed
			}
			it.Bodies = append([][]byte(nil), it.Bodies...)
			it.Bodies[n] = head
			for i, b := range values {
				p[4-i%4] = append(p[4-i%4], b)
			}
		}
		if err := enc.Encode(it); err != nil {
			return p, errMalformed
		}
	}
	p[0] = out.Bytes()
	return p, nil
}

// decodeItems reads exactly n items, and the values that belong to them.
func decodeItems(b []byte, n int) ([]Item, error) {
	items, sizes, total := make([]Item, 0, min(n, FrameLeaves)), make([]int, 0, min(n, FrameLeaves)), 0
	for range n {
		var it Item
		rest, err := unmarshalFirst(b, &it)
		if err != nil {
			return nil, reject(Malformed, "item")
		}
		size := 0
		if at := templatesIn(it); at >= 0 {
			faces, _, behind, err := splitTemplates(it.Bodies[at])
			if size = valuesSize(faces); err != nil || size < 0 || len(behind) > 0 {
				return nil, reject(Malformed, "templates")
			}
		}
		items, sizes, total, b = append(items, it), append(sizes, size), total+size, rest
	}
	if len(b) != total {
		return nil, reject(Malformed, "values of templates, or bytes after them")
	}
	values, plane := make([]byte, total), total/4
	for i := range values {
		values[i] = b[(3-i%4)*plane+i/4]
	}
	for i, it := range items {
		if at := templatesIn(it); at >= 0 {
			it.Bodies[at] = append(it.Bodies[at], values[:sizes[i]]...)
			values = values[sizes[i]:]
		}
	}
	return items, nil
}
