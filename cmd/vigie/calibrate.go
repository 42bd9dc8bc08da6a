package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"vigie/benchmarks/evalfaces"
	"vigie/matcher/face"
	"vigie/models"
)

// faceCalibration holds the flags of calibrate.
type faceCalibration struct {
	out, anchor, models string
	cache               cacheFlags
	second              secondFlags
}

func (p *program) calibrateCmd() *cobra.Command {
	var f faceCalibration
	cmd := &cobra.Command{
		Use: "calibrate DIR --out FILE", Short: "Fit a face calibration from labelled photos", Args: usage(cobra.ExactArgs(1), "a folder of photos"),
		Long: `Reads DIR/<group>/<person>/<photo>, with pairs to leave out in DIR/exclude.csv, and
writes a calibration: means, covariance and score tables, no photo and no template.
The same folder, models and kind of machine give the same bytes. With --recipe it is one
for dlib and that second encoder together, weighed as the recipe says.

With --cache a run that was ended goes on where it was: the folder then holds templates,
which are BIOMETRIC DATA. It must be yours alone, and the templates are removed when the
run has succeeded, unless you say --keep-cache.`,
		Example: "  vigie calibrate faces/ --out calibration.json\n  vigie calibrate faces/ --recipe sface-2021dec --recipe-dir /usr/share/vigie/models --out both.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.out == "" {
				return usagef("say where the calibration goes: --out FILE")
			}
			if err := f.cache.check(); err != nil {
				return err
			}
			return p.calibrateFaces(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "file to write (required)")
	flags.StringVar(&f.anchor, "anchor", "", "group whose impostor scores set the false match rates (default: the one that the project's own calibration uses)")
	flags.StringVar(&f.models, "models", "", "folder of the models (default: where serve would find them)")
	f.cache.add(flags)
	f.second.add(flags)
	cmd.AddCommand(p.calibrateNamesCmd())
	return cmd
}

// calibrateFaces fits a calibration, writes its file and says what it is.
func (p *program) calibrateFaces(ctx context.Context, dir string, f faceCalibration) (err error) {
	parts, err := f.second.parts()
	if err != nil {
		return err
	}
	engine, err := p.offlineEngine(f.models, f.second)
	if err != nil {
		return err
	}
	defer engine.Close()
	options := p.evalOptions()
	if options.Cache, err = f.cache.open(engine.Model()); err != nil {
		return err
	}
	defer func() { err = p.closeCache(f.cache, options.Cache, err) }()
	c, set, err := evalfaces.Calibrate(ctx, dir, f.anchor, engine, parts, options)
	if err != nil {
		return err
	}
	if err := writeWhole(f.out, 0o644, c.Data().Write); err != nil {
		return err
	}
	return p.emit(struct {
		File    string `json:"file"`
		Version string `json:"version"`
		Model   string `json:"model"`
		Groups  int    `json:"groups"`
		Cohort  string `json:"cohort"`
	}{f.out, c.Version(), c.Model(), len(set.Groups), c.Cohort()}, func(w io.Writer) {
		row(w, "written", f.out)
		row(w, "version", c.Version())
		row(w, "model", c.Model())
		row(w, "measured on", c.Cohort())
	})
}

// offlineEngine starts a face engine for a measurement on this machine.
func (p *program) offlineEngine(modelsDir string, second secondFlags) (*face.Engine, error) {
	dir, err := engineModels(modelsDir)
	if err != nil {
		return nil, err
	}
	o, err := second.options()
	if err != nil {
		return nil, err
	}
	e, err := face.NewEngine(face.Options{ModelDir: dir, Workers: runtime.NumCPU(), Queue: 1000, Second: o, Logger: discardLog()})
	if err != nil {
		return nil, err
	}
	if _, warning := e.SelfTest(); warning != "" {
		p.note("warning: %s", warning)
	}
	if _, err := e.SecondTest(); err != nil {
		e.Close()
		return nil, err
	}
	if o != nil && o.Recipe.Use == models.UseEvaluation {
		p.note("note: the second encoder %s is for evaluation only: %s", o.Recipe.ID, o.Recipe.File.Licence)
	}
	return e, nil
}

// evalOptions shows the progress on standard error: a bar on a terminal, else a line
// now and then.
func (p *program) evalOptions() evalfaces.Options {
	bars := map[string]*progressbar.ProgressBar{}
	return evalfaces.Options{Progress: func(step string, done, total int) {
		if p.json || !terminal(p.err) {
			if done == total || done%500 == 0 {
				p.note("%s: %d of %d", step, done, total)
			}
			return
		}
		if bars[step] == nil {
			bars[step] = p.progress(total, step)
		}
		_ = bars[step].Set(done)
	}}
}

// writeWhole writes a file by way of a temporary one beside it, which nobody else
// can read meanwhile.
func writeWhole(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".vigie-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if err = write(tmp); err != nil {
		tmp.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = tmp.Chmod(mode); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
