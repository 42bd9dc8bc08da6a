package main

import (
	"fmt"
	"time"

	"vigie/api/client"
)

// listAge says how old a node's list is, "-" when it was never heard.
func listAge(m *client.Member) string {
	if !m.Reachable && m.LastContactMs == 0 {
		return "-"
	}
	return since(time.Duration(m.ListAgeMs) * time.Millisecond)
}

// unknownAge is the age of a list that never was current, and more than any other.
const unknownAge = 50 * 365 * 24 * time.Hour

// since says a duration for people.
func since(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= unknownAge:
		return "unknown"
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// replicationLines say how replication does on the node; none of a release that
// does not tell.
func replicationLines(r *client.Replication, now time.Time) []string {
	if r.LeaderChanges+r.Applied == 0 {
		return nil
	}
	leader := "no leader is known"
	if !r.LeaderSince.IsZero() {
		leader = "leader known for " + since(now.Sub(r.LeaderSince))
	}
	lines := []string{
		fmt.Sprintf("Elections since the node started: %s, %d leaders, %s without one; this node stood %d times and won %d", leader, r.LeaderChanges, since(time.Duration(r.LeaderlessMs)*time.Millisecond), r.Elections, r.ElectionsWon),
		writesLine(r),
	}
	snap := "none yet"
	if s := r.LastSnapshot; !s.At.IsZero() {
		snap = fmt.Sprintf("index %d, %s ago, %.1f MB in %d ms", s.Index, since(now.Sub(s.At)), float64(s.Bytes)/1e6, s.TookMs)
	}
	snap = fmt.Sprintf("Snapshots: last %s; %d written, %d received from another node", snap, r.Snapshots, r.SnapshotsReceived)
	if r.SnapshotFailures > 0 {
		snap += fmt.Sprintf(", %d FAILED", r.SnapshotFailures)
	}
	photos := fmt.Sprintf("Photos: %d still to fetch, %d fetched from other nodes", r.BlobsWanted, r.BlobsFetched)
	if r.BlobFetchFailures > 0 {
		photos += fmt.Sprintf(", %d tries failed", r.BlobFetchFailures)
	}
	return append(lines, snap, photos)
}

func writesLine(r *client.Replication) string {
	text := fmt.Sprintf("Writes: %d log entries applied (a batch p50 %.1f ms, p99 %.1f ms), %d committed and not applied yet", r.Applied, r.ApplyP50Ms, r.ApplyP99Ms, r.ApplyLag)
	if r.Commits > 0 {
		text += fmt.Sprintf("; %d proposed here as the leader (p50 %.1f ms, p99 %.1f ms)", r.Commits, r.CommitP50Ms, r.CommitP99Ms)
	}
	return text
}
