package evalnames

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// orthographies are those of the region's spellings: French, English,
// Portuguese, Wolof, Bambara and Arabic script.
var orthographies = []string{"fr", "en", "pt", "wo", "bm", "ar"}

// region is the labelled spellings: forms[kind][canonical][orthography].
type region map[string]map[string]map[string][]string

func (d *Data) region() (region, error) {
	rows, err := d.rows("west_african_variants.csv", false)
	if err != nil {
		return nil, err
	}
	r := region{"surname": {}, "given": {}}
	for i, v := range rows {
		if len(v) < 4 || r[v[3]] == nil {
			return nil, fmt.Errorf("west_african_variants.csv: row %d is not a spelling", i+2)
		}
		m := r[v[3]]
		if m[v[0]] == nil {
			m[v[0]] = map[string][]string{}
		}
		m[v[0]][v[2]] = append(m[v[0]][v[2]], v[1])
	}
	return r, nil
}

// person is a name by its canonical parts.
type person struct{ given, second, surname string }

func (p person) String() string {
	return strings.Join(strings.Fields(p.given+" "+p.second+" "+p.surname), " ")
}

// spelt writes the name in an orthography; a part that has no form in it stays
// as it is.
func (p person) spelt(r region, rng *rand.Rand, orthography string) string {
	words := []string{r.spell(rng, "given", p.given, orthography)}
	if p.second != "" {
		words = append(words, r.spell(rng, "given", p.second, orthography))
	}
	return strings.Join(append(words, r.spell(rng, "surname", p.surname, orthography)), " ")
}

// keys gives the canonical forms of a kind in order, particles left out.
func (r region) keys(kind string) []string {
	return slices.DeleteFunc(sortedKeys(r[kind]), func(c string) bool { return c == "Ould" || c == "Mint" })
}

// people draws n different people from the region's families, each family and
// given name as likely as another; two in three have a second given name.
func (r region) people(rng *rand.Rand, n int) []person {
	given, surname := r.keys("given"), r.keys("surname")
	seen := map[string]bool{}
	var out []person
	for len(out) < n {
		p := person{given: given[rng.IntN(len(given))], surname: surname[rng.IntN(len(surname))]}
		if rng.IntN(3) > 0 {
			p.second = given[rng.IntN(len(given))]
		}
		if p.second == p.given || seen[p.String()] {
			continue
		}
		seen[p.String()] = true
		out = append(out, p)
	}
	return out
}

func (r region) spell(rng *rand.Rand, kind, canonical, orthography string) string {
	if f := r[kind][canonical][orthography]; len(f) > 0 {
		return f[rng.IntN(len(f))]
	}
	return canonical
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
