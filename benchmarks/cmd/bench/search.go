package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"

	"vigie/benchmarks"
	"vigie/benchmarks/evalfaces"
	"vigie/benchmarks/search"
	"vigie/matcher/face"
	"vigie/models/calibrate"
)

// searchFlags are the flags of -area search.
type searchFlags struct {
	faces, models, peers, cache string
	only                        string
	big, quick                  bool
}

// measureSearch measures the exact face search.
func measureSearch(ctx context.Context, f searchFlags, out, results string) error {
	opt := search.Options{
		Peers: f.peers, Cache: f.cache, Passes: 5, Queries: 50, Batch: 256,
		Small: 10_000, Medium: 100_000, Large: 1_000_000, LoadSeconds: 4, Only: f.only,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, s) },
	}
	if f.big {
		opt.Big = 10_000_000
	}
	if f.quick {
		opt.Passes, opt.Queries, opt.Batch, opt.LoadSeconds = 2, 8, 32, 0.25
		opt.Small, opt.Medium, opt.Large, opt.Big = 2000, 4000, 10_000, min(opt.Big, 20_000)
	}
	var err error
	if opt.Groups, err = realTemplates(ctx, f, opt.Progress); err != nil {
		return err
	}
	report, err := search.Run(ctx, opt)
	if err != nil {
		return fmt.Errorf("measure the search: %w", err)
	}
	if f.only != "" {
		fmt.Println(report.Markdown())
		return nil
	}
	if err := benchmarks.WriteJSON(out, "search", report); err != nil {
		return err
	}
	fmt.Println(report.Markdown())
	return benchmarks.WriteSection(results, "search", report.Markdown())
}

// realTemplates extracts the photos of VIGIE_TESTDATA with the product's engine;
// nothing of it is written to disk. Without photos it says so and gives none.
func realTemplates(ctx context.Context, f searchFlags, progress func(string)) ([]calibrate.Group, error) {
	if f.faces == "" {
		progress("*** no photos given: no real templates")
		return nil, nil
	}
	if _, err := os.Stat(f.faces); errors.Is(err, fs.ErrNotExist) {
		progress("*** no photos in " + f.faces + ": no real templates")
		return nil, nil
	}
	engine, err := face.NewEngine(face.Options{ModelDir: f.models, Workers: runtime.NumCPU(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("start the face engine: %w", err)
	}
	defer func() { _ = engine.Close() }()
	progress("       extracting the templates of the real photos")
	set, err := evalfaces.Load(ctx, f.faces, engine, evalfaces.Options{})
	if err != nil {
		return nil, fmt.Errorf("extract the real templates: %w", err)
	}
	return set.Templates(), nil
}
