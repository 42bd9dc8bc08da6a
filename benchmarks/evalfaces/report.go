package evalfaces

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Report is the result of an evaluation. A figure is absent (null) where the
// folder is too small to tell it; counts stand beside every figure.
type Report struct {
	Groups map[string]Metrics `json:"groups"`
	// Pooled compares within groups, and searches one gallery of all groups.
	Pooled Metrics `json:"pooled"`
	// StagesMS holds wall times in milliseconds of photos that gave a template,
	// with all workers running; "total" is the sum without the queue.
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
	// FMRAtThreshold is the false match rate at the calibration's threshold for
	// 1e-3, FNMRAtThreshold the false non-match rate there.
	FMRAtThreshold  *float64 `json:"fmr_at_threshold_1e-3"`
	FNMRAtThreshold *float64 `json:"fnmr_at_threshold_1e-3"`
	// FMRRatio is FMRAtThreshold over that of the best group; in the pool, that
	// of the worst group over that of the best.
	FMRRatio *float64 `json:"fmr_ratio_worst_best"`
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
func (r *Report) GroupNames() []string {
	names := make([]string, 0, len(r.Groups))
	for n := range r.Groups {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Markdown gives the report as tables.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Model `%s`, calibration `%s` (%s).\n\n", r.Model, r.Calibration, r.Cohort)
	b.WriteString("| group | persons | photos | mated pairs | impostor pairs | FTE | FNMR at FMR 1e-3 | at 1e-4 | FMR at the shipped 1e-3 | FNMR there |\n|---|---|---|---|---|---|---|---|---|---|\n")
	names := append(r.GroupNames(), "")
	metrics := func(name string) (string, Metrics) {
		if name == "" {
			return "**pooled**", r.Pooled
		}
		return name, r.Groups[name]
	}
	for _, n := range names {
		name, m := metrics(n)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s | %s | %s | %s | %s |\n", name, m.Persons, m.Photos, m.MatedPairs, m.ImpostorPairs,
			percent(m.FTE), percent(m.FNMRAtFMR["1e-3"]), percent(m.FNMRAtFMR["1e-4"]), percent(m.FMRAtThreshold), percent(m.FNMRAtThreshold))
	}
	b.WriteString("\n| group | gallery | mated searches | rank 1 | top 5 | FNIR at FPIR 1 % | at 0.1 % | FPIR at target 1 % | FMR ratio to the best group |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, n := range names {
		name, m := metrics(n)
		ratio := "–"
		if m.FMRRatio != nil {
			ratio = fmt.Sprintf("%.2f", *m.FMRRatio)
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %s | %s | %s |\n", name, m.GallerySize, m.MatedSearches,
			percent(m.Rank1), percent(m.Top5), percent(m.FNIRAtFPIR["0.01"]), percent(m.FNIRAtFPIR["0.001"]), percent(m.FPIRAtTarget["0.01"]), ratio)
	}
	b.WriteString("\n| stage | p50 ms | p99 ms | photos |\n|---|---|---|---|\n")
	stages := make([]string, 0, len(r.StagesMS))
	for s := range r.StagesMS {
		stages = append(stages, s)
	}
	slices.Sort(stages)
	for _, s := range stages {
		t := r.StagesMS[s]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %d |\n", s, t.P50, t.P99, t.Photos)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n- %s", n)
	}
	return b.String() + "\n"
}

// percent writes a share with two significant digits, or a dash.
func percent(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v == 0:
		return "0 %"
	case *v < 0.1:
		digits := int(math.Min(3, math.Max(1, 1-math.Floor(math.Log10(*v*100)))))
		return fmt.Sprintf("%.*f %%", digits, *v*100)
	}
	return fmt.Sprintf("%.1f %%", *v*100)
}
