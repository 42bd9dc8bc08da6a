package evalnames

import (
	"fmt"
	"strings"
)

// Markdown is the result as tables.
func (b *Bench) Markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Rules %s, threshold %.2f, seed %d. Intervals are the middle 95 %% of %d bootstrap samples of persons, or of families for the region's sets.\n\n", b.Version, b.Threshold, b.Seed, replicates)
	fmt.Fprintf(&s, "The region's sets: people made of the labelled spellings' families, listed under the French spelling and asked for in another, among %d entries (OFAC individuals, made-up people of the whole world, generated names of the region; nobody else bears a target's very name). \"Rules alone\": the table of families is off, as if every family were held out. The rules were written, and the table was extended, with these spellings in view: on others both will do worse, the table above all.\n\n", b.ListSize)
	s.WriteString("| set | searches | persons or families | recall at 1 | at 10 | candidates at 200 | at the threshold | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range b.Recalls {
		fmt.Fprintf(&s, "| %s | %d | %d | %s | %s | %s | %s | %.2f | %.2f |\n", r.Set, r.Queries, r.Clusters, r.At1, r.At10, r.At200, r.Reached, r.Latency.P50, r.Latency.P99)
	}
	s.WriteString("\nThe machine-readable zones (TD1, TD2, TD3 alike) are printed from names as they are listed, in one orthography of the region each, read and searched as a node does; a third has so many given names that the field cuts most of them, in a quarter surname and given names are swapped, and of the people with an Arabic form of every part a half is printed from that by ICAO's table. A reading error changes a printed character, fillers between words among them, into one that looks like it, by a table of the benchmark's own. How a cut-off name's missing words count was set on seed 2026.\n")
	fmt.Fprintf(&s, "\nDifferent surname families linked by the rules: %.2f %% of %d pairs (%d families; by key %.2f %%, by score %.2f %%).\n", 100*b.Links.Linked, b.Links.Pairs, b.Links.Families, 100*b.Links.ByKey, 100*b.Links.ByScore)
	fmt.Fprintf(&s, "\nLabelled Person pairs (name_bench, %d of which %d match): F1 %s over %d folds, each judged by the others' threshold; %.3f with one threshold on all.\n", b.Pairs.Pairs, b.Pairs.Matches, b.Pairs.F1, folds, b.Pairs.InSample)
	a := b.Alerts
	fmt.Fprintf(&s, "\nAlerts at the threshold, against %d OFAC rows: false alerts %s of %d strangers. With %d persons listed besides and asked for as documents may write them (last name first, no middle name, a typing mistake): found %s; precision %s among them and %d strangers for each. What an omitted word costs, and how names in Han and Hangul are met, was chosen on the same strangers.\n",
		a.ListRows, a.FalseAlerts, a.Strangers, a.Mated, a.Found, a.Precision, strangersPerMated)
	s.WriteString("\n| strange name | candidates | slowest of 5, ms |\n|---|---|---|\n")
	for _, r := range b.Strange {
		fmt.Fprintf(&s, "| %s | %d | %.1f |\n", r.What, r.Found, r.Millis)
	}
	s.WriteString("\nData, SHA-256:")
	for _, f := range sortedKeys(b.Hashes) {
		fmt.Fprintf(&s, " %s `%.16s…`;", f, b.Hashes[f])
	}
	s.WriteString("\n")
	return s.String()
}

// String is the share with its interval.
func (i Interval) String() string { return fmt.Sprintf("%.4g (%.3g–%.3g)", i.Value, i.Low, i.High) }

// Markdown is the measurement as a table.
func (r *Large) Markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d names, one entry each, given names and surnames as often as the region bears them, in a process of its own: from the index's sealed file (%.0f MiB) to the first answer %.1f s, from the list without it %.1f s, %d MiB in RAM (%d at most, while a second index was built), %.0f queries a second with one client per core, an update seen after at most %.1f ms. Equal answers after a rebuild in another order, and from the file: %t.\n\n",
		r.Names, r.FileMiB, r.StartSeconds, r.BuildSeconds, r.RSSMiB, r.RSSPeakMiB, r.QPS, r.UpdateMillis, r.Same)
	fmt.Fprintf(&s, "| searches, one client, best of %d passes | count | p50 ms | p95 ms | p99 ms | max ms |\n|---|---|---|---|---|---|\n", passes)
	for _, set := range sortedKeys(r.Sets) {
		l := r.Sets[set]
		fmt.Fprintf(&s, "| %s | %d | %.2f | %.2f | %.2f | %.2f |\n", set, l.Count, l.P50, l.P95, l.P99, l.Max)
	}
	l := r.Latency
	fmt.Fprintf(&s, "| all | %d | %.2f | %.2f | %.2f | %.2f |\n", l.Count, l.P50, l.P95, l.P99, l.Max)
	return s.String()
}
