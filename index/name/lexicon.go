package name

import (
	"math/bits"

	"vigie/watchlist/names"
)

// word is one word of the lexicon. Words are numbered in the order of their first
// appearance and never change their number until the next Rebuild.
type word struct {
	*names.Token
	// joined marks two neighbours of a name written as one (Da Silva as "dasilva"):
	// no name holds it as a word, it is found by its letters alone.
	joined bool
}

// keys calls f with each key of the word; some may come twice.
func (w word) keys(f func(t term)) {
	f(term{fieldToken, w.Text})
	if w.joined {
		return
	}
	if w.Alt != "" {
		f(term{fieldToken, w.Alt})
	}
	for _, n := range w.Families {
		f(familyTerm(n))
	}
	for _, s := range w.Skeletons {
		f(term{fieldSkeleton, s})
	}
	if w.Class != names.Particle {
		f(term{fieldInitial, w.Text[:1]})
	}
	if len(w.Text) >= prefixLen {
		f(term{fieldPrefix, w.Text[:prefixLen]})
	}
}

// block is the dictionary of a run of the lexicon, immutable once built: which
// words have a key, and which are spelt nearly like another.
type block struct {
	first, to uint32
	rows      [fieldCount]map[string]uint32
	// The words of row i are words[start[i]:start[i+1]], in rising order.
	start, words []uint32
	// families are the words of each spelling family, in rising order: the only keys
	// that depend on the table, and so apart from the others.
	families map[string][]uint32
	// The ways of writing words, in order of their length: those of n letters are
	// from[n] to from[n+1], the longest together. The sums stand apart, since most
	// searches for a near spelling read nothing else.
	from  [maxLetters + 2]uint32
	sums  []letterSum
	spelt []spelling
}

// spelling is one way of writing a word.
type spelling struct {
	text string
	word uint32
}

// maxLetters is the length from which on spellings are kept together.
const maxLetters = 40

// buildBlock makes the dictionary of the words from..to of the lexicon.
func buildBlock(lexicon []word, from, to uint32) *block {
	b := &block{first: from, to: to, families: familiesOf(lexicon, from, to)}
	spellings := make([]spelling, 0, to-from)
	for f := range b.rows {
		b.rows[f] = map[string]uint32{}
	}
	type pair struct{ row, word uint32 }
	var pairs []pair
	var counts []uint32
	for i := from; i < to; i++ {
		lexicon[i].keys(func(t term) {
			if t.field == fieldFamily {
				return
			}
			row, ok := b.rows[t.field][t.value]
			if !ok {
				row = uint32(len(counts))
				counts = append(counts, 0)
				b.rows[t.field][t.value] = row
			}
			counts[row]++
			pairs = append(pairs, pair{row, i})
			if t.field == fieldToken {
				spellings = append(spellings, spelling{t.value, i})
			}
		})
	}
	b.start = sums(counts)
	b.words = make([]uint32, len(pairs))
	next := append([]uint32(nil), b.start...)
	for _, p := range pairs {
		b.words[next[p.row]] = p.word
		next[p.row]++
	}
	b.spell(spellings)
	return b
}

// familiesOf lists the words from..to of the lexicon under their families.
func familiesOf(lexicon []word, from, to uint32) map[string][]uint32 {
	out := map[string][]uint32{}
	for i := from; i < to; i++ {
		if lexicon[i].joined {
			continue
		}
		for _, n := range lexicon[i].Families {
			v := familyTerm(n).value
			out[v] = append(out[v], i)
		}
	}
	return out
}

// spell sorts the spellings by their length.
func (b *block) spell(list []spelling) {
	letters := func(s spelling) int { return min(len(s.text), maxLetters) }
	for _, s := range list {
		b.from[letters(s)+1]++
	}
	for n := range maxLetters + 1 {
		b.from[n+1] += b.from[n]
	}
	next := b.from
	b.sums, b.spelt = make([]letterSum, len(list)), make([]spelling, len(list))
	for _, s := range list {
		i := next[letters(s)]
		next[letters(s)]++
		b.sums[i], b.spelt[i] = sumOf(s.text), s
	}
}

// sums gives the positions at which runs of the given lengths begin, and the
// total.
func sums(counts []uint32) []uint32 {
	out := make([]uint32, len(counts)+1)
	for i, c := range counts {
		out[i+1] = out[i] + c
	}
	return out
}

// lookup gives the words that have a key.
func (b *block) lookup(t term) []uint32 {
	if t.field == fieldFamily {
		return b.families[t.value]
	}
	row, ok := b.rows[t.field][t.value]
	if !ok {
		return nil
	}
	return b.words[b.start[row]:b.start[row+1]]
}

// similar calls f with the words of which a spelling differs from text by at most
// k letters. It reads the sums of all spellings of about that length, a nanosecond
// each, and compares the few words whose letters are near enough.
func (b *block) similar(text string, k int, f func(word uint32)) {
	sum := sumOf(text)
	from, to := b.from[min(max(0, len(text)-k), maxLetters)], b.from[min(len(text)+k, maxLetters)+1]
	for i, s := range b.sums[from:to] {
		if sum.distance(s) <= 2*k {
			if s := &b.spelt[int(from)+i]; within(text, s.text, k) {
				f(s.word)
			}
		}
	}
}

// letterSum counts the letters of a word, in unary: two bits for each of a to z,
// a letter that comes more than twice counts as twice. A letter inserted or
// dropped changes one bit at most and a letter replaced two, so words that
// differ by k letters differ in at most 2k bits.
type letterSum uint64

func sumOf(text string) letterSum {
	var s letterSum
	for i := range len(text) {
		bit := letterSum(1) << (2 * ((text[i] - 'a') & 31))
		if s&bit != 0 {
			bit <<= 1
		}
		s |= bit
	}
	return s
}

func (s letterSum) distance(o letterSum) int { return bits.OnesCount64(uint64(s ^ o)) }
