package main

import (
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/cmd/vigie/internal/spaces"
	"vigie/index/face"
	"vigie/models"
)

// spaceOptions says what a node's spaces are made of: they compare dlib's templates,
// also beside a second encoder. The gallery's files go to
// DATA_DIR/gallery, sealed with the node's key; without a key there is no node
// either, which opening it will say.
func spaceOptions(c *config.Config, gallery face.Options, second *secondNode, log *slog.Logger) spaces.Options {
	o := spaces.Options{
		Shipped: models.ShippedCalibration(), Model: models.DlibModel, Gallery: gallery, Beside: second.size, Dir: filepath.Join(c.Node.DataDir, "gallery"),
		TargetFPIR: c.Match.TargetFPIR, Logger: log,
	}
	if key, err := seal.Load(c.Node.NodeKeyFile); err == nil {
		o.Key = key
	}
	return o
}

// keeperCollectors shows to Prometheus how a gallery's files fare; the metrics' names
// begin with prefix.
func keeperCollectors(prefix string, stats func() face.KeptStats) []prometheus.Collector {
	counter := func(name, help string, value func(face.KeptStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + name, Help: help}, func() float64 { return float64(value(stats())) })
	}
	return []prometheus.Collector{
		counter("saves_total", "Writes of the gallery's files.", func(s face.KeptStats) uint64 { return s.Saves }),
		counter("save_failures_total", "Writes of the gallery's files that failed; the next start takes longer.", func(s face.KeptStats) uint64 { return s.Failures }),
		counter("saved_bytes_total", "Bytes written to the gallery's files.", func(s face.KeptStats) uint64 { return s.Bytes }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + "saved_index", Help: "The raft index that the gallery's files are as of, 0 without files."}, func() float64 { return float64(stats().Applied) }),
	}
}
