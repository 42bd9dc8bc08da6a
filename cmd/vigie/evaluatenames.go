package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vigie/benchmarks/evalnames"
	"vigie/benchmarks/evalnames/plots"
)

func (p *program) evaluateNamesCmd() *cobra.Command {
	var targets, queries, pairs, against, plot string
	var rulesOnly bool
	engine := evalnames.Engine{}
	cmd := &cobra.Command{
		Use: "names", Short: "Recall, false alerts and speed of name search on labelled lists", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Give --targets and --queries, or --pairs, or all three:
  targets  id<TAB>name<TAB>birth, one name a line; lines of one id are one entry
  queries  name<TAB>id, or an empty id for a person who is on no list
  pairs    CSV with the columns name1, name2 and is_match

With --against another engine is asked the same queries and printed beside ours.
It must have been given the same targets, and the ids are its own: watchman's
sourceID, yente's id. Names leave this machine for that address.`,
		Example: "  vigie evaluate names --targets list.tsv --queries queries.tsv\n  vigie evaluate names --pairs name_bench_cases.csv --json\n  vigie evaluate names --targets list.tsv --queries queries.tsv --against http://127.0.0.1:8084 --engine watchman --plot det.svg",
		RunE: func(cmd *cobra.Command, _ []string) error {
			bar := p.progress(1, "names")
			o := evalnames.Options{RulesOnly: rulesOnly, Progress: func(done, total int) {
				if bar.GetMax() != total {
					bar.ChangeMax(total)
				}
				_ = bar.Set(done)
			}}
			for _, in := range []struct {
				path string
				dst  *io.Reader
			}{{targets, &o.Targets}, {queries, &o.Queries}, {pairs, &o.Pairs}} {
				if in.path == "" {
					continue
				}
				f, err := os.Open(in.path)
				if err != nil {
					return err
				}
				defer f.Close()
				*in.dst = f
			}
			if o.Pairs == nil && (o.Targets == nil || o.Queries == nil) {
				return usagef("give --targets and --queries, or --pairs, or all three")
			}
			if against != "" {
				if o.Targets == nil {
					return usagef("--against needs --targets and --queries")
				}
				engine.URL, o.Against = against, &engine
			}
			r, err := evalnames.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if plot != "" {
				if err := plots.Write(plot, r); err != nil {
					return err
				}
			}
			return p.emit(r, func(w io.Writer) { writeNameReport(w, r) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&targets, "targets", "", "the list")
	f.StringVar(&queries, "queries", "", "the searches")
	f.StringVar(&pairs, "pairs", "", "labelled pairs")
	f.StringVar(&against, "against", "", "the address of another engine with the same targets")
	f.StringVar(&engine.Name, "engine", evalnames.EngineWatchman, "what answers there: watchman or yente")
	f.Float64Var(&engine.Threshold, "against-threshold", 0.7, "the score from which its answer is an alert")
	f.StringVar(&plot, "plot", "", "draw missed against false alerts to this SVG file")
	f.BoolVar(&rulesOnly, "rules-only", false, "search without the table of spelling families")
	return cmd
}

func writeNameReport(w io.Writer, r *evalnames.Report) {
	if r.Targets > 0 {
		row(w, "list", fmt.Sprintf("%d entries, %d names", r.Targets, r.Names))
		row(w, "searches", fmt.Sprintf("%d mated, %d non-mated", r.Mated, r.NonMated))
		writeNameSearches(w, r)
		row(w, "throughput", fmt.Sprintf("%.0f searches a second; built in %.0f ms", r.QPS, r.BuildMillis))
		if a := r.Against; a != nil {
			row(w, "beside it", a.Version)
			writeNameSearches(w, a)
		}
	}
	if r.Pairs > 0 {
		row(w, "labelled pairs", r.Pairs)
	}
	row(w, "best F1", fmt.Sprintf("%.4f at score %.3f: precision %.4f, recall %.4f", r.BestF1, r.BestF1Threshold, r.Precision, r.Recall))
	row(w, "name rules", r.Version)
}

// writeNameSearches prints what an engine found, and how fast.
func writeNameSearches(w io.Writer, r *evalnames.Report) {
	row(w, "recall at rank 1, 10, 200", fmt.Sprintf("%.4f  %.4f  %.4f", r.RecallAt1, r.RecallAt10, r.CandidateRecallAt200))
	row(w, fmt.Sprintf("recall at score %.2f", r.Threshold), fmt.Sprintf("%.4f", r.RecallAtThreshold))
	row(w, "false alerts there", fmt.Sprintf("%.4f of the non-mated", r.FalseAlertRate))
	row(w, "time", fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms", r.P50Millis, r.P99Millis, r.MaxMillis))
}
