package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vigie/benchmarks/evalnames"
)

func (p *program) evaluateCmd() *cobra.Command {
	return group("evaluate", "Measure accuracy on labelled data",
		"Results are aggregates: no name of a person or photo is printed.",
		p.evaluateFacesCmd(), p.evaluateQualityCmd(), p.evaluateNamesCmd())
}

func (p *program) evaluateNamesCmd() *cobra.Command {
	var targets, queries, pairs string
	var rulesOnly bool
	cmd := &cobra.Command{
		Use: "names", Short: "Recall, false alerts and speed of name search on labelled lists", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Give --targets and --queries, or --pairs, or all three:
  targets  id<TAB>name<TAB>birth, one name a line; lines of one id are one entry
  queries  name<TAB>id, or an empty id for a person who is on no list
  pairs    CSV with the columns name1, name2 and is_match`,
		Example: "  vigie evaluate names --targets list.tsv --queries queries.tsv\n  vigie evaluate names --pairs name_bench_cases.csv --json",
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
			r, err := evalnames.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return p.emit(r, func(w io.Writer) { writeNameReport(w, r) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&targets, "targets", "", "the list")
	f.StringVar(&queries, "queries", "", "the searches")
	f.StringVar(&pairs, "pairs", "", "labelled pairs")
	f.BoolVar(&rulesOnly, "rules-only", false, "search without the table of spelling families")
	return cmd
}

func writeNameReport(w io.Writer, r *evalnames.Report) {
	if r.Targets > 0 {
		row(w, "list", fmt.Sprintf("%d entries, %d names", r.Targets, r.Names))
		row(w, "searches", fmt.Sprintf("%d mated, %d non-mated", r.Mated, r.NonMated))
		row(w, "recall at rank 1, 10, 200", fmt.Sprintf("%.4f  %.4f  %.4f", r.RecallAt1, r.RecallAt10, r.CandidateRecallAt200))
		row(w, fmt.Sprintf("recall at score %.2f", r.Threshold), fmt.Sprintf("%.4f", r.RecallAtThreshold))
		row(w, "false alerts there", fmt.Sprintf("%.4f of the non-mated", r.FalseAlertRate))
		row(w, "time", fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms; %.0f searches a second; built in %.0f ms", r.P50Millis, r.P99Millis, r.MaxMillis, r.QPS, r.BuildMillis))
	}
	if r.Pairs > 0 {
		row(w, "labelled pairs", r.Pairs)
	}
	row(w, "best F1", fmt.Sprintf("%.4f at score %.3f: precision %.4f, recall %.4f", r.BestF1, r.BestF1Threshold, r.Precision, r.Recall))
	row(w, "name rules", r.Version)
}
