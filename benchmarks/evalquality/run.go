package evalquality

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"vigie/benchmarks/evalfaces"
	"vigie/models"
)

// Report is the result of an evaluation.
type Report struct {
	Gates []Gate `json:"gates"`
	// ProbeSpread and ReferenceSpread compare the groups' refusal rates.
	ProbeSpread     Spread    `json:"probe_spread"`
	ReferenceSpread Spread    `json:"reference_spread"`
	Discards        []Discard `json:"error_versus_discard"`
	Model           string    `json:"model"`
	Calibration     string    `json:"calibration"`
	InputSHA256     string    `json:"input_sha256"`
}

// leastMates is the least number of mated comparisons for an error-versus-discard
// row: below, a tenth is a handful.
const leastMates = 60

// Run reads the folder DIR/<group>/<person>/<photo> with the engine and measures.
func Run(ctx context.Context, dir string, engine evalfaces.Engine, c *models.Calibration, o evalfaces.Options) (*Report, error) {
	if c.Model() != engine.Model() {
		return nil, fmt.Errorf("evaluate quality: the calibration is for %s, the engine runs %s", c.Model(), engine.Model())
	}
	set, err := evalfaces.Load(ctx, dir, engine, o)
	if err != nil {
		return nil, fmt.Errorf("evaluate quality: %w", err)
	}
	return Evaluate(set, c)
}

// Evaluate measures an extracted set. Pairs of labels that are known to be one
// person count neither as mates nor as impostors.
func Evaluate(set *evalfaces.Set, c *models.Calibration) (*Report, error) {
	if len(set.Groups) == 0 {
		return nil, errors.New("evaluate quality: no photos")
	}
	r := &Report{Model: set.Model, Calibration: c.Version(), InputSHA256: set.InputSHA256}
	for _, g := range set.Groups {
		at, err := gate(g)
		if err != nil {
			return nil, fmt.Errorf("evaluate quality: %w", err)
		}
		r.Gates = append(r.Gates, at)
		list, err := mates(g.Photos, set.Corrected(), c)
		if err != nil {
			return nil, fmt.Errorf("evaluate quality: %w", err)
		}
		if len(list) >= leastMates {
			r.Discards = append(r.Discards, discards(g.Name, g.Photos, list)...)
		}
	}
	r.ProbeSpread = spread(r.Gates, func(g Gate) Share { return g.Probe.Refused })
	r.ReferenceSpread = spread(r.Gates, func(g Gate) Share { return g.Reference.Refused })
	return r, nil
}

// WriteJSON writes the report.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
