package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
	"vigie/benchmarks/evalfaces/card"
	"vigie/matcher/face"
	"vigie/models"
)

// degradedPersons is how many persons of each group lend a probe that is made worse:
// of the test data, all with two photos of the smallest group and as many of the
// others, a minute on two cores.
const degradedPersons = 29

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
	report, err := evalfaces.Run(ctx, dir, engine, cal, evalfaces.Options{Degrade: degradedPersons, Progress: func(step string, done, total int) {
		if done%200 == 0 || done == total {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", step, done, total)
		}
	}})
	if err != nil {
		return fmt.Errorf("evaluate the faces: %w", err)
	}
	measured := struct {
		*evalfaces.Report
		Goals   []evalfaces.Goal   `json:"goals"`
		Machine benchmarks.Machine `json:"machine"`
	}{report, evalfaces.Goals(report), machine}
	if err := benchmarks.WriteJSON(out, "faces", measured); err != nil {
		return err
	}
	if err := card.Write(filepath.Join(out, "faces"), report, machine); err != nil {
		return fmt.Errorf("write the model card: %w", err)
	}
	text := fmt.Sprintf("## Faces: error rates per group\n\n`make bench-faces`, %s, commit %s, %s, %d cores, load before %s. Plots: `benchmarks/out/faces/card.md`.\n\n"+
		"Goals, judged by the figures of the first tables below (the value alone; the interval says how much that means):\n\n%s\n%s\n"+
		"The person-disjoint test that the shipped calibration records: A and B, each half of the people in the space learned from the other; 2 of 5, as above. \"This calibration\" above was fitted on these photos and looks better than it is on strangers.\n\n%s\n",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, evalfaces.GoalsMarkdown(measured.Goals), report.Markdown(), evalfaces.FoldsMarkdown(cal.Data()))
	fmt.Println(text)
	return benchmarks.WriteSection(results, "faces", text)
}
