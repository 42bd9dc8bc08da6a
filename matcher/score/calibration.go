package score

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"

	"vigie/watchlist/names"
)

//go:embed calibration.json
var shipped []byte

// maxCalibrationBytes bounds what LoadCalibration reads.
const maxCalibrationBytes = 1 << 20

// Calibration says what the outcome of a comparison is worth. It is immutable and
// safe for concurrent use.
type Calibration struct {
	data  CalibrationData
	rules map[names.Rule]float64
	birth map[string]float64
}

// Shipped is the calibration that is built into the program.
var Shipped = sync.OnceValue(func() *Calibration {
	c, err := LoadCalibration(bytes.NewReader(shipped))
	if err != nil {
		// The file is part of the program; a test reads it.
		panic("score: the embedded calibration is broken: " + err.Error())
	}
	return c
})

// LoadCalibration reads a calibration file and checks format, version digest and
// curves. Unknown fields are an error.
func LoadCalibration(r io.Reader) (*Calibration, error) {
	var d CalibrationData
	dec := json.NewDecoder(io.LimitReader(r, maxCalibrationBytes))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("read evidence calibration: %w", err)
	}
	return NewCalibration(d)
}

// NewCalibration checks sealed data and takes ownership of its slices.
func NewCalibration(d CalibrationData) (*Calibration, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("evidence calibration: %w", err)
	}
	c := &Calibration{data: d, rules: map[names.Rule]float64{}, birth: map[string]float64{}}
	for _, r := range d.Words.Rules {
		c.rules[names.Rule(r.Rule)] = r.LLR
	}
	for _, l := range d.Births.Lines {
		c.birth[l.Name] = l.LLR
	}
	for _, r := range []names.Rule{names.RuleShort, names.RuleInitial, names.RuleTwoNames} {
		if _, ok := c.rules[r]; !ok {
			return nil, fmt.Errorf("evidence calibration: no LLR for the rule %s", r)
		}
	}
	for _, l := range birthLines {
		if _, ok := c.birth[l]; !ok {
			return nil, fmt.Errorf("evidence calibration: no LLR for the birth line %s", l)
		}
	}
	return c, nil
}

// Version identifies the content of the calibration.
func (c *Calibration) Version() string { return c.data.Version }

// Data gives the content for reports; its slices must not be changed.
func (c *Calibration) Data() CalibrationData { return c.data }

// NationalityKept is the share of a fitting nationality's LLR that is left beside
// a fitting name, 0 to 1.
func (c *Calibration) NationalityKept() float64 { return c.data.NationalityKept }

// equal is what a word is worth that is written alike, or is of one family, and
// that a share f of names hold.
func (c *Calibration) equal(f float64) float64 {
	return c.data.Words.Frequency.At(-math.Log10(f))
}

// pair is what one pair of words of that likeness is worth. Words of differing
// letters are weighed by their likeness, and where that supports, by their
// frequency too, but never for more than equal words.
func (c *Calibration) pair(a, b *names.Token, rule names.Rule, likeness float64) float64 {
	if rule != names.RuleTwoNames && rule != names.RuleInitial && a.Class != names.Core && b.Class != names.Core {
		return 0
	}
	if rule == names.RuleInitial || a.Class == names.Initial {
		return c.rules[names.RuleInitial]
	}
	if rule == names.RuleTwoNames {
		return c.rules[rule]
	}
	equal := c.equal(max(a.Frequency, b.Frequency))
	var worth float64
	switch rule {
	case names.RuleExact, names.RuleICAO, names.RuleFamily, names.RuleJoined:
		return equal
	case names.RuleShort:
		worth = c.rules[rule]
	default:
		worth = c.data.Words.Likeness.At(likeness)
		if likeness < noSupport {
			worth = min(worth, unlikeWords)
		}
	}
	if worth <= 0 {
		return worth
	}
	return max(0, min(equal, worth+equal-c.data.Words.Mean))
}
