package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
	"vigie/benchmarks/evalfaces/card"
	"vigie/models"
)

// faceEvaluation holds the flags of evaluate faces.
type faceEvaluation struct {
	calibration, models string
	out                 string
	degrade             int
	cache               cacheFlags
	second              secondFlags
}

func (p *program) evaluateFacesCmd() *cobra.Command {
	var f faceEvaluation
	cmd := &cobra.Command{
		Use: "faces DIR", Short: "Error rates of the face pipeline on labelled photos", Args: usage(cobra.ExactArgs(1), "a folder of photos"),
		Long: `Measures the face pipeline on your own photos and machine:

  DIR/<group>/<person>/<photo>.jpg   also .jpeg, .png, .webp; links are followed
  DIR/exclude.csv                    optional: person_1,person_2 a line, pairs that may be
                                     one person and are left out of impostor scores

A group is a population to tell apart, such as a country or an age. Two photos of a
person make a mated pair; persons with one photo still serve as strangers. Rates need
numbers: FMR 1e-3 needs 1,000 pairs of strangers (46 persons) to be given at all, and a
hundred times that to be worth much. What so few cannot tell is null in the JSON and a
dash in the tables, never 0.

Per group and pooled: failure to enrol, FMR and FNMR, rank and top 5, FPIR and FNIR,
differences between groups, error versus discard, whether the threshold holds as the
gallery grows, what worse probes cost, the time of each stage, with counts and 95 %
intervals. --out writes a model card with plots. Results are aggregates: no
name of a person or photo is printed or written. With --recipe, dlib and that second
encoder are measured together, and each alone.

Progress goes to standard error. With --cache a run that was ended goes on where it
was: the folder then holds templates, which are BIOMETRIC DATA. It is made with mode
0700 and must be yours alone; the templates are removed when the run has succeeded,
unless you say --keep-cache. Without --cache no template is written anywhere.`,
		Example: "  vigie evaluate faces faces/ --out card/\n  vigie evaluate faces faces/ --calibration mine.json --json\n  vigie evaluate faces faces/ --recipe faceplugin-0.0.1\n  vigie evaluate faces faces/ --cache /root/vigie-eval --out card/",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.cache.check(); err != nil {
				return err
			}
			if f.degrade < 0 {
				return usagef("--degrade must be 0 or more")
			}
			return p.evaluateFaces(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.calibration, "calibration", "", "calibration file (default: the built-in one)")
	flags.StringVar(&f.models, "models", "", "folder of the models (default: where serve would find them)")
	f.second.add(flags)
	flags.StringVar(&f.out, "out", "", "folder for card.md, its plots (SVG) and report.json")
	flags.IntVar(&f.degrade, "degrade", 20, "persons of each group whose second photo is made worse in 17 steps (blur, noise, JPEG, gamma, small eyes, yaw); 0: none")
	f.cache.add(flags)
	return cmd
}

// evaluateFaces measures, writes the model card and prints the report.
func (p *program) evaluateFaces(ctx context.Context, dir string, f faceEvaluation) (err error) {
	on := benchmarks.ThisMachine(time.Now())
	build := readBuild()
	on.Commit = strings.TrimSpace(build.Version + " " + build.Revision)
	engine, err := p.offlineEngine(f.models, f.second)
	if err != nil {
		return err
	}
	defer engine.Close()
	c, err := calibrationFor(f.calibration, engine.Model())
	if err != nil {
		return err
	}
	options := p.evalOptions()
	options.Degrade = f.degrade
	if options.Cache, err = f.cache.open(engine.Model()); err != nil {
		return err
	}
	defer func() { err = p.closeCache(f.cache, options.Cache, err) }()
	r, err := evalfaces.Run(ctx, dir, engine, c, options)
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := card.Write(f.out, r, on); err != nil {
			return err
		}
		p.note("model card: %s/card.md", f.out)
	}
	if p.json {
		return r.WriteJSON(p.out)
	}
	_, err = io.WriteString(p.out, r.Markdown())
	return err
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
