package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api"
	"vigie/cluster/fsm"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/index/face"
	"vigie/index/face/file"
	"vigie/matcher"
	"vigie/matcher/face/onnx"
	"vigie/models"
	"vigie/watchlist"
)

// mendSecond is what an operator can do about a second encoder that can't run.
const mendSecond = "Mend it ('vigie doctor' tells more), or set faces.second.recipe to \"\" to run with dlib alone: the node then compares by dlib's half of every template."

// secondSetup is what the configuration says of the second encoder.
type secondSetup struct {
	recipe  models.Recipe
	options onnx.Options
	calib   *models.Calibration
}

// loadSecond reads recipe and calibration of the second encoder; it gives nil when
// none is asked for. Every error names the key or the file, and what to do.
func loadSecond(c config.Second) (*secondSetup, error) {
	if !c.On() {
		return nil, nil
	}
	r, err := models.OpenRecipe(c.Recipe)
	if err != nil {
		return nil, withHint(fmt.Errorf("faces.second.recipe: %w", err), mendSecond)
	}
	s := &secondSetup{recipe: r, options: onnx.Options{
		Library: c.Library, LibrarySHA256: c.LibrarySHA256, Model: filepath.Join(c.Dir, r.File.Name), Recipe: r,
	}}
	if s.calib, err = calibrationFor(c.Calibration, r.CompositeModel()); err != nil {
		return nil, fmt.Errorf("faces.second.calibration: %w", err)
	}
	switch {
	case s.calib.Model() != r.CompositeModel():
		err = fmt.Errorf("it is for %s, and the node makes %s", s.calib.Model(), r.CompositeModel())
	default:
		err = s.calib.CheckCohort()
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("faces.second.calibration: %w", err), mendSecond)
	}
	return s, nil
}

// secondNode is the second encoder of a running node: the gallery of the photos
// that both encoders have seen, with the calibration of their scores.
type secondNode struct {
	*secondSetup
	gallery *face.Gallery
	keeper  *face.Keeper // nil without a key
}

// openSecondGallery makes the gallery of the second encoder; its files go to
// DATA_DIR/gallery-second, sealed like the other's. Without a second encoder that
// folder is removed: nothing would take withdrawn faces out of it any more.
func (s *server) openSecondGallery(opt face.Options) error {
	dir := filepath.Join(s.conf.Node.DataDir, "gallery-second")
	if s.second == nil {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the gallery of a second encoder that is off: %w", err)
		}
		return nil
	}
	n := s.second
	opt.Elsewhere = models.DlibModel
	n.gallery = face.New(n.calib, opt)
	if key, err := seal.Load(s.conf.Node.NodeKeyFile); err == nil {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return errors.Join(fmt.Errorf("make the folder of the second gallery's files: %w", err), n.gallery.Close())
		}
		n.keeper = face.Keep(n.gallery, file.NewDir(dir, key), face.KeepOptions{Calibration: n.calib.Version(), Logger: s.log})
	}
	s.metrics.MustRegister(newGalleryCollector("vigie_second_gallery_", n.gallery.Stats, s.kernel), secondInfo(n.secondSetup))
	if n.keeper != nil {
		s.metrics.MustRegister(keeperCollectors("vigie_second_gallery_", n.keeper.KeptStats)...)
	}
	return nil
}

// secondInfo tells Prometheus which second encoder runs.
func secondInfo(s *secondSetup) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vigie_second_encoder_info", Help: "The second face encoder in use, what it may be used for, and its calibration.",
		ConstLabels: prometheus.Labels{"recipe": s.recipe.ID, "use": s.recipe.Use, "calibration": s.calib.Version()},
	})
	g.Set(1)
	return g
}

// index is what the state machine feeds.
func (n *secondNode) index() fsm.Index {
	if n.keeper != nil {
		return n.keeper
	}
	return n.gallery
}

func (n *secondNode) close() error {
	switch {
	case n == nil || n.gallery == nil:
		return nil
	case n.keeper != nil:
		return n.keeper.Close()
	}
	return n.gallery.Close()
}

// size is the number of templates that a probe is compared with here.
func (n *secondNode) size() int {
	if n == nil {
		return 0
	}
	return n.gallery.Size()
}

// matcher is the part of a matcher's configuration.
func (n *secondNode) matcher() *matcher.Second {
	if n == nil {
		return nil
	}
	return &matcher.Second{Gallery: n.gallery, Calibration: n.calib, Strangers: n.calib, Replayer: n.gallery}
}

// oldest is the first raft index that both galleries can answer as of.
func (n *secondNode) oldest(first func() uint64) func() uint64 {
	if n == nil {
		return first
	}
	return func() uint64 { return max(first(), n.gallery.Oldest()) }
}

// status shows the second encoder to the API; nil without one.
func (n *secondNode) status(kernelName string) *api.SecondEncoder {
	if n == nil {
		return nil
	}
	g := shownGallery(n.gallery.Stats(), n.gallery.Model(), kernelName)
	if n.keeper != nil {
		g.Files = shownFiles(n.keeper.KeptStats())
	}
	return &api.SecondEncoder{
		Recipe: n.recipe.ID, Model: n.calib.Model(), Licence: n.recipe.File.Licence, Use: n.recipe.Use,
		Calibration: n.calib.Version(), Cohort: n.calib.Cohort(), Gallery: g,
	}
}

// apartFaces holds an entry's faces against each other: in the second encoder's
// space when it has seen all of them, else by dlib's part of each.
type apartFaces struct {
	first  api.FaceComparer
	second *secondNode
}

// Apart implements api.FaceComparer.
func (a apartFaces) Apart(faces []watchlist.Face) []int {
	if a.second == nil {
		return a.first.Apart(faces)
	}
	for _, f := range faces {
		if f.Model != a.second.gallery.Model() {
			return a.first.Apart(faces)
		}
	}
	return a.second.gallery.Apart(faces)
}
