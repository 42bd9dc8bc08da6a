package score

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// The identity of a calibration file. A binary refuses a format version that it
// does not know.
const (
	CalibrationFormat        = "vigie-evidence-calibration"
	CalibrationFormatVersion = 1
)

// CalibrationData is the content of a calibration file: aggregates over labelled
// pairs, never a name. All LLRs are log10; all numbers are rounded to four places,
// so that equal data give equal bytes on every machine.
type CalibrationData struct {
	Format        string `json:"format"`
	FormatVersion int    `json:"format_version"`
	// Version is "e" and the first 12 hexadecimal digits of the SHA-256 of the
	// file with an empty version.
	Version string `json:"version"`
	// NamesVersion is that of the name rules that it was fitted with.
	NamesVersion string `json:"names_version"`
	Cohort       Cohort `json:"cohort"`

	Words WordModel `json:"words"`
	// Names maps the sum over the words of a name to the LLR of the name.
	Names Curve `json:"names"`
	// SumMated and SumOthers are the pairs of names that Names rests on.
	SumMated  int `json:"names_mated"`
	SumOthers int `json:"names_others"`

	Births BirthModel `json:"births"`
	// NationalityKept is the share of a fitting nationality's LLR that is left
	// beside a fitting name.
	NationalityKept float64 `json:"nationality_kept"`
	// NationalityPairs are the pairs of strangers of like names that it rests on.
	NationalityPairs int `json:"nationality_pairs"`

	// Reasoned lists what no data at hand can fit, with its reasoning.
	Reasoned []Reasoned `json:"reasoned"`
	// Check is the test on people and families that the fit did not see.
	Check Check `json:"check"`
}

// Cohort says on what a calibration was fitted.
type Cohort struct {
	// Text is one sentence for reports.
	Text string `json:"text"`
	// Files are the files read, with their digests.
	Files []CohortFile `json:"files"`
	Sets  []CohortSet  `json:"sets"`
	Seed  uint64       `json:"seed"`
}

// CohortFile is one file of the data.
type CohortFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// CohortSet counts the pairs of one set; weight is its share among the mated and,
// apart, among the others.
type CohortSet struct {
	Name   string  `json:"name"`
	Mated  int     `json:"mated"`
	Others int     `json:"others"`
	Weight float64 `json:"weight"`
}

// Curve is a function that never falls: straight between its points, level beyond
// them. X rises.
type Curve struct {
	X []float64 `json:"x"`
	Y []float64 `json:"y"`
}

// WordModel is what a pair of words is worth.
type WordModel struct {
	// Frequency is the LLR of a word that is written alike on both sides, or is of
	// one spelling family, by the log10 of the share of names that hold it. It
	// falls, so its sign is turned in the file: X is -log10(frequency).
	Frequency Curve `json:"frequency"`
	// Mean is Frequency at the words that strangers have in common.
	Mean float64 `json:"mean"`
	// Likeness is the LLR of two words of differing letters by how alike they are.
	Likeness Curve `json:"likeness"`
	// Rules are the LLRs of the rules that have no likeness.
	Rules []RuleWeight `json:"rules"`
	// Conflict is a core word on each side that fits nothing, Omitted one that only
	// one side has.
	Conflict Count `json:"conflict"`
	Omitted  Count `json:"omitted"`
}

// RuleWeight is the LLR of a rule.
type RuleWeight struct {
	Rule string `json:"rule"`
	Count
}

// Count is an LLR with what it was counted on: words of mated pairs and of others.
type Count struct {
	LLR    float64 `json:"llr"`
	Mated  int     `json:"mated"`
	Others int     `json:"others"`
}

// BirthModel is what dates of birth are worth. The share of strangers (u) is
// counted, and so is how the dates of one person differ where they differ; how
// often they do (Differ) is reasoned.
type BirthModel struct {
	Dates int `json:"dates"`
	// Alternatives are the pairs of differing dates of one person.
	Alternatives int     `json:"alternatives"`
	Differ       float64 `json:"differ"`
	// Lines holds an LLR for each Birth* name below.
	Lines []BirthLine `json:"lines"`
	// YearShare is the chance that two strangers were born in one year.
	YearShare float64 `json:"year_share"`
}

// BirthLine is one outcome of a comparison of dates; Mated and Others are its
// shares among pairs of one person and of two.
type BirthLine struct {
	Name   string  `json:"name"`
	LLR    float64 `json:"llr"`
	Mated  float64 `json:"mated"`
	Others float64 `json:"others"`
}

// Reasoned is a constant that is not fitted.
type Reasoned struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Source string  `json:"source"`
}

// Check is the reliability of names alone on folds that share no person and no
// family with what they are tested on.
type Check struct {
	Folds  int `json:"folds"`
	Mated  int `json:"mated"`
	Others int `json:"others"`
	// Priors are the shares of mated pairs that the errors are stated for.
	Priors []PriorCheck `json:"priors"`
}

// PriorCheck is the test under one prior.
type PriorCheck struct {
	// Prior is the share of mated pairs.
	Prior float64 `json:"prior"`
	// ECE is the expected calibration error: the mean over pairs of the gap between
	// the posterior and the share of mated pairs in its bin.
	ECE  float64          `json:"ece"`
	Bins []ReliabilityBin `json:"bins"`
}

// ReliabilityBin is one bin of posteriors.
type ReliabilityBin struct {
	// Predicted is the mean posterior, Observed the share of mated pairs, Share the
	// bin's share of all pairs.
	Predicted float64 `json:"predicted"`
	Observed  float64 `json:"observed"`
	Share     float64 `json:"share"`
	Mated     int     `json:"mated"`
	Others    int     `json:"others"`
}

// Seal sets format and version of d from its content.
func (d *CalibrationData) Seal() error {
	d.Format, d.FormatVersion = CalibrationFormat, CalibrationFormatVersion
	v, err := d.digest()
	d.Version = v
	return err
}

func (d CalibrationData) digest() (string, error) {
	d.Version = ""
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("evidence calibration: %w", err)
	}
	sum := sha256.Sum256(b)
	return "e" + hex.EncodeToString(sum[:6]), nil
}

// Write writes the calibration file; equal data give equal bytes.
func (d CalibrationData) Write(w io.Writer) error {
	b, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return fmt.Errorf("write evidence calibration: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write evidence calibration: %w", err)
	}
	return nil
}

func (d *CalibrationData) check() error {
	switch {
	case d.Format != CalibrationFormat:
		return fmt.Errorf("format is %q, not %q", d.Format, CalibrationFormat)
	case d.FormatVersion != CalibrationFormatVersion:
		return fmt.Errorf("format version is %d, this program knows %d", d.FormatVersion, CalibrationFormatVersion)
	}
	if v, err := d.digest(); err != nil || v != d.Version {
		return fmt.Errorf("version %q: content does not fit the version: the file was changed", d.Version)
	}
	for name, c := range map[string]Curve{"names": d.Names, "words.frequency": d.Words.Frequency, "words.likeness": d.Words.Likeness} {
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if !(d.NationalityKept >= 0 && d.NationalityKept <= 1 && d.Births.YearShare > 0 && d.Births.YearShare < 1) {
		return errors.New("a share is not between 0 and 1")
	}
	return nil
}

func (c Curve) check() error {
	if len(c.X) < 2 || len(c.X) != len(c.Y) {
		return errors.New("a curve has two points or more")
	}
	for i := range c.X {
		if math.IsNaN(c.X[i]+c.Y[i]) || math.IsInf(c.X[i]+c.Y[i], 0) || i > 0 && (c.X[i] <= c.X[i-1] || c.Y[i] < c.Y[i-1]) {
			return fmt.Errorf("point %d is out of order", i)
		}
	}
	return nil
}

// At is the value at x.
func (c Curve) At(x float64) float64 {
	last := len(c.X) - 1
	if !(x > c.X[0]) { // NaN too
		return c.Y[0]
	}
	if x >= c.X[last] {
		return c.Y[last]
	}
	i := 1
	for c.X[i] < x {
		i++
	}
	t := (x - c.X[i-1]) / (c.X[i] - c.X[i-1])
	return c.Y[i-1] + t*(c.Y[i]-c.Y[i-1])
}
