package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
	"vigie/matcher/face"
	"vigie/models"
)

// measureFaces evaluates the built-in calibration on a folder of labelled photos
// and puts its person-disjoint table beside the result.
func measureFaces(ctx context.Context, dir, modelDir, out, results string) error {
	if dir == "" {
		return errors.New("give the photos with -faces DIR (make bench-faces does)")
	}
	cal, err := models.DefaultCalibration()
	if err != nil {
		return fmt.Errorf("read the calibration: %w", err)
	}
	machine := benchmarks.ThisMachine(time.Now())
	engine, err := face.NewEngine(face.Options{ModelDir: modelDir, Workers: runtime.NumCPU(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("start the face engine: %w", err)
	}
	defer func() { _ = engine.Close() }()
	report, err := evalfaces.Run(ctx, dir, engine, cal, evalfaces.Options{Progress: func(step string, done, total int) {
		if done%200 == 0 || done == total {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", step, done, total)
		}
	}})
	if err != nil {
		return fmt.Errorf("evaluate the faces: %w", err)
	}
	if err := benchmarks.WriteJSON(out, "faces", report); err != nil {
		return err
	}
	text := fmt.Sprintf("## Faces: error rates per group\n\n`make bench-faces`, %s, commit %s, %s, %d cores, load before %s.\n\n"+
		"%s\n"+
		"The person-disjoint test that the shipped calibration records: A and B, each half of the people in the space learned from the other; 2 of 5, as above. \"This calibration\" above was fitted on these photos and looks better than it is on strangers.\n\n%s\n",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, report.Markdown(), evalfaces.FoldsMarkdown(cal.Data()))
	fmt.Println(text)
	return benchmarks.WriteSection(results, "faces", text)
}
