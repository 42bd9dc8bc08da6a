package cluster

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"
)

// collector reads the node's state when it is scraped, and what telemetry counted
// in between. Labels are outcomes and members of the cluster: there are as many
// values as nodes, and none is about a person.
type collector struct {
	n     *Node
	descs map[string]*prometheus.Desc
	// counters and members are as descs: of what only grows, and one of each member.
	counters, members map[string]*prometheus.Desc
	proposals         *prometheus.Desc
}

// metricHelp names the metrics and what they say.
var metricHelp = map[string]string{
	"leader":               "1 if this node leads, else 0.",
	"connected":            "1 if this node sees a leader with a quorum, else 0.",
	"term":                 "Raft term.",
	"commit_index":         "Last raft index known to be committed.",
	"applied_index":        "Last raft index in the registry and every derived index.",
	"last_log_index":       "Last raft index in this node's log.",
	"list_age_seconds":     "Time since this node last knew that its list was current.",
	"last_contact_seconds": "Time since the leader was last heard; 0 on the leader, -1 for never.",
	"members":              "Members of the cluster, this node included.",
	"voters":               "Members that count for the quorum.",
	"entries":              "Watchlist entries in the registry.",
	"audit_events":         "Events in this node's audit log.",
	"blobs_wanted":         "Photos that this node has not fetched yet.",
	"clock_offset_seconds": "How far this node's clock lies off the median of the voters' clocks.",
	"clock_trusted":        "1 if this node's clock may stamp commands, else 0.",
	"diverged":             "1 if this node's state differs from the majority's, else 0.",
	"members_diverged":     "Members whose state differs from this node's at the same raft index.",
	"certificate_seconds":  "Time until this node's certificate ends.",
	"disk_state":           "The disk: 0 healthy, 1 slow, 2 full, 3 failing, 4 hung, 5 corrupt.",
	"disk_free_bytes":      "What is free on the disk of the data folder.",
	"disk_reserve_bytes":   "What the reserve file holds back; 0 once a full disk released it.",
	"disk_sync_seconds":    "The slowest of the last eight syncs.",
	"disk_pending_seconds": "How long the oldest write has been out.",
	"disk_errors":          "Writes that failed since the start.",
	"apply_lag_entries":    "Committed entries that this node has not applied yet.",
	"snapshot_index":       "Raft index of the last snapshot that this node wrote since it started, 0 for none.",
	"snapshot_bytes":       "Size of that snapshot.",
	"snapshot_seconds":     "How long it was written.",
}

// counterHelp is metricHelp of what only grows while the node runs.
var counterHelp = map[string]string{
	"elections_total":           "Elections that this node stood for.",
	"elections_won_total":       "Elections that this node won.",
	"leader_changes_total":      "Leaders that this node came to know.",
	"leaderless_seconds_total":  "Time for which this node knew no leader.",
	"heartbeats_failed_total":   "Members that stopped to answer this node's heartbeats as the leader.",
	"applied_entries_total":     "Log entries that raft handed to this node's state machine.",
	"snapshots_total":           "Snapshots that this node wrote.",
	"snapshot_failures_total":   "Snapshots that this node could not write.",
	"restores_total":            "Snapshots that this node took over from another.",
	"blobs_fetched_total":       "Photos and other files that this node fetched from others.",
	"blob_fetch_failures_total": "Tries to fetch a photo or file that failed.",
	"blob_fetched_bytes_total":  "What was fetched.",
}

// memberHelp is metricHelp of what this node knows of every member, itself
// included.
var memberHelp = map[string]string{
	"member_reachable":        "1 if the member answered this node's last question, else 0.",
	"member_lag_entries":      "Entries that the member had not applied when it last answered.",
	"member_list_age_seconds": "Age of the member's list when it last answered, and for how long it has been silent; -1 for never heard.",
}

// describe makes descriptions of the cluster's metrics.
func describe(help map[string]string, labels ...string) map[string]*prometheus.Desc {
	out := make(map[string]*prometheus.Desc, len(help))
	for name, text := range help {
		out[name] = prometheus.NewDesc(prometheus.BuildFQName("vigie", "cluster", name), text, labels, nil)
	}
	return out
}

// register adds the node's metrics to the configured registerer.
func (n *Node) register() error {
	if n.cfg.Registerer == nil {
		return nil
	}
	c := &collector{
		n: n, descs: describe(metricHelp), counters: describe(counterHelp), members: describe(memberHelp, "node", "name"),
		proposals: prometheus.NewDesc("vigie_cluster_proposals_total", "Writes proposed on this node as the leader, by how they ended.", []string{"outcome"}, nil),
	}
	if err := n.cfg.Registerer.Register(c); err != nil {
		return fmt.Errorf("registering the cluster's metrics: %w", err)
	}
	n.metrics = c
	return nil
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, list := range []map[string]*prometheus.Desc{c.descs, c.counters, c.members} {
		for _, d := range list {
			ch <- d
		}
	}
	ch <- c.proposals
	for _, h := range c.n.tel.histograms() {
		h.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	n := c.n
	s := n.Status()
	c.collectCounted(ch, &s)
	contact := -1.0
	if s.State == "leader" {
		contact = 0
	} else if last := n.rep.raft.LastContact(); !last.IsZero() {
		contact = time.Since(last).Seconds()
	}
	voters := 0
	for _, srv := range n.servers() {
		if srv.Suffrage == raft.Voter {
			voters++
		}
	}
	for name, v := range map[string]float64{
		"leader":               truth(s.State == "leader"),
		"connected":            truth(s.Stamp.Connected),
		"term":                 float64(s.Term),
		"commit_index":         float64(s.CommitIndex),
		"applied_index":        float64(s.Stamp.AppliedIndex),
		"last_log_index":       float64(s.LastIndex),
		"list_age_seconds":     float64(s.Stamp.AgeMillis) / 1000,
		"last_contact_seconds": contact,
		"members":              float64(len(s.Members)),
		"voters":               float64(voters),
		"entries":              float64(s.Stamp.Entries),
		"audit_events":         float64(s.AuditEvents),
		"blobs_wanted":         float64(s.BlobsWanted),
		"clock_offset_seconds": float64(s.ClockOffsetMillis) / 1000,
		"clock_trusted":        truth(s.ClockProblem == ""),
		"diverged":             truth(s.Stamp.Diverged),
		"members_diverged":     float64(len(n.states.now().others)),
		"disk_state":           float64(s.Disk.State),
		"disk_free_bytes":      float64(s.Disk.Free),
		"disk_reserve_bytes":   float64(s.Disk.Reserve),
		"disk_sync_seconds":    s.Disk.Worst.Seconds(),
		"disk_pending_seconds": s.Disk.Pending.Seconds(),
		"disk_errors":          float64(s.Disk.Errors),
		"apply_lag_entries":    float64(s.Replication.Lag),
		"snapshot_index":       float64(s.Replication.Last.Index),
		"snapshot_bytes":       float64(s.Replication.Last.Bytes),
		"snapshot_seconds":     s.Replication.Last.Took.Seconds(),
		"certificate_seconds":  time.UnixMilli(s.CertificateEnds).Sub(n.cfg.Now()).Seconds(),
	} {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v)
	}
}

// collectCounted sends the counters, the members and the histograms.
func (c *collector) collectCounted(ch chan<- prometheus.Metric, s *Status) {
	r := &s.Replication
	for name, v := range map[string]float64{
		"elections_total":           float64(r.Elections),
		"elections_won_total":       float64(r.Won),
		"leader_changes_total":      float64(r.LeaderChanges),
		"leaderless_seconds_total":  r.Leaderless.Seconds(),
		"heartbeats_failed_total":   float64(c.n.tel.heartbeats.Load()),
		"applied_entries_total":     float64(r.Applied),
		"snapshots_total":           float64(r.Snapshots),
		"snapshot_failures_total":   float64(r.NotWritten),
		"restores_total":            float64(r.Restored),
		"blobs_fetched_total":       float64(r.Fetched),
		"blob_fetch_failures_total": float64(r.FetchFailures),
		"blob_fetched_bytes_total":  float64(r.FetchedBytes),
	} {
		ch <- prometheus.MustNewConstMetric(c.counters[name], prometheus.CounterValue, v)
	}
	for _, m := range s.Members {
		age := -1.0
		if m.ListAge >= 0 {
			age = m.ListAge.Seconds()
		}
		for name, v := range map[string]float64{
			"member_reachable": truth(m.Reachable), "member_lag_entries": float64(m.Lag), "member_list_age_seconds": age,
		} {
			ch <- prometheus.MustNewConstMetric(c.members[name], prometheus.GaugeValue, v, string(m.ID), m.Name)
		}
	}
	for outcome, n := range c.n.tel.proposals {
		ch <- prometheus.MustNewConstMetric(c.proposals, prometheus.CounterValue, float64(n.Load()), outcome)
	}
	for _, h := range c.n.tel.histograms() {
		h.Collect(ch)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
