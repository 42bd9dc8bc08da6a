package card

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
)

// Write writes report.json, card.md and the plots into a folder, which is made if
// it is missing. Files of these names are replaced.
func Write(dir string, r *evalfaces.Report, on benchmarks.Machine) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the model card: %w", err)
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	files := map[string][]byte{"report.json": text.Bytes()}
	var shown []figure
	for _, f := range figures(r) {
		svg, err := f.draw()
		if err != nil {
			return fmt.Errorf("draw %s: %w", f.file, err)
		}
		if svg != nil {
			files[f.file], shown = svg, append(shown, f)
		}
	}
	files["card.md"] = []byte(markdown(r, on, shown))
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return fmt.Errorf("write the model card: %w", err)
		}
	}
	return nil
}

// markdown writes the model card: what was measured, on whom, where; the plots;
// the tables; what the figures don't say.
func markdown(r *evalfaces.Report, on benchmarks.Machine, shown []figure) string {
	var b strings.Builder
	b.WriteString("# Model card: face recognition as measured here\n\n")
	row := func(what, value string) { fmt.Fprintf(&b, "| %s | %s |\n", what, value) }
	b.WriteString("| | |\n|---|---|\n")
	row("Model and recipe", "`"+r.Model+"`")
	row("Calibration", fmt.Sprintf("`%s`, %s", r.Calibration, r.Cohort))
	row("Measured on", people(r))
	row("Folder (SHA-256 of names and photos)", "`"+r.InputSHA256+"`")
	row("Figures at the top", r.Basis.Text())
	row("Machine", fmt.Sprintf("%s, %d cores, %d MiB, %s, %s", on.CPU, on.Cores, on.MemMiB, on.OS, on.Go))
	row("Program, date", fmt.Sprintf("commit %s, %s UTC, load before %s", dash(on.Commit), on.Date, dash(on.LoadAvg)))
	b.WriteString("\nIntended use: leads for an officer who decides; never a decision. The rates hold for people and photos like those measured, and for nobody else. Groups are folders: what they mean is up to who made the folder.\n\n")
	if len(shown) > 0 {
		b.WriteString("## Plots\n\n")
	}
	for _, f := range shown {
		fmt.Fprintf(&b, "![%s](%s)\n\n%s\n\n", f.title, f.file, f.caption)
	}
	b.WriteString("## Tables\n\n")
	b.WriteString(r.Markdown())
	return b.String()
}

// people counts who was measured.
func people(r *evalfaces.Report) string {
	var parts []string
	for _, name := range r.GroupNames() {
		m := r.Groups[name]
		parts = append(parts, fmt.Sprintf("%s: %d persons, %d photos, %d mated pairs", name, m.Persons, m.Photos, m.MatedPairs))
	}
	return strings.Join(parts, "; ")
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
