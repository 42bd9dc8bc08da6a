package fusion

import (
	"fmt"
	"strings"

	"vigie/benchmarks"
)

// Goals judges the run by the bounds of issue 5.
func (rep *Report) Goals() []benchmarks.Goal {
	rests := fmt.Sprintf("%d mated and %d non-mated searches", rep.Mated, rep.NonMated)
	ratio := benchmarks.Goal{What: "FNIR of the fusion over that of the best single evidence", Want: 0.5, AtMost: true, Rests: rests}.Judge(rep.Ratio)
	ratio.Interval = &[2]float64{rep.RatioLow, rep.RatioHigh}
	ece := benchmarks.Goal{What: "expected calibration error of first candidates", Want: 0.03, AtMost: true, Unit: benchmarks.Share, Rests: rests}.Judge(rep.ECE)
	return []benchmarks.Goal{ratio, ece}
}

// Markdown is the result as tables.
func (rep *Report) Markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d rounds; in each a list of %d entries, %d of them with a photo, and travellers whom the whole matcher is asked for: %d mated searches of %d persons, %d non-mated of %d. Faces are real templates of the test photos (the calibration's space was learned on the same people, which flatters the face); names are made up from the counts of the region's names and written again as documents may have them (the calibration of names was fitted to people drawn in the same way); births, documents, nationalities, and what is missing or wrong, are drawn by the shares in `benchmarks/fusion/stream.go`, set before anything was measured. Every mated traveller's entry has a photo; face, name, birth and nationality of a person are drawn independently of one another; no two persons have one document number but by chance. How often papers are borrowed and names false is a guess, by the same people as the fusion's own estimates of it (`matcher/dependence.go`): a post where it is otherwise will see another gain. Seed %d, calibrations %s and %s, name rules %s.\n\n",
		rep.Rounds, rep.Entries, rep.WithPhoto, rep.Mated, rep.MatedPersons, rep.NonMated, rep.NonMatedPersons, rep.Seed, rep.Calibration, rep.Evidence, rep.NamesVersion)
	fmt.Fprintf(&s, "| evidence | known, of mated | FNIR at FPIR %g | 95 %% interval |\n|---|---|---|---|\n", rep.FPIR)
	for _, r := range rep.Rows {
		fmt.Fprintf(&s, "| %s | %.3f | %.3f | %.3f–%.3f |\n", r.Evidence, r.Known, r.FNIR, r.Low, r.High)
	}
	fmt.Fprintf(&s, "\nThe fusion misses %.2f (%.2f–%.2f) times as many as the best single evidence. An evidence that a mated search lacks is a miss for it.\n\n", rep.Ratio, rep.RatioLow, rep.RatioHigh)
	s.WriteString("| band at the shipped settings | mated searches, their entry | non-mated searches, first candidate |\n|---|---|---|\n")
	for _, b := range bandOrder {
		fmt.Fprintf(&s, "| %s | %.4f | %.4f |\n", b, rep.MatedBands[b], rep.NonMatedBands[b])
	}
	fmt.Fprintf(&s, "\nFirst candidates, with the stream's own share of mated travellers as the base rate: expected calibration error %.4f.\n\n| posterior | right | candidates |\n|---|---|---|\n", rep.ECE)
	for _, b := range rep.ECEBins {
		fmt.Fprintf(&s, "| %.3f | %.3f | %d |\n", b.Predicted, b.Observed, b.Count)
	}
	fmt.Fprintf(&s, "\nData, SHA-256: photos `%.16s…`;", rep.FacesSHA256)
	for _, f := range rep.NamesSHA256 {
		fmt.Fprintf(&s, " %s `%.16s…`;", f.Name, f.SHA256)
	}
	s.WriteString("\n")
	return s.String()
}
