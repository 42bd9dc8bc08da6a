package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vigie/benchmarks"
)

// Markdown gives the section of RESULTS.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "## Core: the main job on three processes\n\n`make bench-core`, %s, commit %s, %s, %d cores, %d MiB, %s, load before %s. `vigie serve` processes (three, for photos one), the load generator and their disk share this one machine. Times in milliseconds.\n\n",
		m.Date, m.Commit, m.CPU, m.Cores, m.MemMiB, m.Go, m.LoadAvg)
	b.WriteString("Durable REST writes (one entry each, acknowledged by the leader after a majority's fsync):\n\n| clients | writes/s | p50 | p99 | failed |\n|---|---|---|---|---|\n")
	for _, w := range r.Writes {
		fmt.Fprintf(&b, "| %d | %.0f | %.1f | %.1f | %d |\n", w.Clients, w.PerSecond, w.Latency.P50, w.Latency.P99, w.Failed)
	}
	b.WriteString("\nImport (batches of 256 over REST, each entry with a name and a template):\n\n| entries | entries/s |\n|---|---|\n")
	for _, i := range r.Imports {
		fmt.Fprintf(&b, "| %d | %.0f |\n", i.Entries, i.PerSecond)
	}
	b.WriteString("\nMatch queries over HTTPS to a follower, one at a time. \"Node\" is the sum of the stages that the answer states; rank 1 says how often the very name that was misspelt came first (made-up names, many of them alike: a speed test, not an accuracy figure).\n\n| query | entries | gallery | p50 | p99 | node p50 | node p99 | stages p50 | rank 1 |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, q := range slices.Concat(r.Names, r.Photos) {
		found := ""
		if q.Found > 0 {
			found = fmt.Sprintf("%.2f", q.Found)
		}
		gallery := "–" // no face was searched
		if q.Gallery > 0 {
			gallery = strconv.Itoa(q.Gallery)
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %.1f | %.1f | %.1f | %.1f | %s | %s |\n", q.What, q.Entries, gallery,
			q.Latency.P50, q.Latency.P99, q.Node.P50, q.Node.P99, stageText(q.Stages), found)
	}
	r.photoTables(&b)
	b.WriteString("\nFace search alone, in one process, templates drawn from the cohort's mean and covariance, half of the probes mated:\n\n| templates | top 10 p50 | p99 | at FPIR 1 % p50 | p99 | build |\n|---|---|---|---|---|---|\n")
	for _, f := range r.Faces {
		fmt.Fprintf(&b, "| %d | %.2f | %.2f | %.2f | %.2f | %.0f |\n", f.Templates, f.Top10.P50, f.Top10.P99, f.AtPoint.P50, f.AtPoint.P99, f.BuildMS)
	}
	return b.String()
}

// photoTables gives the goals of the photo path and its passes.
func (r *Report) photoTables(b *strings.Builder) {
	if len(r.PhotoPasses) == 0 {
		return
	}
	b.WriteString("\nPhoto to answer, on one node with two face workers. go-face runs in the load generator, alone, on the same file between the queries; it decodes, finds and encodes, and searches nothing. A photo that finds the second worker idle has half of its work done there.\n\n")
	b.WriteString(benchmarks.GoalTable(r.Goals))
	b.WriteString("\n| picture, pass by pass | p50 | p99 | go-face p50 | ratio |\n|---|---|---|---|---|\n")
	for _, p := range r.PhotoPasses {
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %.1f | %.2f |\n", p.What, p.Latency.P50, p.Latency.P99, p.GoFace.P50, p.Ratio)
	}
	b.WriteString("\nPortraits per second, two clients:")
	for _, rate := range r.Rates {
		fmt.Fprintf(b, " %.1f on one core, %.1f on two (%.2f x);", rate.OneCore, rate.TwoCores, rate.Ratio)
	}
	fmt.Fprintf(b, " memory with an empty list: %.0f MB.\n", r.WorkersMB)
}

func stageText(s map[string]float64) string {
	var names []string
	for n := range s {
		names = append(names, n)
	}
	slices.Sort(names)
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %.1f", n, s[n])
	}
	return strings.Join(names, ", ")
}
