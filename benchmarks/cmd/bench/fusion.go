package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
	"vigie/benchmarks/fusion"
	"vigie/matcher/face"
	"vigie/models"
)

// fusionSeed is that of the stream.
const fusionSeed = 2026

// measureFusion holds the fused evidence against each single one on a generated
// stream. With a cache of templates (vigie evaluate faces --keep-cache) it needs no
// face engine.
func measureFusion(ctx context.Context, f faceFlags, labelled, cache string, quick bool) error {
	if f.photos == "" || labelled == "" {
		return errors.New("give the photos with -faces DIR and the labelled names with -names DIR (make bench-fusion does)")
	}
	cal, err := models.DefaultCalibration()
	if err != nil {
		return fmt.Errorf("read the calibration: %w", err)
	}
	machine := benchmarks.ThisMachine(time.Now())
	var engine evalfaces.Engine = fusion.CachedEngine(cal.Model())
	var o evalfaces.Options
	if cache != "" {
		if o.Cache, err = evalfaces.OpenCache(cache, cal.Model()); err != nil {
			return err
		}
		defer func() { _ = o.Cache.Close(true) }()
	} else {
		e, err := face.NewEngine(face.Options{ModelDir: f.models, Queue: 1000, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return fmt.Errorf("start the face engine: %w", err)
		}
		defer func() { _ = e.Close() }()
		engine = e
	}
	set, err := evalfaces.Load(ctx, f.photos, engine, o)
	if err != nil {
		return err
	}
	run := fusion.Options{Names: labelled, Faces: set, Calibration: cal, Seed: fusionSeed, Progress: func(s string) { fmt.Fprintln(os.Stderr, s) }}
	if quick {
		run.Rounds, run.Entries = 1, 1000
	}
	report, err := fusion.Run(ctx, run)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("## Fused leads against single evidence\n\n`make bench-fusion`, %s, commit %s, %s, %d cores.\n\n%s\n%s",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, benchmarks.GoalTable(report.Goals()), report.Markdown())
	fmt.Println(text)
	if quick {
		return nil
	}
	if err := benchmarks.WriteJSON(f.out, "fusion", report); err != nil {
		return err
	}
	return benchmarks.WriteSection(f.results, "fusion", text)
}
