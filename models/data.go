package models

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// The identity of a calibration file. A binary refuses a format version that it
// does not know. Version 1 is for the templates of one encoder, version 2 for
// composite ones.
const (
	CalibrationFormat          = "vigie-face-calibration"
	CalibrationFormatVersion   = 1
	CompositeCalibrationFormat = 2
)

// ErrChanged: the content of a calibration file does not give its version.
var ErrChanged = errors.New("content does not fit the version: the file was changed")

// maxCalibrationBytes bounds what LoadCalibration reads: a 512-D file has some
// 2.9 MB.
const maxCalibrationBytes = 16 << 20

// Floats is a list of float64, written as base64 of little-endian IEEE 754, so
// that a file holds exact bits.
type Floats []float64

// MarshalJSON implements json.Marshaler.
func (f Floats) MarshalJSON() ([]byte, error) {
	b := make([]byte, 8*len(f))
	for i, v := range f {
		binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(v))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Floats) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	if len(b)%8 != 0 {
		return fmt.Errorf("%d bytes are not a list of float64", len(b))
	}
	*f = make(Floats, len(b)/8)
	for i := range *f {
		(*f)[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return nil
}

// CalibrationData is the content of a calibration file: aggregates over a
// cohort, never a template or a name of a person.
type CalibrationData struct {
	Format        string `json:"format"`
	FormatVersion int    `json:"format_version"`
	// Version is "c" and the first 12 hexadecimal digits of the SHA-256 of the
	// file with an empty version: equal content, equal version.
	Version string `json:"version"`
	// Model is the model and recipe of the templates, Dim their dimension.
	Model string `json:"model"`
	Dim   int    `json:"dim"`

	Cohort Cohort `json:"cohort"`

	// Lambda is what was added to every variance before whitening.
	Lambda float64 `json:"lambda,omitempty"`
	// Mean is subtracted from the unit-norm template. Whitening has Dim rows of
	// Dim values: eigenvector over the root of its variance plus Lambda, largest
	// variance first.
	Mean      Floats `json:"mean,omitempty"`
	Whitening Floats `json:"whitening,omitempty"`
	// Parts stand for Lambda, Mean and Whitening in format version 2; FMR and LLR
	// are those of the weighted score.
	Parts []Part `json:"parts,omitempty"`

	LLR LLRModel `json:"llr"`
	FMR FMRModel `json:"fmr"`

	// Folds is the person-disjoint check: fitted on some persons, tested on
	// others. It describes the method, not the shipped space, which rests on all
	// persons.
	Folds []FoldResult `json:"folds"`
}

// Cohort says on whom a calibration was measured.
type Cohort struct {
	// Text is one sentence for reports and leads.
	Text string `json:"text"`
	// InputSHA256 identifies the photos (see evalfaces): equal hash, equal
	// folder.
	InputSHA256 string        `json:"input_sha256"`
	Groups      []CohortGroup `json:"groups"`
}

// CohortGroup counts one group of the cohort.
type CohortGroup struct {
	Name string `json:"name"`
	// Weight is the group's share of mean and covariance; all sum to 1.
	Weight        float64 `json:"weight"`
	Persons       int     `json:"persons"`
	Photos        int     `json:"photos"`
	MatedPairs    int     `json:"mated_pairs"`
	ImpostorPairs int     `json:"impostor_pairs"`
}

// LLRModel is LLR = Slope * score + Intercept, log10, kept within Min and Max.
type LLRModel struct {
	Slope     float64 `json:"slope"`
	Intercept float64 `json:"intercept"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	// MatedPairs and ImpostorPairs are what it was fitted on.
	MatedPairs    int `json:"mated_pairs"`
	ImpostorPairs int `json:"impostor_pairs"`
}

// FMRModel gives the false match rate at a score: a table of the impostor
// scores of the worst group as far as its pairs reach, and a generalised Pareto
// tail beyond.
type FMRModel struct {
	// Group is the group whose impostor scores it rests on.
	Group   string `json:"group"`
	Persons int    `json:"persons"`
	Pairs   int    `json:"pairs"`
	// Scores rise, Rates fall: Rates[i] of the pairs score Scores[i] or more.
	Scores []float64 `json:"scores"`
	Rates  []float64 `json:"rates"`
	Tail   Tail      `json:"tail"`
}

// Tail is a generalised Pareto tail: of the scores above Start, a share of
// (1 + Xi*(s-Start)/Sigma)^(-1/Xi) reaches s. It is used beyond the last row of
// the table and scaled to meet that row.
type Tail struct {
	Start float64 `json:"start"`
	Sigma float64 `json:"sigma"`
	Xi    float64 `json:"xi"`
	// Exceedances is the number of pairs that it was fitted on.
	Exceedances int `json:"exceedances"`
}

// FoldAll names the test of all pairs, each in the space learned from the three
// of five folds that hold neither of its persons.
const FoldAll = "2 of 5"

// FoldResult is one row of the person-disjoint report; rates are shares of 1.
type FoldResult struct {
	// Fold is "A" or "B": the half that was tested in the space of the other; or
	// FoldAll.
	Fold          string  `json:"fold"`
	Group         string  `json:"group"`
	Persons       int     `json:"persons"`
	MatedPairs    int     `json:"mated_pairs"`
	ImpostorPairs int     `json:"impostor_pairs"`
	FNMR1e3       float64 `json:"fnmr_at_fmr_1e-3"`
	FNMR1e4       float64 `json:"fnmr_at_fmr_1e-4"`
	// RawFNMR1e3 is the same for the plain distance, without calibration.
	RawFNMR1e3 float64 `json:"raw_fnmr_at_fmr_1e-3"`
	// SharedFMR and SharedFNMR are the group's rates at the threshold at which the
	// anchor group has 1e-3, RawSharedFMR its false match rate at the anchor's
	// raw distance threshold.
	SharedFMR    float64 `json:"shared_fmr"`
	SharedFNMR   float64 `json:"shared_fnmr"`
	RawSharedFMR float64 `json:"raw_shared_fmr"`
}

// Seal sets format and version of d from its content.
func (d *CalibrationData) Seal() error {
	d.Format, d.FormatVersion = CalibrationFormat, CalibrationFormatVersion
	if len(d.Parts) > 0 {
		d.FormatVersion = CompositeCalibrationFormat
	}
	v, err := d.digest()
	d.Version = v
	return err
}

func (d CalibrationData) digest() (string, error) {
	d.Version = ""
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("calibration: %w", err)
	}
	sum := sha256.Sum256(b)
	return "c" + hex.EncodeToString(sum[:6]), nil
}

// Write writes the calibration file; equal data give equal bytes.
func (d CalibrationData) Write(w io.Writer) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("write calibration: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write calibration: %w", err)
	}
	return nil
}

func (d *CalibrationData) check() error {
	switch {
	case d.Format != CalibrationFormat:
		return fmt.Errorf("format is %q, not %q", d.Format, CalibrationFormat)
	case d.FormatVersion != CalibrationFormatVersion && d.FormatVersion != CompositeCalibrationFormat:
		return fmt.Errorf("format version is %d, this program knows %d and %d", d.FormatVersion, CalibrationFormatVersion, CompositeCalibrationFormat)
	case d.Model == "":
		return errors.New("no model is named")
	}
	if err := d.checkSpaces(); err != nil {
		return err
	}
	if version, err := d.digest(); err != nil || version != d.Version {
		return fmt.Errorf("version %q: %w", d.Version, ErrChanged)
	}
	if err := d.LLR.check(); err != nil {
		return err
	}
	return d.FMR.check()
}

func (m LLRModel) check() error {
	if !finite(m.Slope, m.Intercept, m.Min, m.Max) || m.Slope <= 0 || m.Min >= m.Max {
		return errors.New("the likelihood ratio does not rise with the score")
	}
	return nil
}

func (m FMRModel) check() error {
	n := len(m.Scores)
	if n < 2 || n != len(m.Rates) || !finite(m.Scores...) || !finite(m.Rates...) {
		return errors.New("the false match table is malformed")
	}
	for i := range n {
		if m.Rates[i] <= 0 || m.Rates[i] > 1 || i > 0 && (m.Scores[i] <= m.Scores[i-1] || m.Rates[i] >= m.Rates[i-1]) {
			return fmt.Errorf("row %d of the false match table is out of order", i)
		}
	}
	t := m.Tail
	if !finite(t.Start, t.Sigma, t.Xi) || t.Sigma <= 0 || t.Xi < -1 || t.Xi > 1 || t.Start > m.Scores[n-1] || t.survival(m.Scores[n-1]) <= 0 {
		return errors.New("the tail of the false match rate is malformed")
	}
	return nil
}

func finite(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
