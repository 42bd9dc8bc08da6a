package document

// minEdit is the shortest folded number for which one edit is looked for: of
// shorter ones too many are one edit apart by chance.
const minEdit = 6

// neighbourhood calls yield with a folded number and, when it is long enough,
// with every string that lacks one of its characters. The bytes are valid until
// yield returns.
func neighbourhood(folded string, yield func([]byte)) {
	var space [48]byte
	buf := append(space[:0], folded...)
	yield(buf)
	if len(folded) < minEdit {
		return
	}
	for i := range len(folded) {
		if i > 0 && folded[i] == folded[i-1] {
			continue // the same string again
		}
		yield(append(append(buf[:0], folded[:i]...), folded[i+1:]...))
	}
}
