package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/api"
	"vigie/cmd/vigie/internal/config"
	"vigie/cmd/vigie/internal/spaces"
	"vigie/index/face"
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
// that both encoders have seen, by the calibration of their scores that is in force
// (ADR 0010); without a decision it is the one that the configuration names.
type secondNode struct {
	*secondSetup
	spaces *spaces.Spaces
}

// secondGalleryDir is the folder of the second gallery's files.
func secondGalleryDir(c *config.Config) string {
	return filepath.Join(c.Node.DataDir, "gallery-second")
}

// openSecondGallery makes the gallery of the second encoder; its files go to
// DATA_DIR/gallery-second, sealed like the other's. Without a second encoder that
// folder is removed: nothing would take withdrawn faces out of it any more.
func (s *server) openSecondGallery(opt face.Options) error {
	if s.second == nil {
		if err := os.RemoveAll(secondGalleryDir(s.conf)); err != nil {
			return fmt.Errorf("remove the gallery of a second encoder that is off: %w", err)
		}
		return nil
	}
	n := s.second
	o := spaceOptions(s.conf, opt, nil, s.log.With("gallery", "second"))
	o.Model, o.Dir, o.Forget = n.calib.Model(), secondGalleryDir(s.conf), true
	o.Gallery.Elsewhere = models.DlibModel
	o.Beside = func() int { return s.spaces.Stats().Templates }
	var file bytes.Buffer
	if err := n.calib.Data().Write(&file); err != nil {
		return err
	}
	o.Shipped = file.Bytes()
	var err error
	if n.spaces, err = spaces.New(o); err != nil {
		return fmt.Errorf("the second encoder's gallery: %w", err)
	}
	s.metrics.MustRegister(newGalleryCollector("vigie_second_gallery_", n.spaces.Stats, s.kernel), secondCollector{n})
	s.metrics.MustRegister(keeperCollectors("vigie_second_gallery_", func() face.KeptStats {
		st, _ := n.spaces.KeptStats()
		return st
	})...)
	return nil
}

// secondCollector tells Prometheus which second encoder runs, and whether by the
// calibration in force.
type secondCollector struct{ *secondNode }

// Describe implements prometheus.Collector: the labels name versions.
func (secondCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c secondCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.spaces.Status()
	current := 0.0
	if st.Used == st.InForce {
		current = 1
	}
	ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigie_second_encoder_info", "The second face encoder in use, what it may be used for, and its calibration.", nil,
		prometheus.Labels{"recipe": c.recipe.ID, "use": c.recipe.Use, "calibration": st.Used}), prometheus.GaugeValue, 1)
	ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigie_second_calibration_current", "1 while the second encoder's scores are compared by the calibration in force, 0 while by an earlier one.", nil, nil), prometheus.GaugeValue, current)
}

// close closes the gallery, if there is one.
func (n *secondNode) close() error {
	if n == nil || n.spaces == nil {
		return nil
	}
	return n.spaces.Close()
}

// size is the number of templates that a probe is compared with here.
func (n *secondNode) size() int {
	if n == nil {
		return 0
	}
	return n.spaces.Stats().Templates
}

// start lets the gallery follow the decisions on its calibration.
func (n *secondNode) start(reg spaces.Registry, stamped func() uint64) error {
	if n == nil {
		return nil
	}
	return n.spaces.Start(reg, stamped, func(*models.Calibration, *face.Gallery) (spaces.Matcher, error) { return nil, nil })
}

// hold gives what a matcher compares by for one search.
func (n *secondNode) hold() (*matcher.Second, func(), error) {
	h, err := n.spaces.Hold()
	if err != nil {
		return nil, nil, err
	}
	return secondOf(h), h.Release, nil
}

func secondOf(h spaces.Held) *matcher.Second {
	return &matcher.Second{
		Gallery: h.Gallery, Calibration: h.Calibration, Strangers: h.Calibration, Replayer: h.Gallery,
		Oldest: func() uint64 { return max(h.Gallery.Oldest(), h.Since) },
	}
}

// configure adds the second encoder to a matcher's configuration.
func (n *secondNode) configure(c *matcher.Config) error {
	if n == nil {
		return nil
	}
	h, err := n.spaces.Hold()
	if err != nil {
		return err
	}
	defer h.Release() // New looks at models and parts alone
	c.Second, c.HoldSecond = secondOf(h), n.hold
	return nil
}

// following is what follows the decisions on its calibration, nil without one.
func (n *secondNode) following() *spaces.Spaces {
	if n == nil {
		return nil
	}
	return n.spaces
}

// status shows the second encoder to the API; nil without one.
func (n *secondNode) status(kernelName string) *api.SecondEncoder {
	if n == nil {
		return nil
	}
	used, st := n.spaces.Calibration(), n.spaces.Status()
	return &api.SecondEncoder{
		Recipe: n.recipe.ID, Model: used.Model(), Licence: n.recipe.File.Licence, Use: n.recipe.Use,
		Calibration: used.Version(), InForce: st.InForce, Cohort: used.Cohort(), Gallery: galleryStatus(n.spaces, kernelName),
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
		if f.Model != a.second.spaces.Model() {
			return a.first.Apart(faces)
		}
	}
	return a.second.spaces.Apart(faces)
}
