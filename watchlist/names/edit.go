package names

// maxWord bounds the words that edit distances look at; longer ones are cut.
const maxWord = 32

// letterPairs are letters that are mistaken for one another, by the eye, the
// keyboard or the ear; replacing one costs cheapSwap. Both orders hold.
const (
	letterPairs = "ae ei iy ou uv bp dt gk ck cs sz ij il mn rn bh hn fv vw kq gj xk jy rl td"
	cheapSwap   = 0.6
)

var confusable = func() (m [26][26]bool) {
	for i := 0; i+1 < len(letterPairs); i += 3 {
		a, b := letterPairs[i]-'a', letterPairs[i+1]-'a'
		m[a][b], m[b][a] = true, true
	}
	return m
}()

// letterDistance is the weighted Damerau-Levenshtein distance (adjacent letters
// may change places once, "optimal string alignment") of two words in a to z. A
// doubled letter, a silent h and a swap cost less than a whole letter.
func letterDistance(a, b string) float64 {
	a, b = cut(a), cut(b)
	var rows [3][maxWord + 1]float64
	for j := range len(b) {
		rows[0][j+1] = rows[0][j] + gap(b, j)
	}
	prev2, prev, cur := 2, 0, 1
	for i := range len(a) {
		rows[cur][0] = rows[prev][0] + gap(a, i)
		for j := range len(b) {
			c := rows[prev][j] + swap(a[i], b[j])
			c = min(c, rows[prev][j+1]+gap(a, i), rows[cur][j]+gap(b, j))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				c = min(c, rows[prev2][j-1]+0.8)
			}
			rows[cur][j+1] = c
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return rows[prev][len(b)]
}

func cut(s string) string {
	if len(s) > maxWord {
		return s[:maxWord]
	}
	return s
}

func swap(x, y byte) float64 {
	switch {
	case x == y:
		return 0
	case confusable[x-'a'][y-'a']:
		return cheapSwap
	}
	return 1
}

// gap is the cost of a letter that only one side has.
func gap(s string, i int) float64 {
	switch {
	case i > 0 && s[i] == s[i-1]:
		return 0.4
	case s[i] == 'h' && i > 0:
		return 0.5
	case s[i] == 'e' && i == len(s)-1:
		return 0.6
	}
	return 1
}

// soundRatio compares two sounds, 0 to 1: 1 less the weighted edit distance over
// the mean length. Sounds of one syllable say little, so what differs there
// counts more.
func soundRatio(a, b string) float64 { return weightedRatio(a, b, soundGap, soundGap, &soundSwaps) }

// arabicRatio is soundRatio where the first sound comes from a script that writes no
// short vowels: those of the other side may be missing and cost next to nothing, but
// a long vowel that is written should have its like.
func arabicRatio(arabic, other string) float64 {
	return weightedRatio(arabic, other, writtenGap, silentGap, &arabicSwaps)
}

// gapCost is what letter i of s costs where the other side has none.
type gapCost func(s string, i int) float64

func weightedRatio(a, b string, gapA, gapB gapCost, swap *swapTable) float64 {
	a, b = cut(a), cut(b)
	n := len(a) + len(b)
	if n == 0 {
		return 0
	}
	var rows [2][maxWord + 1]float64
	var gaps [maxWord]float64
	for j := range len(b) {
		gaps[j] = gapB(b, j)
		rows[0][j+1] = rows[0][j] + gaps[j]
	}
	prev, cur := 0, 1
	for i := range len(a) {
		mine, swaps := gapA(a, i), &swap[a[i]&63]
		rows[cur][0] = rows[prev][0] + mine
		least := rows[cur][0]
		for j := range len(b) {
			c := min(rows[prev][j]+swaps[b[j]&63], rows[prev][j+1]+mine, rows[cur][j]+gaps[j])
			rows[cur][j+1] = c
			least = min(least, c)
		}
		if least > hopelessCost*float64(n)+1e-9 {
			return 0
		}
		prev, cur = cur, prev
	}
	cost := rows[prev][len(b)]
	if n <= 4 {
		cost *= 1.6
	}
	return max(0, 1-2*cost/float64(n))
}

// hopelessCost is the cost, per letter of both sounds, above which they score under
// MinTokenScore whatever follows: the rest of the table is not computed.
const hopelessCost = (1 - MinTokenScore/scoreSound) / 2

// swapTable holds the cost of one letter of a sound for another, by the lowest six
// bits of the letters: A to Z and a to z stay apart.
type swapTable [64][64]float64

var soundSwaps, arabicSwaps = swapsOf(soundSwap), swapsOf(arabicSwap)

func swapsOf(cost func(x, y byte) float64) (t swapTable) {
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for i := range len(letters) {
		for j := range len(letters) {
			t[letters[i]&63][letters[j]&63] = cost(letters[i], letters[j])
		}
	}
	return t
}

// silentGap is the cost of a sound that the side with all vowels has alone: a vowel at
// the end of a word is mostly written by the other side too, but for a mute e.
func silentGap(s string, i int) float64 {
	switch {
	case s[i] < 'a':
		return 1
	case i == len(s)-1 && s[i] != 'e':
		return 0.12
	}
	return 0.03
}

// writtenGap is the cost of a sound that the side without short vowels has alone. An a
// at the beginning or end may be no more than the bearer of a vowel (ع, alif), or a
// feminine ending.
func writtenGap(s string, i int) float64 {
	switch {
	case s[i] < 'a':
		return 1
	case s[i] == 'a' && (i == 0 || i == len(s)-1):
		return 0.1
	}
	return 0.25
}

// arabicSwap is soundSwap where a side knows three vowels only.
func arabicSwap(x, y byte) float64 {
	c := soundSwap(x, y)
	if c < 0.5 { // vowels that are near one another
		return c / 3
	}
	return c
}

// soundSwap is the cost of one sound for another: vowels are near one another,
// voiced and unvoiced consonants half as far as others.
func soundSwap(x, y byte) float64 {
	if x == y {
		return 0
	}
	vx, vy := x >= 'a', y >= 'a'
	switch {
	case vx != vy:
		return 1.5
	case vx && coarse(x) == coarse(y):
		return 0.2
	case vx && (x == 'a' && y == 'e' || x == 'e' && y == 'a'):
		return 0.3
	case vx:
		return 0.6
	}
	switch string([]byte{min(x, y), max(x, y)}) {
	case "BP", "DT", "GK", "CJ", "CS", "MN", "BF", "FP", "JY", "LR", "JS", "CK", "CT", "DJ", "GJ":
		return 0.6
	}
	return 1
}

// soundGap is the cost of a sound that only one side has.
func soundGap(s string, i int) float64 {
	switch {
	case s[i] < 'a':
		return 1
	case i == len(s)-1 && s[i] == 'e':
		return 0.15
	case i == len(s)-1:
		return 0.3
	}
	return 0.4
}
