package file

import (
	"errors"
	"math"
	"slices"
)

// errTable: the strings of a table are too long together.
var errTable = errors.New("more than 4 GiB of strings in one table")

// Table is an immutable list of strings in one piece of memory, so that a
// million of them cost the garbage collector nothing. The zero value is empty.
type Table struct {
	text string
	ends []uint32
}

// NewTable makes a table of the strings, in their order. It fails when they are
// 4 GiB long or longer.
func NewTable(list []string) (Table, error) {
	n := 0
	for _, s := range list {
		n += len(s)
	}
	if n >= math.MaxUint32 {
		return Table{}, errTable
	}
	text, ends := make([]byte, 0, n), make([]uint32, 0, len(list))
	for _, s := range list {
		text = append(text, s...)
		ends = append(ends, uint32(len(text)))
	}
	return Table{text: string(text), ends: ends}, nil
}

// Len is the number of strings.
func (t Table) Len() int { return len(t.ends) }

// At gives string i, 0 <= i < Len; it shares the table's memory.
func (t Table) At(i int) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.text[from:t.ends[i]]
}

// valid reports whether the ends rise up to the length of the text.
func (t Table) valid() bool {
	if len(t.ends) == 0 {
		return t.text == ""
	}
	return slices.IsSorted(t.ends) && int(t.ends[len(t.ends)-1]) == len(t.text)
}
