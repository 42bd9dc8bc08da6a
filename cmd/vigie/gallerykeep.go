package main

import (
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/cmd/vigie/internal/spaces"
	"vigie/index/face"
	"vigie/models"
)

// spaceOptions says what a node's spaces are made of. The gallery's files go to
// DATA_DIR/gallery, sealed with the node's key; without a key there is no node
// either, which opening it will say.
func spaceOptions(c *config.Config, gallery face.Options, model string, log *slog.Logger) spaces.Options {
	o := spaces.Options{
		Shipped: models.ShippedCalibration(), Model: model, Gallery: gallery, Dir: filepath.Join(c.Node.DataDir, "gallery"),
		TargetFPIR: c.Match.TargetFPIR, Logger: log,
	}
	if key, err := seal.Load(c.Node.NodeKeyFile); err == nil {
		o.Key = key
	}
	return o
}

// galleryFiles shows to the API how the gallery's files fare; nil without files.
func galleryFiles(s *spaces.Spaces) *api.GalleryFiles {
	st, ok := s.KeptStats()
	if !ok {
		return nil
	}
	return &api.GalleryFiles{Index: st.Applied, Saves: st.Saves, Failures: st.Failures, Bytes: st.Bytes}
}

// keeperCollectors shows the same to Prometheus.
func keeperCollectors(s *spaces.Spaces) []prometheus.Collector {
	stats := func() face.KeptStats {
		st, _ := s.KeptStats()
		return st
	}
	counter := func(name, help string, value func(face.KeptStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vigie_gallery_" + name, Help: help}, func() float64 { return float64(value(stats())) })
	}
	return []prometheus.Collector{
		counter("saves_total", "Writes of the gallery's files.", func(s face.KeptStats) uint64 { return s.Saves }),
		counter("save_failures_total", "Writes of the gallery's files that failed; the next start takes longer.", func(s face.KeptStats) uint64 { return s.Failures }),
		counter("saved_bytes_total", "Bytes written to the gallery's files.", func(s face.KeptStats) uint64 { return s.Bytes }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "vigie_gallery_saved_index", Help: "The raft index that the gallery's files are as of, 0 without files."}, func() float64 { return float64(stats().Applied) }),
	}
}
