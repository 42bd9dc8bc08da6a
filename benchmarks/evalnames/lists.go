package evalnames

import (
	"math/rand/v2"
	"strings"
	"unicode"

	"vigie/watchlist"
)

// listed is a person on a list with the other names that lists give.
type listed struct {
	id, primary string
	aliases     []string
}

// ofac gives the individuals of the OFAC list that have an alias.
func (d *Data) ofac() ([]listed, error) {
	rows, err := d.rows("ofac/ofac_individual_alias_pairs.csv", false)
	return group(rows, 0, 1, 3, nil), err
}

// ofacRows gives the names of all rows of the OFAC list, people, firms and ships.
func (d *Data) ofacRows() ([]string, error) { return d.column("ofac/sdn_bench.csv.gz", 1, true) }

// un gives the individuals of the UN list with their aliases of a quality, Good
// or Low.
func (d *Data) un(quality string) ([]listed, error) {
	rows, err := d.rows("un/un_individual_alias_pairs.csv", false)
	return group(rows, 0, 1, 3, func(r []string) bool { return r[2] == quality }), err
}

// group gathers rows into people; a row that keep refuses adds the person and no
// alias. Short rows are left out.
func group(rows [][]string, id, primary, alias int, keep func([]string) bool) []listed {
	at := map[string]int{}
	var out []listed
	for _, r := range rows {
		if len(r) <= max(id, primary, alias) {
			continue
		}
		i, ok := at[r[id]]
		if !ok {
			i = len(out)
			at[r[id]] = i
			out = append(out, listed{id: r[id], primary: r[primary]})
		}
		if keep == nil || keep(r) {
			out[i].aliases = append(out[i].aliases, r[alias])
		}
	}
	return out
}

// entry makes an active entry of names, the first one primary.
func entry(id string, full ...string) *watchlist.Entry {
	e := &watchlist.Entry{ID: watchlist.EntryID(id), Status: watchlist.StatusActive}
	for i, f := range full {
		kind := watchlist.NamePrimary
		if i > 0 {
			kind = watchlist.NameAlias
		}
		e.Names = append(e.Names, watchlist.Name{Kind: kind, Full: f})
	}
	return e
}

// twoTypos makes two typing mistakes in a name of Latin letters: in two words
// where two have four letters, else in one. A mistake is a letter left out, put
// in, replaced, or swapped with its neighbour. It gives "" when no word has four
// letters.
func twoTypos(rng *rand.Rand, full string) string {
	words := strings.Fields(full)
	var long []int
	for i, w := range words {
		letters := 0
		for _, c := range w {
			if c > unicode.MaxASCII {
				return ""
			}
			if unicode.IsLetter(c) {
				letters++
			}
		}
		if letters >= 4 {
			long = append(long, i)
		}
	}
	if len(long) == 0 {
		return ""
	}
	rng.Shuffle(len(long), func(i, j int) { long[i], long[j] = long[j], long[i] })
	for k := range 2 {
		i := long[k%len(long)]
		words[i] = typo(rng, words[i])
	}
	return strings.Join(words, " ")
}

// typo makes one mistake after the first letter of a word.
func typo(rng *rand.Rand, w string) string {
	c := []byte(w)
	i := 1 + rng.IntN(len(c)-2)
	letter := byte('a' + rng.IntN(26))
	switch rng.IntN(4) {
	case 0:
		return string(c[:i]) + string(c[i+1:])
	case 1:
		return string(c[:i]) + string(letter) + string(c[i:])
	case 2:
		c[i] = letter
	default:
		c[i], c[i+1] = c[i+1], c[i]
	}
	return string(c)
}
