package main

import (
	"io"

	"github.com/spf13/cobra"

	"vigie/benchmarks/evalquality"
)

func (p *program) evaluateQualityCmd() *cobra.Command {
	var calibration, modelsDir string
	cmd := &cobra.Command{
		Use: "quality DIR", Short: "The photo gate and the quality scores on labelled photos", Args: usage(cobra.ExactArgs(1), "a folder of photos"),
		Long: `Reads DIR/<group>/<person>/<photo>, with pairs to leave out in DIR/exclude.csv, and
prints per group what share of the photos is refused or flagged, as probes and as
references, and what leaving out the worst tenth of the probes does to the false
non-match rate. Counts and intervals stand beside every figure.`,
		Example: "  vigie evaluate quality faces/",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadCalibration(calibration)
			if err != nil {
				return err
			}
			engine, err := p.offlineEngine(modelsDir, secondFlags{})
			if err != nil {
				return err
			}
			defer engine.Close()
			r, err := evalquality.Run(cmd.Context(), args[0], engine, c, p.evalOptions())
			if err != nil {
				return err
			}
			if p.json {
				return r.WriteJSON(p.out)
			}
			_, err = io.WriteString(p.out, r.Markdown())
			return err
		},
	}
	cmd.Flags().StringVar(&calibration, "calibration", "", "calibration file (default: the built-in one)")
	cmd.Flags().StringVar(&modelsDir, "models", "", "folder of the models (default: where serve would find them)")
	return cmd
}
