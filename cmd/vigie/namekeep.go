package main

import (
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/cluster/fsm"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/index/face/file"
	"vigie/index/name"
)

// namesFolder is where a node keeps the file of its name index, in its data folder.
const namesFolder = "names"

// keptNames is a name index with its file, as far as there is one.
type keptNames struct {
	index  *name.Index
	keeper *name.Keeper // nil without a key
}

// keepNames makes the name index keep its content in DATA_DIR/names, sealed with the
// node's key; without a key there is no node either, which opening it will say.
func keepNames(c *config.Config, x *name.Index, log *slog.Logger) keptNames {
	k := keptNames{index: x}
	if key, err := seal.Load(c.Node.NodeKeyFile); err == nil {
		k.keeper = name.Keep(x, file.NewDir(filepath.Join(c.Node.DataDir, namesFolder), key), name.KeepOptions{Logger: log})
	}
	return k
}

// fed is what the state machine feeds.
func (k keptNames) fed() fsm.Index {
	if k.keeper == nil {
		return k.index
	}
	return k.keeper
}

// Close writes what is not written yet and closes the index.
func (k keptNames) Close() error {
	if k.keeper == nil {
		return k.index.Close()
	}
	return k.keeper.Close()
}

// collectors shows to Prometheus how the file fares.
func (k keptNames) collectors() []prometheus.Collector {
	if k.keeper == nil {
		return nil
	}
	stats := k.keeper.KeptStats
	counter := func(what, help string, value func(name.KeptStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vigie_names_" + what, Help: help}, func() float64 { return float64(value(stats())) })
	}
	return []prometheus.Collector{
		counter("saves_total", "Writes of the name index's file.", func(s name.KeptStats) uint64 { return s.Saves }),
		counter("save_failures_total", "Writes of the name index's file that failed; the next start takes longer.", func(s name.KeptStats) uint64 { return s.Failures }),
		counter("saved_bytes_total", "Bytes written to the name index's file.", func(s name.KeptStats) uint64 { return s.Bytes }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "vigie_names_saved_index", Help: "The raft index that the name index's file is as of, 0 without a file."}, func() float64 { return float64(stats().Applied) }),
	}
}
