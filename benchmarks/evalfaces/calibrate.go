package evalfaces

import (
	"context"

	"vigie/models"
	"vigie/models/calibrate"
)

// Calibrate extracts the folder and fits a calibration from it; an empty anchor
// takes calibrate.DefaultAnchor where the folder has that group. The caller
// writes the file with c.Data().Write. The same folder, models and kind of
// machine give the same bytes; the hash of the folder is recorded in it.
func Calibrate(ctx context.Context, dir, anchor string, engine Engine, o Options) (*models.Calibration, *Set, error) {
	set, err := Load(ctx, dir, engine, o)
	if err != nil {
		return nil, nil, err
	}
	c, err := calibrate.Fit(calibrate.Input{
		Model: set.Model, Groups: set.Templates(), Excluded: set.Excluded, InputSHA256: set.InputSHA256,
	}, calibrate.Options{Anchor: anchor})
	if err != nil {
		return nil, set, err
	}
	return c, set, nil
}
