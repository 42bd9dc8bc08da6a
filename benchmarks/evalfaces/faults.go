package evalfaces

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"maps"
	"strings"

	"vigie/models/calibrate"
)

// faultsCSV lists pairs of ids of the test data that are one person, by the data
// set's own files or as the photos plainly show, never by a score. The ids occur
// in no other data, so that the list does nothing elsewhere.
//
//go:embed faults.csv
var faultsCSV string

// knownFaults gives the known faults among the persons of a folder that its own
// exclusions don't cover.
func knownFaults(groups []GroupSet, excluded calibrate.Pairs) (calibrate.Pairs, error) {
	rows, err := csv.NewReader(strings.NewReader(faultsCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the list of label faults: %w", err)
	}
	found := calibrate.Pairs{}
	for _, g := range groups {
		here := map[string]bool{}
		for _, p := range g.Photos {
			here[p.Person] = true
		}
		for _, row := range rows[1:] {
			if here[row[0]] && here[row[1]] && !excluded[[2]string{row[0], row[1]}] {
				found.Add(row[0], row[1])
			}
		}
	}
	return found, nil
}

// Corrected gives the exclusions of the folder and the known faults of its
// labels.
func (s *Set) Corrected() calibrate.Pairs {
	out := maps.Clone(s.Excluded)
	maps.Copy(out, s.Faults)
	return out
}
