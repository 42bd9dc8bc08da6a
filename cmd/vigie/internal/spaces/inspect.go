package spaces

import (
	"encoding/json"
	"errors"

	"vigie/api"
	"vigie/matcher"
	"vigie/models"
	"vigie/watchlist"
)

// Reports shows Spaces to the API, and those of a second encoder beside them (nil
// without one). It is safe for concurrent use.
type Reports struct {
	*Spaces
	Second *Spaces
}

// Status implements api.Calibrations.
func (r Reports) Status() api.CalibrationStatus {
	out := r.Spaces.shown()
	if r.Second != nil {
		second := r.Second.shown()
		out.Second = &second
	}
	return out
}

func (s *Spaces) shown() api.CalibrationStatus {
	st := s.Status()
	return api.CalibrationStatus{
		InForce: st.InForce, Used: st.Used, Shipped: st.Shipped, State: string(st.State), Projected: min(st.Done, st.Total), ToProject: st.Total,
		Templates: s.Stats().Templates, Report: s.describe(s.Calibration()), History: st.History, All: st.All,
	}
}

// Shipped implements api.Calibrations.
func (r Reports) Shipped() ([]byte, api.CalibrationReport) {
	return r.opt.Shipped, r.describe(r.shipped)
}

// Inspect implements api.Calibrations. Beyond what LoadCalibration asks for, the
// calibration must be for this node's engine and say on whom it rests.
func (r Reports) Inspect(file []byte) (api.CalibrationReport, error) {
	refuse := func(code, detail string) (api.CalibrationReport, error) {
		return api.CalibrationReport{}, watchlist.ValidationError{{Pointer: "/file", Code: code, Detail: detail}}
	}
	var head struct {
		Format        string `json:"format"`
		FormatVersion int    `json:"format_version"`
	}
	if json.Unmarshal(file, &head) != nil || head.Format != models.CalibrationFormat {
		return refuse("format", "this is no face calibration; 'vigie calibrate' writes one")
	}
	if head.FormatVersion > models.CompositeCalibrationFormat {
		return refuse("format_version", "a newer release wrote the file than this node runs")
	}
	c, err := read(file)
	switch {
	case errors.Is(err, models.ErrChanged):
		return refuse("digest", "the file was changed since it was fitted: its content does not give its version")
	case err != nil:
		return refuse("malformed", "the file has unknown or missing fields, or values out of range")
	}
	of := r.Spaces
	if r.Second != nil && c.Model() == r.Second.opt.Model {
		of = r.Second
	}
	if c.Model() != of.opt.Model {
		return refuse("other_model", "the calibration is for templates of another model than this node's engine makes; one of two encoders is adopted on a node that runs both")
	}
	if err := c.CheckCohort(); err != nil {
		return refuse("cohort", err.Error()) // it holds numbers only
	}
	return of.describe(c), nil
}

// describe gives a calibration at the present size of the list.
func (s *Spaces) describe(c *models.Calibration) api.CalibrationReport {
	d := c.Data()
	size := s.Stats().Templates
	if s.opt.Beside != nil {
		size += s.opt.Beside()
	}
	op := watchlist.OperatingPoint{TargetFPIR: s.opt.TargetFPIR, GallerySize: size, Calibration: c.Version(), Cohort: c.Cohort()}
	op.FMR, op.Threshold = c.OperatingPoint(op.TargetFPIR, op.GallerySize)
	op.LowQualityThreshold = c.ThresholdAtFMR(op.FMR * matcher.LowQualityFMR)
	out := api.CalibrationReport{Version: c.Version(), Model: c.Model(), Point: op}
	for _, g := range d.Cohort.Groups {
		out.Groups = append(out.Groups, api.CalibrationGroup{
			Name: g.Name, Weight: g.Weight, Persons: g.Persons, Photos: g.Photos, MatedPairs: g.MatedPairs, ImpostorPairs: g.ImpostorPairs,
		})
	}
	for _, f := range d.Folds {
		out.Folds = append(out.Folds, api.CalibrationFold{
			Fold: f.Fold, Group: f.Group, Persons: f.Persons, MatedPairs: f.MatedPairs, ImpostorPairs: f.ImpostorPairs,
			FNMR1e3: f.FNMR1e3, FNMR1e4: f.FNMR1e4, SharedFMR: f.SharedFMR, SharedFNMR: f.SharedFNMR,
		})
	}
	return out
}
