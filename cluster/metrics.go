package cluster

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"
)

// collector reads the node's state when it is scraped; nothing is counted in
// between.
type collector struct {
	n     *Node
	descs map[string]*prometheus.Desc
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
}

// register adds the node's metrics to the configured registerer.
func (n *Node) register() error {
	if n.cfg.Registerer == nil {
		return nil
	}
	c := &collector{n: n, descs: make(map[string]*prometheus.Desc, len(metricHelp))}
	for name, help := range metricHelp {
		c.descs[name] = prometheus.NewDesc(prometheus.BuildFQName("vigie", "cluster", name), help, nil, nil)
	}
	if err := n.cfg.Registerer.Register(c); err != nil {
		return fmt.Errorf("registering the cluster's metrics: %w", err)
	}
	n.metrics = c
	return nil
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	n := c.n
	s := n.Status()
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
		"certificate_seconds":  time.UnixMilli(s.CertificateEnds).Sub(n.cfg.Now()).Seconds(),
	} {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
