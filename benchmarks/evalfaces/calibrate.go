package evalfaces

import (
	"context"
	"fmt"
	"strings"

	"vigie/models"
	"vigie/models/calibrate"
)

// Calibrate extracts the folder and fits a calibration from it, without pairs
// that are excluded or known to be one person; an empty anchor
// takes calibrate.DefaultAnchor where the folder has that group. The caller
// writes the file with c.Data().Write. The same folder, models and kind of
// machine give the same bytes; the hash of the folder is recorded in it. parts divide
// composite templates (calibrate.PartsFor), none those of one encoder.
func Calibrate(ctx context.Context, dir, anchor string, engine Engine, parts []calibrate.Part, o Options) (*models.Calibration, *Set, error) {
	set, err := Load(ctx, dir, engine, o)
	if err != nil {
		return nil, nil, err
	}
	c, err := calibrate.Fit(calibrate.Input{
		Model: set.Model, Parts: parts, Groups: set.Templates(), Excluded: set.Corrected(), InputSHA256: set.InputSHA256,
	}, calibrate.Options{Anchor: anchor})
	if err != nil {
		return nil, set, err
	}
	return c, set, nil
}

// FoldsMarkdown gives the person-disjoint report of a calibration as a table,
// with a row per group over both halves before the test of all pairs.
func FoldsMarkdown(d models.CalibrationData) string {
	var b strings.Builder
	b.WriteString("| tested fold | group | persons | mated pairs | impostor pairs | FNMR at FMR 1e-3 | at 1e-4 | raw distance at 1e-3 | FMR at the shared threshold | FNMR there |\n|---|---|---|---|---|---|---|---|---|---|\n")
	row := func(f models.FoldResult) {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s | %s | %s | %s | %s |\n", f.Fold, f.Group, f.Persons, f.MatedPairs, f.ImpostorPairs,
			percent(&f.FNMR1e3), percent(&f.FNMR1e4), percent(&f.RawFNMR1e3), percent(&f.SharedFMR), percent(&f.SharedFNMR))
	}
	var order []string
	sums := map[string]models.FoldResult{}
	var all []models.FoldResult
	for _, f := range d.Folds {
		if f.Fold == models.FoldAll {
			all = append(all, f)
			continue
		}
		row(f)
		s, seen := sums[f.Group]
		if !seen {
			order = append(order, f.Group)
		}
		sums[f.Group] = joined(s, f)
	}
	for _, name := range order {
		row(sums[name])
	}
	for _, f := range all {
		row(f)
	}
	return b.String()
}

// joined weighs the rates of two halves by their pairs.
func joined(a, b models.FoldResult) models.FoldResult {
	mean := func(x, y float64, nx, ny int) float64 {
		return (x*float64(nx) + y*float64(ny)) / max(float64(nx+ny), 1)
	}
	mates := func(x, y float64) float64 { return mean(x, y, a.MatedPairs, b.MatedPairs) }
	return models.FoldResult{
		Fold: "both", Group: b.Group, Persons: a.Persons + b.Persons,
		MatedPairs: a.MatedPairs + b.MatedPairs, ImpostorPairs: a.ImpostorPairs + b.ImpostorPairs,
		FNMR1e3: mates(a.FNMR1e3, b.FNMR1e3), FNMR1e4: mates(a.FNMR1e4, b.FNMR1e4),
		RawFNMR1e3: mates(a.RawFNMR1e3, b.RawFNMR1e3), SharedFNMR: mates(a.SharedFNMR, b.SharedFNMR),
		SharedFMR: mean(a.SharedFMR, b.SharedFMR, a.ImpostorPairs, b.ImpostorPairs),
	}
}
