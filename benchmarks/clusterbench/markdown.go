package clusterbench

import (
	"fmt"
	"slices"
	"strings"

	"vigie/benchmarks"
)

// Markdown gives the section of RESULTS.md.
func (r *Report) Markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "## The cluster: speed, fail-over, restarts, idle traffic\n\n`make bench-cluster`, %s, commit %s, %s, %d cores, %d MiB, %s, load before %s, after %s, %.0f s in all. All nodes, the clients and the disk share this one machine, made-up entries, no photos. Times in milliseconds unless said otherwise. CPU is processor time, user + system, of one node (the leader / the mean follower).\n\n",
		m.Date, m.Commit, m.CPU, m.Cores, m.MemMiB, m.Go, m.LoadAvg, r.LoadAfter, r.Seconds)
	b.WriteString(benchmarks.GoalTable(r.Goals))
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "\n**SKIPPED** %s\n", s)
	}
	r.writeTable(&b)
	r.faultTable(&b)
	r.listTable(&b)
	r.idleTable(&b)
	r.profileTable(&b)
	return b.String()
}

// String is user and system time, rounded to whole units.
func (c CPU) String() string { return fmt.Sprintf("%.0f + %.0f", c.User, c.System) }

func (r *Report) writeTable(b *strings.Builder) {
	if len(r.Writes) == 0 {
		return
	}
	fmt.Fprintf(b, "\nDurable writes, one entry each (a name, a template of 128 values where said; %d bytes in the raft log), over HTTPS to the leader, acknowledged after a majority's sync, with registry, indexes and audit. Beside it hashicorp/raft with raft-wal alone, three processes, the same payload and syncs, no TLS, its clients inside the leader; in turns, pass by pass:\n\n", r.PayloadBytes)
	b.WriteString("| clients | template | writes/s | p50 | p99 | failed | CPU µs a write | bare raft writes/s | p50 | p99 | CPU µs a write | ratio |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	passes := slices.Clone(r.Writes)
	slices.SortStableFunc(passes, func(x, y WritePass) int {
		if x.Face != y.Face {
			if x.Face {
				return -1
			}
			return 1
		}
		return x.Clients - y.Clients
	})
	for _, w := range passes {
		face := "yes"
		if !w.Face {
			face = "no"
		}
		fmt.Fprintf(b, "| %d | %s | %.0f | %.1f | %.1f | %d | %s / %s | %.0f | %.1f | %.1f | %s / %s | %.2f |\n", w.Clients, face,
			w.PerSecond, w.Latency.P50, w.Latency.P99, w.Failed, w.Cost.Leader, w.Cost.Follower,
			w.Bare.PerSecond, w.Bare.Latency.P50, w.Bare.Latency.P99, w.Bare.Cost.Leader, w.Bare.Cost.Follower, w.Ratio)
	}
	var client float64
	n := 0
	for _, w := range r.Writes {
		if w.Clients == 64 && w.Face {
			client += w.Cost.Client.User + w.Cost.Client.System
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(b, "\nThe clients themselves took %.0f µs of CPU a write at 64 clients.\n", client/float64(n))
	}
}

func (r *Report) faultTable(b *strings.Builder) {
	row := func(what string, g *Gaps) {
		if g == nil {
			return
		}
		extra := ""
		if g.Restart != nil {
			extra = fmt.Sprintf("killed node ready again: p50 %.0f, p99 %.0f", g.Restart.P50, g.Restart.P99)
		}
		if g.Call != nil {
			extra = fmt.Sprintf("the request itself: p50 %.0f, p99 %.0f", g.Call.P50, g.Call.P99)
		}
		fmt.Fprintf(b, "| %s | %d | %.0f | %.0f | %.0f | %d | %d | %s |\n", what, g.Runs, g.Gap.P50, g.Gap.P99, g.Gap.Max, g.Acked, g.Lost+g.Wrong, extra)
	}
	if r.Kills != nil || r.Transfers != nil {
		b.WriteString("\nWrite gap: the longest time without an acknowledgement of the worst of the clients, one per living node, each writing without a pause to its own node. Link profile lan.\n\n| fault | runs | p50 | p99 | max | acknowledged | lost or wrong | |\n|---|---|---|---|---|---|---|---|\n")
		row("kill -9 of the leader", r.Kills)
		row("planned transfer", r.Transfers)
	}
	if o := r.Rolling; o != nil {
		fmt.Fprintf(b, "\nRolling restarts: %d restarts with SIGTERM, the next when the last was ready, a writer per node without a pause and a searcher per node every 10 ms, each going to the next node when its own gives no answer. %d searches (p50 %.1f, p99 %.1f), %d of them answered by another node, **%d by none**. %d writes acknowledged, **%d lost or wrong**. Write gap p50 %.0f, max %.0f; a node was away for p50 %.0f, max %.0f.\n",
			o.Restarts, o.Reads, o.ReadLatency.P50, o.ReadLatency.P99, o.ReadsMoved, o.ReadsFailed, o.Acked, o.Lost+o.Wrong, o.Gaps.P50, o.Gaps.Max, o.Down.P50, o.Down.Max)
	}
}

func (r *Report) listTable(b *strings.Builder) {
	if i := r.Import; i != nil {
		fmt.Fprintf(b, "\nImport of %d entries with a name and a template each, %d requests of %d at once: %.0f entries/s, CPU µs an entry %s / %s, the clients %s.\n", i.Entries, importers, batchLines, i.PerSecond, i.Cost.Leader, i.Cost.Follower, i.Cost.Client)
	}
	if len(r.Restarts)+len(r.Joins) == 0 {
		return
	}
	b.WriteString("\nWith that list, from the start of the process to the first search by name and template that finds its entry among all (in brackets: from the request for a join token):\n\n| start | ms | CPU s of it, user + system |\n|---|---|---|\n")
	for _, s := range slices.Concat(r.Restarts, r.Joins) {
		total := ""
		if s.TotalMillis > 0 {
			total = fmt.Sprintf(" (%.0f)", s.TotalMillis)
		}
		fmt.Fprintf(b, "| %s | %.0f%s | %.2f + %.2f |\n", s.What, s.Millis, total, s.CPU.User, s.CPU.System)
	}
}

func (r *Report) idleTable(b *strings.Builder) {
	if len(r.Idle) == 0 {
		return
	}
	fmt.Fprintf(b, "\nIdle nodes, three voters and a nonvoter per link profile, %.0f s on the loopback's wire: IP packets with all headers and TLS, both directions, traffic with all other nodes together. The month is extrapolated:\n\n| profile | node | packets | bytes/h | GB in 30 days | CPU s/h, user + system |\n|---|---|---|---|---|---|\n", r.Idle[0].Seconds)
	for _, t := range r.Idle {
		fmt.Fprintf(b, "| %s | %s | %d | %.0f | %.3f | %.0f + %.0f |\n", t.Profile, t.Node, t.Packets, t.PerHour, t.GBPerMonth, t.CPUPerHour.User, t.CPUPerHour.System)
	}
}

func (r *Report) profileTable(b *strings.Builder) {
	if len(r.Profile) == 0 {
		return
	}
	b.WriteString("\nWhere the processor time of a node goes while 64 clients write to the leader (entries with templates), sampled by perf, kernel included. A stack counts where the first of the rules of `benchmarks/clusterbench/profile.go` finds a function of it, so that syncs and TLS count as such wherever they are called from. Left, allocation counts apart, as it does with garbage collection; right, with whoever allocates:\n\n| what |")
	for _, p := range r.Profile {
		fmt.Fprintf(b, " %s, %.2f cores, %.0f writes/s, %d samples | allocation with its caller |", p.Node, p.Cores, p.PerSecond, p.Samples)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|---|", len(r.Profile)) + "\n")
	rows := slices.Clone(r.Profile[0].Shares)
	for _, s := range r.Profile[0].Owners {
		if !slices.ContainsFunc(rows, func(o Share) bool { return o.What == s.What }) {
			rows = append(rows, s)
		}
	}
	for _, s := range rows {
		fmt.Fprintf(b, "| %s |", s.What)
		for _, p := range r.Profile {
			fmt.Fprintf(b, " %s | %s |", percent(p.Shares, s.What), percent(p.Owners, s.What))
		}
		b.WriteString("\n")
	}
	top := r.Profile[0].Top
	b.WriteString("\nMost samples of the leader end in")
	for i, s := range top[:min(len(top), 8)] {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, " `%s` (%.1f %%)", s.What, s.Percent)
	}
	b.WriteString(".\n")
}

// percent is a share as text, "" where there is none.
func percent(of []Share, what string) string {
	for _, s := range of {
		if s.What == what {
			return fmt.Sprintf("%.1f %%", s.Percent)
		}
	}
	return ""
}
