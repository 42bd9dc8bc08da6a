package morphs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown gives the tables for RESULTS.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d persons of the consented London set (studio, one sitting; %d refused by the face engine), %d morphs of look-alikes of one sex and group (%d refused), model `%s`, calibration `%s`. A morph is the mean of two neutral portraits warped onto each other by five landmarks, as a JPEG; the live photo is the smiling portrait of either contributor. BPCER and APCER as in ISO/IEC 30107-3.",
		r.Persons, r.Refused, r.Morphs, r.Undetected, r.Model, r.Calibration)
	line("\nShare of morphs that match the live photos of both contributors (MMPMR): %s at FMR 1e-3, %s at 1e-4. Comparing faces alone does not stop a morph.",
		percent(r.Both["1e-3"]), percent(r.Both["1e-4"]))
	line("\nScore between document and live photo, quantiles 5 / 50 / 95 %%, and rates where the limit is set on all bona fide documents of this set, and at the product's limit (score %.3f), below which it says that the document does not look like its bearer:\n", r.Groups["all"].Product.Limit)
	line("| group | persons | attacks | bona fide | morphs | APCER at BPCER 1 %% | at 10 %% | BPCER, product | APCER, product |")
	line("|---|---|---|---|---|---|---|---|---|")
	for _, name := range sorted(r.Groups) {
		g := r.Groups[name]
		if g.Attacks == 0 {
			continue
		}
		line("| %s | %d | %d | %s | %s | %s | %s | %s | %s |", strings.ReplaceAll(name, "_", " "), g.Persons, g.Attacks, three(g.BonaFide), three(g.Morph),
			percent(g.At["1%"].APCER), percent(g.At["10%"].APCER), percent(g.Product.BPCER), percent(g.Product.APCER))
	}
	l := r.Listed
	line("\nThe cue that the product gives for morphs: the document matches a listed person (threshold %.3f: FPIR 1 %% in a gallery of 1,000) whom the bearer does not match. Everyone else of the set is listed: BPCER %s (%d of %d bona fide documents), APCER %s (%d of %d morphs go unnoticed).",
		l.Threshold, percent(share(l.Flagged, l.BonaFide)), l.Flagged, l.BonaFide, percent(1-share(l.Noticed, l.Attacks)), l.Attacks-l.Noticed, l.Attacks)
	if len(r.Aged) == 0 {
		return b.String()
	}
	line("\nBona fide photos of one person taken at other times, often years apart, called doubtful by the same limits. This is why the product sets no limit that finds morphs by the document alone: it would doubt most honest travellers with an old photo.\n")
	line("| group | pairs | score | BPCER at this set's 1 %% limit | at its 10 %% limit | at the product's |")
	line("|---|---|---|---|---|---|")
	for _, name := range sorted(r.Aged) {
		a := r.Aged[name]
		line("| %s | %d | %s | %s | %s | %s |", name, a.Pairs, three(a.Quantiles), percent(a.BPCER["1%"]), percent(a.BPCER["10%"]), percent(a.Product))
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func three(q [3]float64) string { return fmt.Sprintf("%.2f / %.2f / %.2f", q[0], q[1], q[2]) }

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
