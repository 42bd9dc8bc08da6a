package main

import (
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api"
	"vigie/cluster/fsm"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/index/face"
	"vigie/index/face/file"
)

// keepGallery makes a gallery keep its rows in DATA_DIR/gallery, sealed with the
// node's key. Without a key there is no node either, which opening it will say;
// then it gives nil. Nothing is read or written yet.
func keepGallery(g *face.Gallery, c config.Node, calibration string, log *slog.Logger) *face.Keeper {
	key, err := seal.Load(c.NodeKeyFile)
	if err != nil {
		return nil
	}
	dir := file.NewDir(filepath.Join(c.DataDir, "gallery"), key)
	return face.Keep(g, dir, face.KeepOptions{Calibration: calibration, Logger: log})
}

// faceIndex is what the state machine feeds: the gallery, through its keeper when
// it has one.
func (s *server) faceIndex() fsm.Index {
	if s.keeper != nil {
		return s.keeper
	}
	return s.gallery
}

// galleryFiles shows to the API how the gallery's files fare; nil without files.
func galleryFiles(k *face.Keeper) *api.GalleryFiles {
	if k == nil {
		return nil
	}
	st := k.KeptStats()
	return &api.GalleryFiles{Index: st.Applied, Saves: st.Saves, Failures: st.Failures, Bytes: st.Bytes}
}

// keeperCollectors shows the same to Prometheus.
func keeperCollectors(k *face.Keeper) []prometheus.Collector {
	counter := func(name, help string, value func(face.KeptStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vigie_gallery_" + name, Help: help}, func() float64 { return float64(value(k.KeptStats())) })
	}
	return []prometheus.Collector{
		counter("saves_total", "Writes of the gallery's files.", func(s face.KeptStats) uint64 { return s.Saves }),
		counter("save_failures_total", "Writes of the gallery's files that failed; the next start takes longer.", func(s face.KeptStats) uint64 { return s.Failures }),
		counter("saved_bytes_total", "Bytes written to the gallery's files.", func(s face.KeptStats) uint64 { return s.Bytes }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "vigie_gallery_saved_index", Help: "The raft index that the gallery's files are as of, 0 without files."}, func() float64 { return float64(k.KeptStats().Applied) }),
	}
}
