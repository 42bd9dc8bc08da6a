package names

import (
	"bufio"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"vigie/watchlist"
)

// familiesTSV is the table of spelling families; its head says how it is laid
// out and where its rows come from.
//
//go:embed families.tsv
var familiesTSV string

// Family is one row of the table: spellings of one name.
type Family struct {
	// Number counts the rows from 1.
	Number uint16
	// Kind is "surname" or "given".
	Kind string
	// Frequency is the estimated share of the region's names that hold it.
	Frequency float64
	// Provenance says who holds that the spellings are one name.
	Provenance string
	// Forms are the spellings as written in the table.
	Forms []string
}

type familyTable struct {
	families []Family
	byText   map[string][]uint16
	bySource map[string][]uint16
}

// table builds the embedded table once.
var table = sync.OnceValue(func() *familyTable {
	t, err := parseFamilies(familiesTSV)
	if err != nil {
		// The table is part of the program; a test reads it.
		panic("names: the embedded table of families is broken: " + err.Error())
	}
	return t
})

// Families gives the rows of the embedded table. The caller must not change
// them.
func Families() []Family { return table().families }

func parseFamilies(tsv string) (*familyTable, error) {
	t := &familyTable{byText: map[string][]uint16{}, bySource: map[string][]uint16{}}
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
		f := Family{
			Number: uint16(len(t.families) + 1), Kind: cols[0], Frequency: perMille / 1000,
			Provenance: cols[2], Forms: strings.Split(cols[3], ","),
		}
		if f.Kind != "surname" && f.Kind != "given" || f.Provenance == "" || len(f.Forms) < 2 {
			return nil, fmt.Errorf("line %d: want kind, frequency, provenance and two forms", line)
		}
		t.families = append(t.families, f)
		t.index(f)
	}
	return t, sc.Err()
}

// index registers the forms of one word; a form of several words would need
// phrases and is refused by the table's test.
func (t *familyTable) index(f Family) {
	add := func(m map[string][]uint16, key string) {
		if key != "" && !slices.Contains(m[key], f.Number) {
			m[key] = append(m[key], f.Number)
		}
	}
	for _, form := range f.Forms {
		raws := Split(watchlist.Name{Full: strings.TrimSpace(form)})
		if len(raws) == 0 {
			continue
		}
		r := raws[len(raws)-1]
		if r.Source != "" {
			add(t.bySource, r.Source)
			continue
		}
		add(t.byText, r.Text)
		add(t.byText, r.Alt)
	}
}

func (t *familyTable) lookup(r Raw) []uint16 {
	if r.Source != "" && len(t.bySource[r.Source]) > 0 {
		return t.bySource[r.Source]
	}
	if r.Consonantal {
		return nil
	}
	return t.byText[r.Text]
}
