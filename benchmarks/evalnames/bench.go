package evalnames

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"vigie/benchmarks/gen"
	"vigie/index/name"
	"vigie/matcher"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// BenchOptions say what RunBench measures.
type BenchOptions struct {
	Data *Data
	Seed uint64
	// ListSize is the size of the list of the region's names, Targets how many of
	// it are asked for, PerOrthography how many searches each orthography gets.
	ListSize, Targets, PerOrthography int
	// Typos bounds the searches with two mistakes, and is the number of zones with
	// so many reading errors; Strangers are the people on no list.
	Typos, Strangers int
	// Observe, when set, is told the best score of each search of the alert set and
	// whether the person was on the list: what a calibration is judged by.
	Observe  func(score float64, mated bool)
	Progress func(string)
}

// Bench is what `make bench-names` found about accuracy. No name is in it.
type Bench struct {
	Version   string            `json:"version"`
	Threshold float64           `json:"threshold"`
	Seed      uint64            `json:"seed"`
	Hashes    map[string]string `json:"sha256"`
	ListSize  int               `json:"list_names"`
	// Recalls are the mated sets.
	Recalls []Recall   `json:"recalls"`
	Links   FalseLinks `json:"false_links"`
	Pairs   FoldedF1   `json:"pairs"`
	Alerts  Alerts     `json:"alerts"`
	Strange []Strange  `json:"strange_names"`
}

// bench is a run in progress.
type bench struct {
	BenchOptions
	Bench
}

// RunBench measures accuracy on the labelled names. It fails with
// fs.ErrNotExist when they are not there, and when ctx ends.
func RunBench(ctx context.Context, o BenchOptions) (*Bench, error) {
	if o.Data == nil {
		return nil, errors.New("bench names: no labelled names given")
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Observe == nil {
		o.Observe = func(float64, bool) {}
	}
	b := &bench{BenchOptions: o, Bench: Bench{Version: names.Version, Threshold: matcher.NameThreshold, Seed: o.Seed}}
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"the region's spellings", b.regionSets},
		{"false links between families", b.falseLinks},
		{"OFAC and UN aliases", b.aliasSets},
		{"two typing mistakes", b.typoSet},
		{"machine-readable zones", b.zoneSet},
		{"labelled pairs", b.pairSet},
		{"strangers against 9,000 rows", b.alertSet},
		{"strange names", b.strangeSet},
	} {
		o.Progress(step.what)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("bench names: %s: %w", step.what, err)
		}
	}
	b.Hashes = o.Data.Hashes
	return &b.Bench, nil
}

// rng is the random source of a step: each has its own, so that one step can
// change without moving another.
func (b *bench) rng(step uint64) *rand.Rand { return rand.New(rand.NewPCG(b.Bench.Seed, step)) }

// indexed builds an index of entries; the caller closes it.
func indexed(token func(names.Raw) *names.Token, entries []*watchlist.Entry) (*name.Index, error) {
	x, err := name.NewWith(token)
	if err != nil {
		return nil, err
	}
	if err := x.Rebuild(all(entries), 1); err != nil {
		_ = x.Close()
		return nil, err
	}
	return x, nil
}

// recall asks and keeps the result.
func (b *bench) recall(ctx context.Context, set string, x *name.Index, list []asked) error {
	out, err := ask(ctx, ours(x), list, func(int, int) {})
	if err != nil {
		return err
	}
	b.Recalls = append(b.Recalls, recallOf(set, out, b.Threshold, b.Bench.Seed))
	return nil
}

// regionSets asks for the targets in each orthography, among OFAC names, made-up
// people of the whole world and generated names of the region; by the rules
// alone, as if every family were held out of the table, and with the table.
// Only people whose surname has a form in the orthography are asked for.
func (b *bench) regionSets(ctx context.Context) error {
	r, err := b.Data.region()
	if err != nil {
		return err
	}
	targets := r.people(b.rng(1), b.Targets)
	entries, err := b.regionList(targets)
	if err != nil {
		return err
	}
	b.Bench.ListSize = len(entries)
	for _, way := range []struct {
		name  string
		token func(names.Raw) *names.Token
	}{{setRules, names.NewTokenByRules}, {setTable, names.NewToken}} {
		x, err := indexed(way.token, entries)
		if err != nil {
			return err
		}
		for _, orthography := range orthographies {
			rng := b.rng(2)
			var list []asked
			for i, p := range targets {
				if len(r["surname"][p.surname][orthography]) > 0 && len(list) < b.PerOrthography {
					list = append(list, asked{p.spelt(r, rng, orthography), fmt.Sprintf("t%d", i), p.surname})
				}
			}
			if err := b.recall(ctx, way.name+orthography, x, list); err != nil {
				_ = x.Close()
				return err
			}
		}
		if err := x.Close(); err != nil {
			return err
		}
	}
	return nil
}

// The sets of the region, before the orthography.
const (
	setRules = "region, rules alone, "
	setTable = "region, with the table, "
)

func (b *bench) regionList(targets []person) ([]*watchlist.Entry, error) {
	var out []*watchlist.Entry
	for i, p := range targets {
		out = append(out, entry(fmt.Sprintf("t%d", i), p.String()))
	}
	ofac, err := b.Data.ofac()
	if err != nil {
		return nil, err
	}
	for _, p := range ofac {
		out = append(out, entry("o"+p.id, append([]string{p.primary}, p.aliases...)...))
	}
	others, err := b.Data.column("yente/negatives_global.csv.gz", 0, false)
	if err != nil {
		return nil, err
	}
	others = others[:min(len(others), max(0, b.BenchOptions.ListSize-len(out))/2)]
	taken := map[string]bool{}
	for _, p := range targets {
		taken[names.Fold(p.String())] = true
	}
	for i, n := range append(others, gen.Names(b.Bench.Seed, 2*b.BenchOptions.ListSize)...) {
		if len(out) >= b.BenchOptions.ListSize {
			break
		}
		// Namesakes of a target would be right answers that count as wrong.
		if !taken[names.Fold(n)] {
			out = append(out, entry(fmt.Sprintf("d%d", i), n))
		}
	}
	return out, nil
}
