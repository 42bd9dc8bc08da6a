package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/recaptures"
	"vigie/matcher/face/dlib"
)

// recapturePersons bounds the real photos of a group.
const recapturePersons = 400

// measureRecaptures simulates photos of prints and screens and measures what cues
// find of them.
func measureRecaptures(ctx context.Context, portraits, faces, modelDir, out, results string) error {
	if portraits == "" || faces == "" {
		return errors.New("give -portraits DIR and -faces DIR (make bench-recaptures does)")
	}
	machine := benchmarks.ThisMachine(time.Now())
	finder, err := dlib.Open(modelDir)
	if err != nil {
		return fmt.Errorf("start the face engine: %w", err)
	}
	defer finder.Close()
	report, err := recaptures.Run(ctx, finder, recaptures.Options{
		Portraits: portraits, Faces: faces, PerGroup: recapturePersons,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, s) },
	})
	if err != nil {
		return err
	}
	if err := benchmarks.WriteJSON(out, "recaptures", report); err != nil {
		return err
	}
	text := fmt.Sprintf("## Recaptures: photos of prints and screens\n\n`make bench-recaptures`, %s, commit %s, %s, %d cores, load before %s.\n\n%s",
		machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, report.Markdown())
	fmt.Println(text)
	return benchmarks.WriteSection(results, "recaptures", text)
}
