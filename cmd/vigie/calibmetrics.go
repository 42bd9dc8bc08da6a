package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"vigie/cmd/vigie/internal/spaces"
)

// calibrationCollector shows to Prometheus how a node stands to the calibration
// in force. It is safe for concurrent use.
type calibrationCollector struct{ spaces *spaces.Spaces }

// Describe implements prometheus.Collector: none is described beforehand, since
// the labels name versions.
func (calibrationCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c calibrationCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.spaces.Status()
	send := func(kind prometheus.ValueType, name, help string, value float64, labels prometheus.Labels) {
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigie_calibration_"+name, help, nil, labels), kind, value)
	}
	current := 0.0
	if st.Used == st.InForce {
		current = 1
	}
	send(prometheus.GaugeValue, "current", "1 while the node compares faces by the calibration in force, 0 while by an earlier one.", current, nil)
	send(prometheus.GaugeValue, "info", "The calibration used, the one in force, and how the node stands to it.", 1,
		prometheus.Labels{"used": st.Used, "in_force": st.InForce, "state": string(st.State)})
	send(prometheus.CounterValue, "changes_total", "Changes of the calibration that this node has made.", float64(st.Changes), nil)
	send(prometheus.CounterValue, "change_failures_total", "Tries of such a change that failed.", float64(st.Failures), nil)
}
