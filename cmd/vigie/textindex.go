package main

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api"
	"vigie/api/client"
	"vigie/index/text"
)

// textStatus shows a text index to the API.
func textStatus(s text.Status) api.TextStatus {
	return api.TextStatus{
		Ready: s.Ready, Building: s.Building, Done: s.Done, Total: s.Total,
		Entries: s.Entries, Applied: s.Applied, Lag: s.Lag, Failures: s.Failures,
	}
}

// textLine says in status how the text index of the node stands.
func textLine(t client.TextIndex) string {
	line := fmt.Sprintf("Text index: %s, %d entries as of index %d, %d behind", t.State, t.Entries, t.AppliedIndex, t.Lag)
	if t.State != "ready" {
		line = fmt.Sprintf("Text index: %s, %d of %d entries read", t.State, t.Done, t.Total)
	}
	if t.Failures > 0 {
		line += fmt.Sprintf(", %d FAILURES; see the node's log", t.Failures)
	}
	return line
}

// textCollector shows a text index to Prometheus: numbers of entries, nothing of a
// person. It is safe for concurrent use.
type textCollector struct{ status func() text.Status }

// Describe implements prometheus.Collector: none is described beforehand.
func (textCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c textCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.status()
	send := func(kind prometheus.ValueType, name, help string, value float64) {
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigie_text_index_"+name, help, nil, nil), kind, value)
	}
	ready := 0.0
	if st.Ready {
		ready = 1
	}
	send(prometheus.GaugeValue, "ready", "1 while searches by text are answered.", ready)
	send(prometheus.GaugeValue, "entries", "Entries that a search by text can find.", float64(st.Entries))
	send(prometheus.GaugeValue, "applied_index", "The raft index that searches by text include, 0 before the first.", float64(st.Applied))
	send(prometheus.GaugeValue, "lag", "Raft indexes that the text index is behind the list of this node.", float64(st.Lag))
	send(prometheus.GaugeValue, "waiting", "Entries that changed and are not indexed yet.", float64(st.Waiting))
	send(prometheus.CounterValue, "failures_total", "Failures, each of which made the index be built anew.", float64(st.Failures))
}
