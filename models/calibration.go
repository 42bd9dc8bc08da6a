package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
)

//go:embed calibration.json
var defaultCalibration []byte

// minFMR is the lowest false match rate ever stated: the tail is extrapolated,
// and nothing measured here carries a smaller number.
const minFMR = 1e-12

// Calibration turns templates of one model into comparable vectors and their
// cosine into evidence. It is immutable and safe for concurrent use.
type Calibration struct {
	data      CalibrationData
	parts     []Part
	projected int // values of a projected template
}

// DefaultCalibration gives the calibration that is built into the program.
func DefaultCalibration() (*Calibration, error) {
	return LoadCalibration(bytes.NewReader(defaultCalibration))
}

// LoadCalibration reads a calibration file and checks format, version digest
// and ranges. Unknown fields are an error.
func LoadCalibration(r io.Reader) (*Calibration, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxCalibrationBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read calibration: %w", err)
	}
	if len(b) > maxCalibrationBytes {
		return nil, fmt.Errorf("read calibration: more than %d bytes", maxCalibrationBytes)
	}
	var d CalibrationData
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("read calibration: %w", err)
	}
	return NewCalibration(d)
}

// NewCalibration checks sealed data and takes ownership of its slices.
func NewCalibration(d CalibrationData) (*Calibration, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	c := &Calibration{data: d, parts: d.spaces()}
	for _, p := range c.parts {
		c.projected += p.Keep
	}
	return c, nil
}

// Version identifies the content of the calibration.
func (c *Calibration) Version() string { return c.data.Version }

// Model is the model and recipe whose templates the calibration projects.
func (c *Calibration) Model() string { return c.data.Model }

// Dim is the number of values of a template.
func (c *Calibration) Dim() int { return c.data.Dim }

// Cohort says in one sentence on whom the calibration was measured.
func (c *Calibration) Cohort() string { return c.data.Cohort.Text }

// Data gives the content for reports; its slices must not be changed.
func (c *Calibration) Data() CalibrationData { return c.data }

// LLR is the log10 likelihood ratio of a ComparisonScore, mated over non-mated.
// It rises with the score and is kept within what the cohort's counts support.
func (c *Calibration) LLR(score float64) float64 {
	m := c.data.LLR
	if math.IsNaN(score) {
		return m.Min
	}
	return min(max(float64(m.Slope*score)+m.Intercept, m.Min), m.Max)
}

// FMR is the share of non-mated comparisons of the worst measured group that
// reach the score, 1e-12 to 1. Beyond the table it is extrapolated (Tail).
func (c *Calibration) FMR(score float64) float64 { return c.data.FMR.rate(score) }

// ThresholdAtFMR is the score that a share fmr of the non-mated comparisons
// reaches: the inverse of FMR, at most 1.
func (c *Calibration) ThresholdAtFMR(fmr float64) float64 { return c.data.FMR.threshold(fmr) }

// agreementFMR is the false match rate of the score from which two photos of an
// entry count as one person's (Agreement). On the test photos, with dlib alone, 1.0 %
// of the pairs of West African strangers agree there and 1.2 % of 321 pairs of a
// person's own do not (benchmarks/RESULTS.md, faces).
const agreementFMR = 0.01

// Agreement is the score from which two photos of an entry are compared as one: the
// first of the table that a share of agreementFMR or less of the non-mated
// comparisons reach. It is read from the table, so that it is the same on every
// CPU.
func (c *Calibration) Agreement() float64 {
	m := c.data.FMR
	i := sort.Search(len(m.Rates)-1, func(i int) bool { return m.Rates[i] <= agreementFMR })
	return m.Scores[i]
}

// OperatingPoint gives the per-comparison false match rate and the threshold at
// which a share targetFPIR of non-mated searches returns at least one of
// gallerySize templates: fmr = 1-(1-FPIR)^(1/N), the binomial model of ISO/IEC
// 19795-1. targetFPIR is kept within 1e-9 and 0.999999, gallerySize at 1 or
// more.
func (c *Calibration) OperatingPoint(targetFPIR float64, gallerySize int) (fmr, threshold float64) {
	if math.IsNaN(targetFPIR) {
		targetFPIR = 0
	}
	p := min(max(targetFPIR, 1e-9), 1-1e-6)
	n := float64(max(gallerySize, 1))
	fmr = -math.Expm1(math.Log1p(-p) / n)
	return fmr, c.ThresholdAtFMR(fmr)
}

func (m FMRModel) rate(score float64) float64 {
	last := len(m.Scores) - 1
	switch {
	case math.IsNaN(score) || score <= m.Scores[0]:
		return m.Rates[0]
	case score >= m.Scores[last]:
		joint := m.Tail.survival(m.Scores[last])
		return max(m.Rates[last]*m.Tail.survival(score)/joint, minFMR)
	}
	i := sort.SearchFloat64s(m.Scores, score) // Scores[i-1] < score <= Scores[i]
	at := (score - m.Scores[i-1]) / (m.Scores[i] - m.Scores[i-1])
	return math.Exp(math.Log(m.Rates[i-1])*(1-at) + math.Log(m.Rates[i])*at)
}

func (m FMRModel) threshold(fmr float64) float64 {
	last := len(m.Rates) - 1
	switch {
	case math.IsNaN(fmr) || fmr <= minFMR:
		fmr = minFMR
	case fmr >= m.Rates[0]:
		return m.Scores[0]
	}
	if fmr <= m.Rates[last] {
		joint := m.Tail.survival(m.Scores[last])
		return min(m.Tail.inverse(fmr/m.Rates[last]*joint), 1)
	}
	i := sort.Search(len(m.Rates), func(i int) bool { return m.Rates[i] <= fmr }) // Rates[i-1] > fmr >= Rates[i]
	at := (math.Log(fmr) - math.Log(m.Rates[i-1])) / (math.Log(m.Rates[i]) - math.Log(m.Rates[i-1]))
	return m.Scores[i-1]*(1-at) + m.Scores[i]*at
}

// survival is the share of the scores above Start that reaches score.
func (t Tail) survival(score float64) float64 {
	x := max(score-t.Start, 0) / t.Sigma
	if math.Abs(t.Xi) < 1e-9 {
		return math.Exp(-x)
	}
	base := 1 + t.Xi*x
	if base <= 0 {
		return 0
	}
	return math.Pow(base, -1/t.Xi)
}

// inverse is the score that a share p of the scores above Start reaches.
func (t Tail) inverse(p float64) float64 {
	if math.Abs(t.Xi) < 1e-9 {
		return t.Start - t.Sigma*math.Log(p)
	}
	return t.Start + t.Sigma/t.Xi*(math.Pow(p, -t.Xi)-1)
}
