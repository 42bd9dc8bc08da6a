package spaces

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vigie/models"
	"vigie/watchlist"
)

// bothEntry has a photo that two encoders have seen.
func bothEntry(n uint64, c *models.Calibration) *watchlist.Entry {
	e := entryOf(n)
	t := append(template(n), template(n+1000)...)
	for len(t) < c.Dim() {
		t = append(t, template(n+2000)...)
	}
	e.Faces[0].Model, e.Faces[0].Template = c.Model(), watchlist.EncodeTemplate(t[:c.Dim()])
	return e
}

// The spaces of two encoders follow the decisions on their own calibration and no
// other; a search that took the one before keeps it, with the entries written
// meanwhile, until it ends; then its files go. A restart takes what was decided, not
// what the configuration names.
func TestSpacesOfTwoEncoders(t *testing.T) {
	r, err := models.OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	configured, err := models.BuiltinCalibration(r.CompositeModel())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOf(t, configured)
	w.put(bothEntry(1, configured), entryOf(2))
	file, dlib := doctored(t, 0.5)
	w.decide(file, dlib)
	if st := w.spaces.Status(); st.InForce != configured.Version() || st.Used != configured.Version() || st.State != Current || len(st.History) != 0 || len(st.All) != 1 {
		t.Errorf("a decision on dlib's calibration: %+v", st)
	}
	d := configured.Data()
	d.Parts = slices.Clone(d.Parts)
	d.LLR.Slope *= 1.5
	file, other := sealed(t, d)
	if err := w.files.Accept(digest(file), file); err != nil {
		t.Fatal(err)
	}
	before, err := w.spaces.Hold()
	if err != nil || before.Calibration.Version() != configured.Version() || before.Since != 0 || before.Gallery.Size() != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	w.decide(file, other)
	w.await("the swap", func() bool { return w.spaces.Used() == other.Version() })
	w.put(bothEntry(3, configured))
	after, err := w.spaces.Hold()
	if err != nil || after.Calibration.Version() != other.Version() || after.Since != w.index-1 || after.Gallery.Size() != 2 || before.Gallery.Size() != 2 {
		t.Errorf("%+v, %v; before it %d", after, err, before.Gallery.Size())
	}
	after.Release()
	before.Release()
	w.awaitUsed(other)
	entries, err := os.ReadDir(filepath.Join(w.dir, "gallery"))
	if err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != other.Version() {
		t.Errorf("files %v, %v", entries, err)
	}
	w.close()
	w.open()
	if st := w.spaces.Status(); st.Used != other.Version() || st.InForce != other.Version() || st.Shipped != configured.Version() || len(st.History) != 1 || len(st.All) != 2 {
		t.Errorf("after a restart: %+v", st)
	}
}

// Each encoder's calibrations go to its own spaces, and a node without a second
// encoder refuses one of two.
func TestInspectOfTwoEncoders(t *testing.T) {
	r, err := models.OpenRecipe("faceplugin-0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	both, err := models.BuiltinCalibration(r.CompositeModel())
	if err != nil {
		t.Fatal(err)
	}
	file := fileOf(t, both.Data())
	first, second := newWorld(t), newWorldOf(t, both)
	second.put(bothEntry(1, both))
	if _, err := (Reports{Spaces: first.spaces}).Inspect(file); err == nil {
		t.Error("a node with dlib alone takes a calibration of two encoders")
	}
	reports := Reports{Spaces: first.spaces, Second: second.spaces}
	got, err := reports.Inspect(file)
	if err != nil || got.Version != both.Version() || got.Model != both.Model() || got.Point.GallerySize != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := reports.Inspect(models.ShippedCalibration()); err != nil || got.Model != models.DlibModel {
		t.Errorf("%+v, %v", got, err)
	}
	if st := reports.Status(); st.Second == nil || st.Second.Report.Model != both.Model() || st.Report.Model != models.DlibModel {
		t.Errorf("%+v", st)
	}
}
