package names

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"vigie/watchlist"
)

// familiesTSV is the table of spelling families; its head says how it is laid
// out and where its rows come from.
//
//go:embed families.tsv
var familiesTSV string

// Family is one row of the table: spellings of one name.
type Family struct {
	// Number is from 1. It stays with the family while the program runs, whatever is
	// added to the table or withdrawn, and is never given to another.
	Number uint16
	// Kind is "surname" or "given".
	Kind string
	// Frequency is the estimated share of the region's names that hold it, 0 when
	// nothing is known.
	Frequency float64
	// Provenance says who holds that the spellings are one name.
	Provenance string
	// Forms are the spellings as written in the table. The first names the family.
	Forms []string
	// Change is the accepted change that added the family, 0 for one of the release.
	Change uint64
	// Added says which changes added spellings to the family, by their place in
	// Forms; a place that is not listed came with the family.
	Added map[int]uint64
	// orphan: spellings for a family of the release that this release does not have.
	orphan bool
}

// Table is the spelling families in force: those of the release, and what the
// administrators have added to them. It never changes once it is built and is
// safe for concurrent use.
type Table struct {
	// version counts the accepted changes.
	version  uint64
	families []*Family
	byNumber map[uint16]*Family
	byText   map[string][]uint16
	bySource map[string][]uint16
}

// shipped builds the embedded table once.
var shipped = sync.OnceValue(func() *Table {
	t, err := parseFamilies(familiesTSV)
	if err != nil {
		// The table is part of the program; a test reads it.
		panic("names: the embedded table of families is broken: " + err.Error())
	}
	return t
})

// Shipped is the table of the release alone.
func Shipped() *Table { return shipped() }

// Families gives the rows of the embedded table. The caller must not change
// them.
func Families() []*Family { return shipped().Families() }

// Families lists the families of the table: those of the release in their order,
// then those of accepted changes. The caller must not change them.
func (t *Table) Families() []*Family { return t.families }

// Version names the rules and the table: Version for that of the release, with
// the number of accepted changes behind it when there are any ("wa-4+2").
// Keys and scores of two versions are not comparable.
func (t *Table) Version() string { return VersionOf(t.version) }

// VersionOf is the Version of the table after so many accepted changes, in this
// release.
func VersionOf(accepted uint64) string {
	if accepted == 0 {
		return Version
	}
	return fmt.Sprintf("%s+%d", Version, accepted)
}

func newTable() *Table {
	return &Table{byNumber: map[uint16]*Family{}, byText: map[string][]uint16{}, bySource: map[string][]uint16{}}
}

func parseFamilies(tsv string) (*Table, error) {
	t := newTable()
	sc := bufio.NewScanner(strings.NewReader(tsv))
	for line := 1; sc.Scan(); line++ {
		if sc.Text() == "" || strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		cols := strings.Split(sc.Text(), "\t")
		if len(cols) != 4 {
			return nil, fmt.Errorf("line %d: want 4 columns, have %d", line, len(cols))
		}
		perMille, err := strconv.ParseFloat(cols[1], 64)
		if err != nil || perMille <= 0 || perMille >= 500 {
			return nil, fmt.Errorf("line %d: the frequency is a number per 1000", line)
		}
		f := &Family{
			Number: uint16(len(t.families) + 1), Kind: cols[0], Frequency: perMille / 1000,
			Provenance: cols[2], Forms: strings.Split(cols[3], ","),
		}
		if f.Kind != watchlist.FamilySurname && f.Kind != watchlist.FamilyGiven || f.Provenance == "" || len(f.Forms) < 2 {
			return nil, fmt.Errorf("line %d: want kind, frequency, provenance and two forms", line)
		}
		t.add(f)
	}
	return t, sc.Err()
}

// add registers a family under its spellings.
func (t *Table) add(f *Family) {
	t.families = append(t.families, f)
	t.byNumber[f.Number] = f
	for _, form := range f.Forms {
		t.register(form, f.Number)
	}
}

// register makes a spelling lead to a family. A spelling that folds to nothing
// leads nowhere; of several words the last one counts: what the article of an
// Arabic name leaves.
func (t *Table) register(form string, number uint16) {
	add := func(m map[string][]uint16, key string) {
		if key != "" && !slices.Contains(m[key], number) {
			// A slice of its own: tables share what they have in common.
			m[key] = append(slices.Clone(m[key]), number)
			slices.Sort(m[key])
		}
	}
	r, ok := formWord(form)
	switch {
	case !ok:
	case r.Source != "":
		add(t.bySource, r.Source)
	default:
		add(t.byText, r.Text)
		add(t.byText, r.Alt)
	}
}

// formWord is the word by which a spelling is looked up.
func formWord(form string) (Raw, bool) {
	raws := Split(watchlist.Name{Full: strings.TrimSpace(form)})
	if len(raws) == 0 {
		return Raw{}, false
	}
	return raws[len(raws)-1], true
}

// errSpelling says what a spelling must be.
var errSpelling = errors.New("one word of at least two letters and no digit, no particle or initial, not in Han characters or Hangul")

// CheckSpelling says what keeps the table from using a spelling; nil when it can.
func CheckSpelling(form string) error {
	if strings.IndexFunc(form, unicode.IsDigit) >= 0 {
		return errSpelling // folding would take it for a letter that was misread
	}
	raws := Split(watchlist.Name{Full: form})
	raws = slices.DeleteFunc(raws, func(r Raw) bool { return r.Source != "" && classify(r) == Particle })
	if len(raws) != 1 || raws[0].Syllabic || len(raws[0].Text) < 2 || classify(raws[0]) == Particle {
		return errSpelling
	}
	return nil
}

func (t *Table) lookup(r Raw) []uint16 {
	if r.Source != "" && len(t.bySource[r.Source]) > 0 {
		return t.bySource[r.Source]
	}
	if r.Consonantal || r.Syllabic {
		return nil
	}
	return t.byText[r.Text]
}

// Knows reports whether a word is in any family.
func (t *Table) Knows(r Raw) bool { return len(t.lookup(r)) > 0 }

// Same reports whether a word has the same families in both tables, and so the
// same keys and scores.
func (t *Table) Same(o *Table, r Raw) bool { return slices.Equal(t.lookup(r), o.lookup(r)) }

// FamiliesOf lists the families that a spelling belongs to.
func (t *Table) FamiliesOf(form string) []*Family {
	r, ok := formWord(form)
	if !ok {
		return nil
	}
	var out []*Family
	for _, n := range t.lookup(r) {
		out = append(out, t.byNumber[n])
	}
	return out
}
