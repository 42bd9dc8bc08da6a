package evalfaces

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vigie/matcher"
)

// markdown gives the tables on several photos.
func (s *Several) markdown() string {
	var b strings.Builder
	b.WriteString("Persons with three photos or more, in spaces learned from others; two photos of a person that score above ")
	fmt.Fprintf(&b, "%.2f are taken for one picture and left out. Thresholds are those of West African impostors, one photo against one. "+
		"The photos are of different days: frames of one booth have more of their errors in common, and gain less. "+
		"Brackets hold 95 %% intervals over drawings of persons, with the thresholds held; with so few persons they are wide. Persons:", samePicture)
	for _, name := range slices.Sorted(maps.Keys(s.Persons)) {
		fmt.Fprintf(&b, " %s %d.", name, s.Persons[name])
	}
	b.WriteString("\n")
	for _, part := range []struct {
		title string
		ways  []Way
	}{
		{"Two enrolled photos, a third as the probe", s.References},
		{"Two probe photos, a third enrolled", s.Frames},
		{"Two probe photos against two enrolled", s.Both},
	} {
		fmt.Fprintf(&b, "\n| %s | mated | persons | impostors | FNMR at its own FMR 1e-3 | 1e-4 | FNMR at the threshold of one photo for 1e-3 | for 1e-4 | FMR there, 1e-3 | 1e-4 |\n|---|---|---|---|---|---|---|---|---|---|\n", part.title)
		for _, w := range part.ways {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s | %s | %s | %s | %s |\n", w.Name, w.Mated, w.Persons, w.Impostors,
				percent(w.FNMR["1e-3"]), percent(w.FNMR["1e-4"]), within(w.FNMRAtOne["1e-3"], w.Intervals["1e-3"]), within(w.FNMRAtOne["1e-4"], w.Intervals["1e-4"]),
				percent(w.FMRAtOne["1e-3"]), percent(w.FMRAtOne["1e-4"]))
		}
	}
	if len(s.Raised) > 0 {
		b.WriteString("\nA mean matches strangers more often than its photos one by one:\n\n| group | two | persons | comparisons | at FMR | one photo | mean of two | ratio |\n|---|---|---|---|---|---|---|---|\n")
	}
	for _, r := range s.Raised {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s | %s | %s | %s |\n", r.Group, r.Of, r.Persons, r.Comparisons, r.FMR, percent(r.One), percent(r.Mean), ratio(r.Ratio, r.Interval))
	}
	s.limitsMarkdown(&b)
	fmt.Fprintf(&b, "\nReferences flagged low_quality_reference, and the rest of their group; \"stricter\" is the threshold for %g of the rate.\n", matcher.LowQualityFMR)
	b.WriteString("\n| references | photos | mated | impostors | FMR at the threshold for 1e-3 | 1e-4 | FNMR, 1e-3 | 1e-4 | FNMR stricter, 1e-3 | 1e-4 |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range s.LowQuality {
		name := f.Group
		if f.Flagged {
			name += ", low quality"
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s | %s | %s | %s | %s |\n", name, f.Photos, f.Mated, f.Impostors,
			percent(f.FMR["1e-3"]), percent(f.FMR["1e-4"]), percent(f.FNMR["1e-3"]), percent(f.FNMR["1e-4"]),
			percent(f.FNMRStricter["1e-3"]), percent(f.FNMRStricter["1e-4"]))
	}
	return b.String()
}

func (s *Several) limitsMarkdown(b *strings.Builder) {
	fmt.Fprintf(b, "\nPhotos of an entry that score the limit or more are one reference; the others stand alone. The limit of this calibration is %.3f.\n", s.Agreement)
	b.WriteString("\n" +
		"| limit | own pairs apart | strangers joined | FMR, two photos, 1e-3 | FNMR two photos, 1e-3 | 1e-4 | one and a stranger's, 1e-3 | 1e-4 | two and a stranger's, 1e-3 | 1e-4 |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, l := range s.Limits {
		name := fmt.Sprintf("%.2f", l.Score)
		switch {
		case l.Score <= -1:
			name = "none: one mean"
		case l.Score > 1:
			name = "all apart"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, percent(l.Apart), percent(l.Joined), percent(l.FMRTwo["1e-3"]),
			percent(l.FNMRTwo["1e-3"]), percent(l.FNMRTwo["1e-4"]), percent(l.FNMROneBad["1e-3"]), percent(l.FNMROneBad["1e-4"]),
			percent(l.FNMRTwoBad["1e-3"]), percent(l.FNMRTwoBad["1e-4"]))
	}
	if len(s.Limits) > 0 {
		l := s.Limits[0]
		fmt.Fprintf(b, "\nThe columns rest on %d own pairs, %d pairs of strangers, %d impostors, %d mated searches of %d persons, %d with one and a stranger's photo (%d persons), %d with two and a stranger's.\n",
			l.Pairs, l.Strangers, l.Comparisons, l.TwoMated, l.TwoPersons, l.OneBad, l.OnePersons, l.TwoBad)
	}
}
