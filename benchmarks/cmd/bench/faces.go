package main

import (
	"context"
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
	"vigie/matcher/face/onnx"
	"vigie/models"
)

// degradedPersons is how many persons of each group lend a probe that is made worse:
// of the test data, all with two photos of the smallest group and as many of the
// others, a minute on two cores.
const degradedPersons = 29

// faceFlags say what is measured and where it goes.
type faceFlags struct{ photos, models, evalModels, only, out, results string }

// measureFaces evaluates dlib alone on a folder of labelled photos, and with the
// evaluation encoder beside it where `make models-eval` has installed that. Then each
// photo goes through both encoders once, and dlib alone is dlib's part of that.
func measureFaces(ctx context.Context, f faceFlags) error {
	second, err := f.second()
	if err != nil {
		return err
	}
	engine, err := face.NewEngine(face.Options{ModelDir: f.models, Second: second, Workers: runtime.NumCPU(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("start the face engine: %w", err)
	}
	defer func() { _ = engine.Close() }()
	once := newOnce(engine)
	var dlib evalfaces.Engine = once
	if second != nil {
		dlib = dlibOf{once}
	}
	if f.only != "second" {
		if err := f.measure(ctx, dlib, "faces", "Faces: error rates per group"); err != nil {
			return err
		}
	}
	if second == nil {
		return nil
	}
	return f.measure(ctx, once, "faces-second", "Faces: error rates with the evaluation encoder fused, and of each encoder alone")
}

// second says how to run the evaluation encoder; nil without it.
func (f faceFlags) second() (*onnx.Options, error) {
	if f.only == "dlib" {
		return nil, nil
	}
	r, err := models.OpenRecipe(evalRecipe)
	if err != nil {
		return nil, err
	}
	o := onnx.Options{Library: filepath.Join(f.evalModels, "libonnxruntime.so.1"), Model: filepath.Join(f.evalModels, r.File.Name), Recipe: r}
	if _, err := os.Stat(o.Model); err != nil {
		fmt.Fprintf(os.Stderr, "*** SKIPPED the second encoder: no %s; run make models-eval\n", o.Model)
		return nil, nil
	}
	return &o, nil
}

// evalRecipe is the encoder of `make models-eval`. Nobody documents what it was
// trained on.
const evalRecipe = "faceplugin-0.0.1"

// measure evaluates an engine with its built-in calibration and puts the
// calibration's own person-disjoint table beside the result.
func (f faceFlags) measure(ctx context.Context, engine evalfaces.Engine, name, title string) error {
	machine := benchmarks.ThisMachine(time.Now())
	cal, err := models.BuiltinCalibration(engine.Model())
	if err != nil {
		return fmt.Errorf("read the calibration: %w", err)
	}
	report, err := evalfaces.Run(ctx, f.photos, engine, cal, evalfaces.Options{Degrade: degradedPersons, Progress: func(step string, done, total int) {
		if done%200 == 0 || done == total {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", step, done, total)
		}
	}})
	if err != nil {
		return fmt.Errorf("evaluate the faces: %w", err)
	}
	if _, part := engine.(dlibOf); part {
		report.Notes = append(report.Notes, "The photos went through both encoders once: these are dlib's values of that, and the stage times are without the other's.")
	}
	if busy(machine) {
		report.Notes = append(report.Notes, "The machine was busy (load before "+machine.LoadAvg+"): the stage times are too long. The error rates do not depend on it.")
	}
	measured := struct {
		*evalfaces.Report
		Goals   []benchmarks.Goal  `json:"goals"`
		Machine benchmarks.Machine `json:"machine"`
	}{report, evalfaces.Goals(report), machine}
	if err := benchmarks.WriteJSON(f.out, name, measured); err != nil {
		return err
	}
	if err := card.Write(filepath.Join(f.out, name), report, machine); err != nil {
		return fmt.Errorf("write the model card: %w", err)
	}
	text := fmt.Sprintf("## %s\n\n`make bench-faces`, %s, commit %s, %s, %d cores, load before %s. Plots: `benchmarks/out/%s/card.md`.\n\n"+
		"Goals, judged by the figures of the first tables below (the value alone; the interval says how much that means):\n\n%s\n%s\n"+
		"The person-disjoint test that the shipped calibration records: A and B, each half of the people in the space learned from the other; 2 of 5, as above. \"This calibration\" above was fitted on these photos and looks better than it is on strangers.\n\n%s\n",
		title, machine.Date, machine.Commit, machine.CPU, machine.Cores, machine.LoadAvg, name, benchmarks.GoalTable(measured.Goals), report.Markdown(), evalfaces.FoldsMarkdown(cal.Data()))
	fmt.Println(text)
	return benchmarks.WriteSection(f.results, name, text)
}

// busy tells whether more ran on the machine than it has cores for.
func busy(m benchmarks.Machine) bool {
	var load float64
	n, err := fmt.Sscan(m.LoadAvg, &load)
	return err == nil && n == 1 && load > float64(m.Cores)
}
