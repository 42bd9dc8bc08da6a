package fitnames

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"vigie/benchmarks/gen"
	"vigie/matcher/score"
	"vigie/watchlist"
)

// How a regional name is written again, in shares. They are assumptions about
// documents of the region, not counts.
const (
	regionPeople  = 6000
	twoGiven      = 0.35 // have a second given name
	respelt       = 0.50 // written in another orthography
	mistyped      = 0.10 // one typing error in the name
	givenDropped  = 0.40 // the second given name is missing
	orderChanged  = 0.25 // surname first
	otherSurname  = 0.03 // a married name, a nickname: a wholly other surname
	unlistedShare = 0.12 // names that fewer than two of the officials bear
)

// family is a name with its spellings by orthography.
type family struct {
	canonical string
	forms     []string
	count     int
}

// Region draws made-up people with the names of the region.
type Region struct{ given, surnames []family }

// Written is a made-up person's name, from which documents are written.
type Written struct{ words []family }

// ReadRegion reads the counts and the spellings in a folder of labelled names; the
// digests are those of the files.
func ReadRegion(dir string) (*Region, []score.CohortFile, error) {
	r := &reader{dir: dir}
	g, err := r.region()
	return g, r.files, err
}

func (r *reader) region() (*Region, error) {
	counts, err := r.rows("senegal_name_token_counts.csv", true)
	if err != nil {
		return nil, err
	}
	variants, err := r.rows("west_african_variants.csv", true)
	if err != nil {
		return nil, err
	}
	return &Region{given: families(counts, variants, "given"), surnames: families(counts, variants, "surname")}, nil
}

// Person draws a name by the counts.
func (g *Region) Person(r *rand.Rand) Written {
	s := draw(r, g.surnames)
	words := []family{draw(r, g.given), s}
	if r.Float64() < twoGiven {
		words = []family{words[0], draw(r, g.given), s}
	}
	return Written{words}
}

// Recorded is the name as a register has it.
func (w Written) Recorded() string {
	text := make([]string, len(w.words))
	for i, f := range w.words {
		text[i] = f.canonical
	}
	return strings.Join(text, " ")
}

// drawRegion draws people; their first name is the recorded one, the second what a
// document shows. People of one surname family are in one fold.
func drawRegion(g *Region) []person {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]person, regionPeople)
	for i := range out {
		w := g.Person(r)
		surname := w.words[len(w.words)-1].canonical
		out[i] = person{fold: foldOf(surname), names: []watchlist.Name{full(w.Recorded()), full(g.Rewrite(r, w))}}
	}
	return out
}

// Rewrite writes a name as another document may have it.
func (g *Region) Rewrite(r *rand.Rand, w Written) string {
	words := slices.Clone(w.words)
	if len(words) == 3 && r.Float64() < givenDropped {
		words = slices.Delete(words, 1, 2)
	}
	if r.Float64() < otherSurname {
		words[len(words)-1] = draw(r, g.surnames)
	}
	again := r.Float64() < respelt
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.canonical
		if again && len(w.forms) > 0 {
			text[i] = w.forms[r.IntN(len(w.forms))]
		}
	}
	if r.Float64() < orderChanged {
		last := len(text) - 1
		text = append([]string{text[last]}, text[:last]...)
	}
	s := strings.Join(text, " ")
	if r.Float64() < mistyped {
		s = gen.Misspell(r.Uint64(), s)
	}
	return s
}

// families gathers the names of a kind in the order of their counts; those that the
// counts don't list share what is left to the unlisted.
func families(counts, variants [][]string, kind string) []family {
	byForm := map[string]int{}
	var out []family
	add := func(canonical string) int {
		key := strings.ToLower(canonical)
		if i, ok := byForm[key]; ok {
			return i
		}
		byForm[key] = len(out)
		out = append(out, family{canonical: canonical})
		return len(out) - 1
	}
	for _, v := range variants {
		if len(v) < 4 || v[3] != kind || v[0] == "Ould" || v[0] == "Mint" {
			continue
		}
		i := add(v[0])
		out[i].forms = append(out[i].forms, v[1])
		if _, ok := byForm[strings.ToLower(v[1])]; !ok {
			byForm[strings.ToLower(v[1])] = i
		}
	}
	total := 0
	for _, c := range counts {
		n, err := strconv.Atoi(c[2])
		if err != nil || c[1] != kind {
			continue
		}
		out[add(c[0])].count += n
		total += n
	}
	unlisted := 0
	for _, f := range out {
		if f.count == 0 {
			unlisted++
		}
	}
	// Counts in units that leave the unlisted a whole number each.
	each := max(1, int(unlistedShare*float64(total)*100/(1-unlistedShare)/float64(max(1, unlisted))))
	for i := range out {
		out[i].count *= 100
		if out[i].count == 0 {
			out[i].count = each
		}
	}
	return out
}

// draw picks a family by its count.
func draw(r *rand.Rand, list []family) family {
	total := 0
	for _, f := range list {
		total += f.count
	}
	n := r.IntN(total)
	for _, f := range list {
		if n -= f.count; n < 0 {
			return f
		}
	}
	return list[len(list)-1]
}
