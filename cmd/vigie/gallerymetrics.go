package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"vigie/index/face"
)

// galleryMetric is one number of a face index.
type galleryMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(face.Stats) float64
}

// galleryCollector shows a face index's counts to Prometheus: numbers of rows,
// queries and bytes, nothing of a person. It is safe for concurrent use.
type galleryCollector struct {
	stats   func() face.Stats
	metrics []galleryMetric
}

// newGalleryCollector makes one whose metrics' names begin with prefix.
func newGalleryCollector(prefix string, stats func() face.Stats, kernelName string) *galleryCollector {
	c := &galleryCollector{stats: stats}
	add := func(kind prometheus.ValueType, name, help string, labels prometheus.Labels, value func(face.Stats) float64) {
		c.metrics = append(c.metrics, galleryMetric{prometheus.NewDesc(prefix+name, help, nil, labels), kind, value})
	}
	gauge := func(name, help string, value func(face.Stats) float64) {
		add(prometheus.GaugeValue, name, help, nil, value)
	}
	counter := func(name, help string, value func(face.Stats) uint64) {
		add(prometheus.CounterValue, name, help, nil, func(s face.Stats) float64 { return float64(value(s)) })
	}
	gauge("templates", "Templates that can be found.", func(s face.Stats) float64 { return float64(s.Templates) })
	gauge("references", "References that can be found, each a template or the mean of those of one entry that agree.", func(s face.Stats) float64 { return float64(s.Live) })
	gauge("rows", "References in memory, each a template or the mean of some, those of the history among them.", func(s face.Stats) float64 { return float64(s.Rows) })
	gauge("skipped", "Templates of active entries that can't be found, made by another model.", func(s face.Stats) float64 { return float64(s.Skipped) })
	gauge("outliers", "Rows that no code fits, which every search scores.", func(s face.Stats) float64 { return float64(s.Outliers) })
	gauge("segments", "Parts that a search reads.", func(s face.Stats) float64 { return float64(s.Segments) })
	gauge("bases", "Different bases of the segments' codes.", func(s face.Stats) float64 { return float64(s.Bases) })
	gauge("hot_bytes", "Memory that a search may read besides the templates.", func(s face.Stats) float64 { return float64(s.Rows) * float64(s.HotBytes) })
	gauge("waiting", "Searches that wait for a pass now.", func(s face.Stats) float64 { return float64(s.Waiting) })
	gauge("applied_index", "The raft index that searches include.", func(s face.Stats) float64 { return float64(s.Applied) })
	gauge("oldest_index", "The first raft index that a replay can ask for.", func(s face.Stats) float64 { return float64(s.Oldest) })
	counter("searches_total", "Searches, one per photo or template.", func(s face.Stats) uint64 { return s.Searches })
	counter("passes_total", "Passes over the codes.", func(s face.Stats) uint64 { return s.Passes })
	counter("coalesced_total", "Searches that shared a pass.", func(s face.Stats) uint64 { return s.Batched })
	counter("rejected_total", "Searches refused because too many waited.", func(s face.Stats) uint64 { return s.Rejected })
	counter("merges_total", "Segments made of others.", func(s face.Stats) uint64 { return s.Merges })
	counter("measured_total", "Rows whose float32 distance was taken.", func(s face.Stats) uint64 { return s.Measured })
	counter("exact_total", "Rows scored exactly.", func(s face.Stats) uint64 { return s.Exact })
	const survivors = "Rows that passed a level of the filter."
	add(prometheus.CounterValue, "survivors_total", survivors, prometheus.Labels{"level": "1"}, func(s face.Stats) float64 { return float64(s.Level1) })
	add(prometheus.CounterValue, "survivors_total", survivors, prometheus.Labels{"level": "2"}, func(s face.Stats) float64 { return float64(s.Level2) })
	add(prometheus.GaugeValue, "kernel_info", "The search kernel in use.", prometheus.Labels{"kernel": kernelName}, func(face.Stats) float64 { return 1 })
	return c
}

// Describe implements prometheus.Collector.
func (c *galleryCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *galleryCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.stats()
	for _, m := range c.metrics {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(st))
	}
}
