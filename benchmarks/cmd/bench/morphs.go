package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/morphs"
	"vigie/matcher"
	"vigie/matcher/face"
	"vigie/matcher/face/dlib"
	"vigie/models"
)

// measureMorphs makes morphs of the consented portraits and measures how many
// are noticed.
func measureMorphs(ctx context.Context, portraits, aged, modelDir, out, results string) error {
	if portraits == "" {
		return errors.New("give the portraits with -portraits DIR (make bench-morphs does)")
	}
	cal, err := models.DefaultCalibration()
	if err != nil {
		return fmt.Errorf("read the calibration: %w", err)
	}
	machine := benchmarks.ThisMachine(time.Now())
	engine, err := face.NewEngine(face.Options{ModelDir: modelDir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("start the face engine: %w", err)
	}
	defer func() { _ = engine.Close() }()
	finder, err := dlib.Open(modelDir)
	if err != nil {
		return fmt.Errorf("start the face engine: %w", err)
	}
	defer finder.Close()
	report, err := morphs.Run(ctx, engine, finder, cal, morphs.Options{
		Portraits: portraits, Aged: aged, LLR: matcher.DocumentUnlike,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, s) },
	})
	if err != nil {
		return err
	}
	if err := benchmarks.WriteJSON(out, "morphs", report); err != nil {
		return err
	}
	text := fmt.Sprintf("## Morphs: documents that show two people\n\n`make bench-morphs`, %s, commit %s, %s, %d cores, load before %s.\n\n%s",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, report.Markdown())
	fmt.Println(text)
	return benchmarks.WriteSection(results, "morphs", text)
}
