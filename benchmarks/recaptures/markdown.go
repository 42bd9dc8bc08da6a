package recaptures

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown gives the tables for RESULTS.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	var counts []string
	for _, g := range slices.Sorted(maps.Keys(r.BonaFide)) {
		counts = append(counts, fmt.Sprintf("%s %d", plain(g), r.BonaFide[g]))
	}
	attacks := 0
	for _, n := range r.Attacks {
		attacks += n
	}
	fmt.Fprintf(&b, "Simulated recaptures of the consented London set: halftone prints and screens, seen by a camera model (blur, noise, JPEG), good or soft (out of focus, smaller, packed harder). %d pictures of persons on whom nothing was fitted. Real photos, one a person: %s; studio are the set's own portraits through the same cameras. \"All\" is a linear discriminant of the four cues, fitted on the other half of the persons and the good camera, in two cases without one kind of attack.\n\n", attacks, strings.Join(counts, ", "))
	b.WriteString("Share of the attacks that go unnoticed (APCER) where no group's BPCER is above 1 % / 5 %:\n\n")
	r.table(&b, "attack", r.Attacks, func(c Cue, key, name string) float64 { return c.At[key].APCER[name] })
	b.WriteString("\nReal photos doubted (BPCER) where the limit for 1 % / 5 % is set in the studio, on the set's own portraits and the good camera alone:\n\n")
	r.table(&b, "group", r.BonaFide, func(c Cue, key, name string) float64 { return c.Studio[key][name] })
	return b.String()
}

// table has a row for each group or instrument and a column for each cue.
func (r *Report) table(b *strings.Builder, what string, rows map[string]int, value func(c Cue, key, name string) float64) {
	cues := slices.Sorted(maps.Keys(r.Cues))
	fmt.Fprintf(b, "| %s | pictures | %s |\n|---|---|%s\n", what, strings.Join(cues, " | "), strings.Repeat("---|", len(cues)))
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(b, "| %s | %d |", plain(name), rows[name])
		for _, cue := range cues {
			fmt.Fprintf(b, " %.0f / %.0f %% |", 100*value(r.Cues[cue], "1%", name), 100*value(r.Cues[cue], "5%", name))
		}
		b.WriteString("\n")
	}
}

func plain(name string) string { return strings.ReplaceAll(name, "_", " ") }
