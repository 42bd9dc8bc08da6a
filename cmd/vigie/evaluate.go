package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vigie/benchmarks/evalfaces"
	"vigie/models"
)

func (p *program) evaluateCmd() *cobra.Command {
	return group("evaluate", "Measure accuracy on labelled data",
		"Results are aggregates: no name of a person or photo is printed.",
		p.evaluateFacesCmd())
}

func (p *program) evaluateFacesCmd() *cobra.Command {
	var calibration, modelsDir string
	cmd := &cobra.Command{
		Use: "faces DIR", Short: "Error rates of the face pipeline on labelled photos", Args: usage(cobra.ExactArgs(1), "a folder of photos"),
		Long: `Reads DIR/<group>/<person>/<photo>, with pairs to leave out in DIR/exclude.csv, and
prints per group: failure to enrol, 1:1 error rates, open-set identification, and the
time of each stage. Counts stand beside every figure.`,
		Example: "  vigie evaluate faces faces/\n  vigie evaluate faces faces/ --calibration mine.json --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadCalibration(calibration)
			if err != nil {
				return err
			}
			engine, err := p.offlineEngine(modelsDir)
			if err != nil {
				return err
			}
			defer engine.Close()
			r, err := evalfaces.Run(cmd.Context(), args[0], engine, c, p.evalOptions("reading photos"))
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

func loadCalibration(path string) (*models.Calibration, error) {
	if path == "" {
		return models.DefaultCalibration()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := models.LoadCalibration(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
