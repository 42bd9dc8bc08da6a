package evalfaces

import (
	"encoding/json"
	"io"
	"slices"
)

// Figures are error rates under one Basis. A figure is absent
// (null) where the folder is too small to tell it; counts and intervals stand
// beside every figure.
type Figures struct {
	Groups map[string]Metrics `json:"groups"`
	// Pooled compares within groups, and searches one gallery of all groups.
	Pooled Metrics `json:"pooled"`
	// Demographics holds the groups against each other; absent with fewer than two
	// groups that are large enough.
	Demographics *Demographics `json:"demographics,omitempty"`
}

// Basis says what figures rest on.
type Basis struct {
	// Space is SpaceShipped or SpaceDisjoint.
	Space string `json:"space"`
	// Labels is LabelsAsTheyStand or LabelsCorrected.
	Labels string `json:"labels"`
	// Encoder names the one of several encoders whose values alone are compared; ""
	// for the whole template.
	Encoder string `json:"encoder,omitempty"`
}

// The values of Basis.
const (
	// SpaceShipped compares in the space of the calibration, at its thresholds.
	SpaceShipped = "this calibration"
	// SpaceDisjoint compares each pair in a space learned from other persons: all
	// but two of five folds at a time, those of its two persons. The thresholds are
	// the anchor group's own.
	SpaceDisjoint = "person-disjoint"
	// LabelsAsTheyStand are those of the folder.
	LabelsAsTheyStand = "as they stand"
	// LabelsCorrected leaves out LabelFaults, the pairs of labels that are known to
	// be one person.
	LabelsCorrected = "known faults left out"
)

// Text says the basis in words.
func (b Basis) Text() string {
	space := "In the space of this calibration, at its thresholds"
	if b.Space == SpaceDisjoint {
		space = "Person-disjoint: two of five folds left out at a time"
	}
	if b.Encoder != "" {
		space = "Encoder " + b.Encoder + " alone. " + space
	}
	return space + "; labels " + b.Labels
}

// Variant are the same figures on another basis.
type Variant struct {
	Basis Basis `json:"basis"`
	Figures
}

// Report is the result of an evaluation.
type Report struct {
	// Basis is what the figures at the top rest on: this calibration and, where that
	// was fitted on these very photos, the person-disjoint comparisons instead; known
	// faults of the labels are left out. Variants holds what else was computed.
	Basis Basis `json:"basis"`
	Figures
	Variants    []Variant `json:"variants,omitempty"`
	LabelFaults int       `json:"label_faults"`
	// Growth is absent where no group is large enough.
	Growth *Growth `json:"gallery_growth,omitempty"`
	// Degraded rises by step within a kind; the first step is none.
	Degraded []Degraded `json:"degraded,omitempty"`
	// Several is absent where spaces can't be learned from other persons.
	Several *Several `json:"several_photos,omitempty"`
	// StagesMS holds wall times in milliseconds of photos that gave a template,
	// with all workers running; "total" is the sum for a probe,
	// without the queue.
	StagesMS map[string]Times `json:"stages_ms"`

	Model       string `json:"model"`
	Calibration string `json:"calibration"`
	Cohort      string `json:"cohort"`
	InputSHA256 string `json:"input_sha256"`
	// Notes are warnings that belong to the figures.
	Notes []string `json:"notes"`
}

// Metrics are the figures of one group or of the pool; rates are shares of 1.
type Metrics struct {
	Persons       int `json:"persons"`
	Photos        int `json:"photos"`
	MatedPairs    int `json:"mated_pairs"`
	ImpostorPairs int `json:"impostor_pairs"`
	// FTE is the share of photos without a template, Refused their codes.
	FTE     *float64       `json:"fte"`
	Refused map[string]int `json:"refused,omitempty"`
	// FNMRAtFMR is the false non-match rate at the group's own threshold for
	// the false match rate that is the key.
	FNMRAtFMR map[string]*float64 `json:"fnmr_at_fmr"`
	// Rank1 and Top5 are the shares of mated searches whose mate is first, or
	// among the first five, of GallerySize persons.
	GallerySize      int      `json:"gallery_size"`
	MatedSearches    int      `json:"mated_searches"`
	NonMatedSearches int      `json:"non_mated_searches"`
	Rank1            *float64 `json:"rank1"`
	Top5             *float64 `json:"top5"`
	// FNIRAtFPIR is the share of mated searches whose mate is missed at the
	// threshold that lets the key's share of non-mated searches (every person
	// searched in the gallery of the others) find somebody.
	FNIRAtFPIR map[string]*float64 `json:"fnir_at_fpir"`
	// FPIRAtTarget is the share of non-mated searches that find somebody at the
	// calibration's threshold for the key's target and this gallery.
	FPIRAtTarget map[string]*float64 `json:"fpir_at_target"`
	// FMRAtThreshold is the false match rate at the shared threshold for 1e-3 (the
	// calibration's, or the anchor group's), FNMRAtThreshold the false non-match
	// rate there.
	FMRAtThreshold  *float64 `json:"fmr_at_threshold_1e-3"`
	FNMRAtThreshold *float64 `json:"fnmr_at_threshold_1e-3"`
	// FMREstimate is FMRAtThreshold where pairs enough are expected above the
	// threshold to count them (30), else read from the tail of the scores.
	FMREstimate *float64 `json:"fmr_estimate_1e-3"`
	// FMRRatio is FMREstimate over that of the best group; in the pool, that
	// of the worst group over that of the best.
	FMRRatio *float64 `json:"fmr_ratio_worst_best"`
	// FMRAtLowThreshold and FMRRatioLow are the same at the threshold for 1e-2,
	// where a small group has pairs enough for a ratio to mean something.
	FMRAtLowThreshold *float64 `json:"fmr_at_threshold_1e-2"`
	FMRRatioLow       *float64 `json:"fmr_ratio_worst_best_1e-2"`
	// Curves are what the plots show.
	Curves    Curves    `json:"curves"`
	Intervals Intervals `json:"intervals_95"`
}

// Interval is a 95 % interval, ends included.
type Interval = [2]float64

// Intervals are those of the figures of Metrics, by a bootstrap of persons within
// their groups with a fixed seed; those of the ratios are in the pool.
type Intervals struct {
	FNMRAtFMR  map[string]*Interval `json:"fnmr_at_fmr,omitempty"`
	FNIRAtFPIR map[string]*Interval `json:"fnir_at_fpir,omitempty"`
	Rank1      *Interval            `json:"rank1,omitempty"`
	Top5       *Interval            `json:"top5,omitempty"`
	FMR        *Interval            `json:"fmr_at_threshold_1e-3,omitempty"`
	FMRLow     *Interval            `json:"fmr_at_threshold_1e-2,omitempty"`
	Ratio      *Interval            `json:"fmr_ratio_worst_best,omitempty"`
	RatioLow   *Interval            `json:"fmr_ratio_worst_best_1e-2,omitempty"`
}

// Times are quantiles of a stage.
type Times struct {
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
	Photos int     `json:"photos"`
}

// WriteJSON writes the report.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// GroupNames gives the groups in a fixed order.
func (f Figures) GroupNames() []string {
	names := make([]string, 0, len(f.Groups))
	for n := range f.Groups {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
