package spaces

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"

	"vigie/index/face"
	"vigie/index/face/file"
	"vigie/models"
	"vigie/watchlist"
)

// space is one calibration with its gallery, the gallery's files, and the
// matcher over both.
type space struct {
	calib   *models.Calibration
	gallery *face.Gallery
	keeper  *face.Keeper // nil without files
	match   atomic.Pointer[Matcher]
	uses    uses
	// since is the raft index at which it took another's place, 0 for the first one;
	// set before it is found.
	since uint64
}

// newSpace makes an empty space whose files lie in a folder.
func (s *Spaces) newSpace(c *models.Calibration, folder string) *space {
	sp := &space{calib: c, gallery: face.New(c, s.opt.Gallery)}
	if s.opt.Key != nil {
		sp.keeper = face.Keep(sp.gallery, file.NewDir(folder, s.opt.Key), face.KeepOptions{Calibration: c.Version(), Logger: s.opt.Logger})
	}
	return sp
}

func (sp *space) recall(registry string) {
	if sp.keeper != nil {
		sp.keeper.Recall(registry)
	}
}

func (sp *space) catchUp(changes []watchlist.Change, index uint64) error {
	if sp.keeper != nil {
		return sp.keeper.CatchUp(changes, index)
	}
	return sp.gallery.Apply(changes, index)
}

func (sp *space) apply(changes []watchlist.Change, index uint64) error {
	if sp.keeper != nil {
		return sp.keeper.Apply(changes, index)
	}
	return sp.gallery.Apply(changes, index)
}

func (sp *space) rebuild(entries iter.Seq2[*watchlist.Entry, error], index uint64) error {
	if sp.keeper != nil {
		return sp.keeper.Rebuild(entries, index)
	}
	return sp.gallery.Rebuild(entries, index)
}

func (sp *space) close() error {
	if sp.keeper != nil {
		return sp.keeper.Close()
	}
	return sp.gallery.Close()
}

// choose picks the space to start with: the calibration in force when its file
// is on this disk and fits, else the one before it, and so on, at last the
// shipped one. One whose gallery files are here goes before one that would have
// to be built first: the node answers at once and changes beside that.
func (s *Spaces) choose(history []watchlist.CalibrationDecision) *space {
	var first, kept *models.Calibration
	for _, c := range s.usable(history) {
		if first == nil {
			first = c
		}
		if kept == nil && s.hasFiles(c.Version()) {
			kept = c
		}
	}
	c := first
	if kept != nil {
		c = kept
	}
	if s.opt.Key != nil {
		if err := os.MkdirAll(s.opt.Dir, 0o700); err != nil {
			s.opt.Logger.Error("the folder of the gallery's files can't be made", "error", err)
		}
		s.sweep(c.Version(), s.target(history).version)
	}
	s.opt.Logger.Info("faces are compared by this calibration", "calibration", c.Version(), "in_force", s.target(history).version, "shipped", s.shipped.Version())
	return s.newSpace(c, s.folder(c.Version()))
}

// usable lists the calibrations that this node could start with, the one in
// force first.
func (s *Spaces) usable(history []watchlist.CalibrationDecision) []*models.Calibration {
	var out []*models.Calibration
	seen := map[string]bool{}
	for i := len(history) - 1; i >= 0; i-- {
		d := history[i]
		if seen[d.Version] {
			continue
		}
		seen[d.Version] = true
		c, err := s.local(d)
		if err != nil {
			s.opt.Logger.Warn("a calibration of the history can't be used at the start", "calibration", d.Version, "reason", err)
			continue
		}
		out = append(out, c)
	}
	if !seen[s.shipped.Version()] {
		out = append(out, s.shipped)
	}
	if len(out) == 0 {
		out = append(out, s.shipped)
	}
	return out
}

// local reads the calibration of a decision from this disk.
func (s *Spaces) local(d watchlist.CalibrationDecision) (*models.Calibration, error) {
	if d.Version == s.shipped.Version() {
		return s.shipped, nil
	}
	if s.files == nil {
		return nil, watchlist.ErrNotFound
	}
	b, err := s.files.Local(d.File)
	if err != nil {
		return nil, err
	}
	return s.fitting(b, d.Version)
}

// fitting reads a file and checks that it is the version that was decided and
// that the engine's templates fit it.
func (s *Spaces) fitting(b []byte, version string) (*models.Calibration, error) {
	c, err := read(b)
	switch {
	case err != nil:
		return nil, err
	case c.Version() != version:
		return nil, fmt.Errorf("the file holds another version than %s: %w", version, errUnusable)
	case c.Model() != s.opt.Model:
		return nil, fmt.Errorf("calibration %s is for another model than this node's engine: %w", version, errOtherModel)
	}
	return c, nil
}

func read(b []byte) (*models.Calibration, error) {
	c, err := models.LoadCalibration(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	}
	return c, nil
}

func digest(b []byte) watchlist.BlobID {
	h := sha256.Sum256(b)
	return watchlist.BlobID(hex.EncodeToString(h[:]))
}

// hasFiles tells that a whole set of gallery files may be there.
func (s *Spaces) hasFiles(version string) bool {
	_, err := os.Stat(filepath.Join(s.folder(version), "manifest"))
	return s.opt.Key != nil && err == nil
}

// sweep removes from the gallery's folder what no space uses: the files of an
// earlier release, which lay in the folder itself, and those of calibrations
// that were given up.
func (s *Spaces) sweep(keep ...string) {
	list, err := os.ReadDir(s.opt.Dir)
	if err != nil {
		s.opt.Logger.Error("the folder of the gallery's files can't be read", "error", err)
		return
	}
	for _, e := range list {
		_, isPast := parsePast(e.Name())
		stays := isPast
		for _, k := range keep {
			stays = stays || e.Name() == k
		}
		if stays {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.opt.Dir, e.Name())); err != nil {
			s.opt.Logger.Error("old gallery files can't be removed", "error", err)
		}
	}
}
