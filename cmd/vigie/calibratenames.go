package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vigie/benchmarks/fitnames"
	"vigie/matcher/score"
)

func (p *program) calibrateNamesCmd() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "names DIR --out FILE", Short: "Fit the calibration of names and dates of birth", Args: usage(cobra.ExactArgs(1), "a folder of labelled names"),
		Long: `Reads the labelled names of a folder (the test data's names/: OFAC, UN, name_bench,
West African spellings, counts of Senegalese officials' names, synthetic strangers) and
writes what a likeness, a frequent word, a conflict and a date of birth are worth: counts
and likelihood ratios, no name. The same folder gives the same bytes. The program is built
with such a file (matcher/score/calibration.json); every lead names its version.

It is tested on people and surname families that the fit did not see: the bins of the
posterior, and the expected calibration error.`,
		Example: "  vigie calibrate names ../shared/data/names --out matcher/score/calibration.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usagef("say where the calibration goes: --out FILE")
			}
			c, err := fitnames.Fit(cmd.Context(), args[0], fitnames.Options{Progress: func(step string) { p.note("%s", step) }})
			if err != nil {
				return err
			}
			if err := writeWhole(out, 0o644, c.Data().Write); err != nil {
				return err
			}
			return p.emit(struct {
				File    string      `json:"file"`
				Version string      `json:"version"`
				Names   string      `json:"names_version"`
				Check   score.Check `json:"check"`
			}{out, c.Version(), c.Data().NamesVersion, c.Data().Check}, func(w io.Writer) {
				row(w, "written", out)
				row(w, "version", fmt.Sprintf("%s, for the name rules %s", c.Version(), c.Data().NamesVersion))
				writeCheck(w, c.Data().Check)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (required)")
	return cmd
}

// writeCheck shows the test on people that the fit did not see.
func writeCheck(w io.Writer, c score.Check) {
	row(w, "tested on", fmt.Sprintf("%d mated pairs, %d of strangers, %d folds that share no person", c.Mated, c.Others, c.Folds))
	for _, p := range c.Priors {
		row(w, fmt.Sprintf("prior %g", p.Prior), fmt.Sprintf("expected calibration error %.4f", p.ECE))
		for _, b := range p.Bins {
			row(w, "", fmt.Sprintf("posterior %.4f, mated %.4f, share %.4g (%d mated, %d others)", b.Predicted, b.Observed, b.Share, b.Mated, b.Others))
		}
	}
}
