package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"vigie/benchmarks"
	"vigie/benchmarks/bareraft"
	"vigie/benchmarks/core"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	binary := flag.String("binary", "bin/vigie", "the program to measure")
	area := flag.String("area", "core", "what to measure: core, faces, search, morphs, recaptures, names, fusion, cluster")
	dir := flag.String("faces", "", "for -area faces, search, morphs, recaptures and fusion: DIR/<group>/<person>/<photo>.jpg")
	portraits := flag.String("portraits", "", "for -area morphs and recaptures: the folder of consented portraits")
	labelled := flag.String("names", "", "for -area names and fusion: the folder of labelled names")
	templates := flag.String("templates", "", "for -area fusion: the folder that vigie evaluate faces --keep-cache left; \"\": the face engine makes them")
	list := flag.String("list", "", "for -area names-large and names-start: the list, a name a line")
	peers := flag.String("peers", "", "for -area search: the program of benchmarks/peers; \"\" leaves FAISS and hnswlib out")
	cache := flag.String("cache", "var/bench", "for -area search: where hnswlib's graphs are kept")
	big := flag.Bool("big", true, "for -area search: 10 million templates too, where memory allows")
	only := flag.String("only", "", "for -area search: only the steps whose name contains this, nothing is written; for -area faces: dlib or second; for -area names: accuracy or speed; for -area cluster: of writes, faults, list, idle and profile those, with commas, nothing is written")
	models := flag.String("models", "var/models", "the face models; \"\" leaves photos out")
	evalModels := flag.String("eval-models", "var/models-eval", "for -area faces: the folder of make models-eval")
	portrait := flag.String("portrait", "var/demo-faces/profile-picture-1.jpg", "a JPEG of one face")
	out := flag.String("out", "benchmarks/out", "folder of the JSON results")
	results := flag.String("results", "benchmarks/RESULTS.md", "the Markdown file")
	quick := flag.Bool("quick", false, "a short run that only shows that everything works")
	flag.Parse()
	switch *area {
	case "core":
	case "faces":
		return measureFaces(ctx, faceFlags{photos: *dir, models: *models, evalModels: *evalModels, only: *only, out: *out, results: *results})
	case "morphs":
		return measureMorphs(ctx, *portraits, *dir, *models, *out, *results)
	case "recaptures":
		return measureRecaptures(ctx, *portraits, *dir, *models, *out, *results)
	case "names":
		return measureNames(ctx, nameFlags{data: *labelled, only: *only, out: *out, results: *results, quick: *quick})
	case "fusion":
		return measureFusion(ctx, faceFlags{photos: *dir, models: *models, out: *out, results: *results}, *labelled, *templates, *quick)
	case "cluster":
		return measureCluster(ctx, *binary, *only, *quick, *out, *results)
	case bareNode:
		return bareraft.Serve(flag.Arg(0), flag.Arg(1), os.Stdin, os.Stdout)
	case "names-large", "names-start":
		return measureLargeHere(ctx, *labelled, *list, *area == "names-start")
	case "search":
		f := searchFlags{faces: *dir, models: *models, peers: *peers, cache: *cache, only: *only, big: *big, quick: *quick}
		return measureSearch(ctx, f, *out, *results)
	default:
		return fmt.Errorf("no such area: %s", *area)
	}
	opt := core.Options{
		Binary: *binary, WriteSeconds: 8, Queries: 1000, Photos: 100, Passes: 3, RateSeconds: 5,
		ListSizes: []int{10_000, 100_000}, GallerySizes: []int{10_000, 100_000, 1_000_000},
		Progress: func(s string) { fmt.Fprintln(os.Stderr, s) },
	}
	if *quick {
		opt.WriteSeconds, opt.Queries, opt.Photos, opt.Passes, opt.RateSeconds = 1, 20, 3, 1, 0.5
		opt.ListSizes, opt.GallerySizes = []int{2000}, []int{2000}
	}
	if *models != "" {
		dir, err := filepath.Abs(*models) // the nodes have another working directory
		if err != nil {
			return fmt.Errorf("find the models: %w", err)
		}
		opt.ModelsDir = dir
		b, err := os.ReadFile(*portrait)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("no portrait: run make demo-faces, or give -portrait: %w", err)
		} else if err != nil {
			return fmt.Errorf("read the portrait: %w", err)
		}
		opt.Portrait = b
	}
	report, err := core.Run(ctx, opt)
	if err != nil {
		return err
	}
	if err := benchmarks.WriteJSON(*out, "core", report); err != nil {
		return err
	}
	fmt.Println(report.Markdown())
	return benchmarks.WriteSection(*results, "core", report.Markdown())
}
