package search

import (
	"fmt"
	"math"
	"strings"

	"vigie/benchmarks"
)

// line is a row in one line, for the progress.
func (r Row) line() string {
	s := fmt.Sprintf("%-32s %-4s %dT %-36s %9.1f %9.1f us", r.Name, r.Kind, r.Threads, r.Contender, r.MinUS, r.MedianUS)
	if r.RatioFlatMedian != nil {
		s += fmt.Sprintf("  flat x%.1f x%.1f", *r.RatioFlatMin, *r.RatioFlatMedian)
	}
	if r.Recall != nil {
		s += fmt.Sprintf("  recall %.3f", *r.Recall)
	}
	if r.Differences != nil && *r.Differences > 0 {
		s += fmt.Sprintf("  %d DIFFERENCES", *r.Differences)
	}
	return s
}

// Markdown gives the section of RESULTS.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "## Search: the exact face search against scans and graphs\n\n`make bench-search`, %s, commit %s, %s, %d cores, %d MiB, %s, load before %s, %.0f s in all.\n\n",
		m.Date, m.Commit, m.CPU, m.Cores, m.MemMiB, m.Go, m.LoadAvg, r.Seconds)
	b.WriteString("Contenders of a comparison take turns, pass by pass: one core of this process, or two. \"flat\" is our own float32 scan of every row, \"gallery\" the product's search through its public interface, every answer held against a float64 brute force. FAISS, hnswlib and OpenBLAS run in a separate process on the same vectors and time their own loops; Debian's FAISS is an SSE2 build. hnswlib and FAISS know no distance limit: they give the ten nearest rows, the gallery the ten nearest people within the limit.\n\n")
	b.WriteString(benchmarks.GoalTable(r.Goals))
	b.WriteString("\nOf hit and miss queries the worse; \"best\" is by the least of the passes' times.\n\n")
	r.populationTable(&b)
	r.rowTables(&b)
	r.writeTables(&b)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}

func (r *Report) populationTable(b *strings.Builder) {
	for i, p := range r.Populations {
		if i == 0 {
			b.WriteString("Galleries of made-up people, two photos each, drawn from normal distributions (real faces have heavier tails: this measures speed, not accuracy); a query is another photo drawn like those, though the product makes probes of fewer crops than references:\n\n")
		}
		fmt.Fprintf(b, "- %s: %s. Raw distances: impostor median %.2f, one person's photos %.2f;", p.Name, p.From, p.Raw.Impostor, p.Raw.Mated)
		for _, f := range p.Raw.FMR {
			fmt.Fprintf(b, " FMR at %g %.2g;", f.Distance, f.FMR)
		}
		b.WriteString(" calibrated, stated FMR and measured:")
		for _, c := range p.Calib {
			fmt.Fprintf(b, " %.0e %.1e (distance %.3f);", c.StatedFMR, c.MeasuredFMR, c.Distance)
		}
		b.WriteByte('\n')
	}
	if len(r.Stream) > 0 {
		b.WriteString("\nReading memory:")
		for _, s := range r.Stream {
			fmt.Fprintf(b, " %s (%d MB), %d thread%s, %.1f GB/s at best, %.1f median;", s.Where, s.Bytes/1_000_000, s.Threads, plural(s.Threads), s.Best, s.Median)
		}
		worst, typical := r.noise()
		fmt.Fprintf(b, " the flat scan's median pass took %.2f times its best one typically, %.2f at worst: that is the noise of the machine.\n", typical, worst)
	}
}

// noise gives the median over the best pass of the flat scans: the worst of them
// and the typical one.
func (r *Report) noise() (worst, typical float64) {
	var all []float64
	for _, row := range r.Rows {
		if row.Contender == flatName {
			v := row.MedianUS / row.MinUS
			all, worst = append(all, v), math.Max(worst, v)
		}
	}
	return worst, median(all)
}

// rowTables writes a table per space.
func (r *Report) rowTables(b *strings.Builder) {
	var spaces []string
	bySpace := map[string][]Row{}
	for _, row := range r.Rows {
		if bySpace[row.Space] == nil {
			spaces = append(spaces, row.Space)
		}
		bySpace[row.Space] = append(bySpace[row.Space], row)
	}
	for _, s := range spaces {
		queries := bySpace[s][0].Queries
		for _, row := range bySpace[s] {
			queries = min(queries, row.Queries)
		}
		fmt.Fprintf(b, "\n%s space, microseconds per query, least and median of %d passes of %d queries or more:\n\n", strings.ToUpper(s[:1])+s[1:], bySpace[s][0].Passes, queries)
		b.WriteString("| comparison | queries | threads | contender | least | median | x flat, least | x flat, median | recall at 10 / 1 |\n|---|---|---|---|---|---|---|---|---|\n")
		for _, row := range bySpace[s] {
			who := row.Contender
			if row.Kernel != "" {
				who += " (" + row.Kernel + ")"
			}
			if row.Note != "" {
				who += ", " + row.Note
			}
			fmt.Fprintf(b, "| %s | %s | %d | %s | %.1f | %.1f | %s | %s | %s |\n", row.Name, row.Kind, row.Threads, who,
				row.MinUS, row.MedianUS, times(row.RatioFlatMin), times(row.RatioFlatMedian), found(row))
		}
	}
}

func times(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.1f", *v)
}

// found tells what of the true answer a contender gave.
func found(r Row) string {
	switch {
	case r.Differences != nil && *r.Differences == 0:
		return "exact"
	case r.Differences != nil:
		return fmt.Sprintf("**%d answers differ**", *r.Differences)
	case r.Recall != nil:
		return fmt.Sprintf("%.3f / %.3f", *r.Recall, *r.RecallAt1)
	}
	return ""
}

func (r *Report) writeTables(b *strings.Builder) {
	if len(r.Prefixes) > 0 {
		b.WriteString("\nCodes of one plane (40 leading dimensions) and of two (64), one core, codes alone:\n\n| space | templates | limit | planes | bytes streamed | level 1 passes | level 2 passes | microseconds |\n|---|---|---|---|---|---|---|---|\n")
		for _, p := range r.Prefixes {
			fmt.Fprintf(b, "| %s | %d | %.3f | %d%s | %.1f | %.3f %% | %.4f %% | %.0f |\n", p.Space, p.N, p.Limit, p.Planes, p.mark(), p.Scanned, 100*p.Level1, 100*p.Level2, p.MedianUS)
		}
	}
	if len(r.Inserts) > 0 {
		b.WriteString("\nInserting, one entry with one photo at a time, on the writer's goroutine:\n\n| what | into | entries | microseconds, best round | median round | longest | not found at once |\n|---|---|---|---|---|---|---|\n")
		for _, i := range r.Inserts {
			fmt.Fprintf(b, "| %s | %d | %d | %.2f | %.2f | %.0f | %d |\n", i.What, i.Into, i.Entries, i.Mean, i.Median, i.Max, i.Unseen)
		}
	}
	if l := r.Load; l != nil {
		fmt.Fprintf(b, "\nQueries at %d a second on %d templates (%s, distance %.3f), alone and while %.0f entries a second are applied one by one, %d slices of %g s each by turns; from when a query was due to its answer: alone p50 %.2f, p99 %.2f, longest %.2f ms; with inserts p50 %.2f, p99 %.2f, longest %.2f ms (p99 x%.2f). Apply, after which an entry is visible: p50 %.3f, p99 %.3f, longest %.2f ms.\n",
			l.QueryRate, l.N, l.Space, l.Tau, l.PerSecond, l.Slices, l.Seconds, l.Alone.P50, l.Alone.P99, l.Alone.Max,
			l.Under.P50, l.Under.P99, l.Under.Max, l.RatioP99, l.Apply.P50, l.Apply.P99, l.Apply.Max)
	}
	if l := r.Reload; l != nil {
		fmt.Fprintf(b, "\nStarting with %d templates (%s): built from the entries in %.1f s; the sealed files (%d MB) written in %.1f s and loaded, from the system's cache, until the first answer in %.2f s at best, %.2f median of %d.\n",
			l.N, l.Space, l.Rebuild, l.Bytes/1_000_000, l.Save, l.Load, l.LoadMedian, l.Loads)
	}
	for _, m := range r.Memory {
		fmt.Fprintf(b, "\nMemory, %s space, %d templates: %d bytes of codes a template; %.0f bytes of process memory a template in all, its values and owner included; %d segments, %d bases, %d outliers.\n", m.Space, m.N, m.Hot, m.Resident, m.Segments, m.Bases, m.Outliers)
	}
	b.WriteByte('\n')
}
