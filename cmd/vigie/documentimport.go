package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/watchlist"
)

// reportLines is how many lines go in one request.
const reportLines = 250

// documentImport is one import of reported documents.
type documentImport struct {
	p                  *program
	path, label, batch string
	dryRun             bool
	keepUntil          time.Time
	records            iter.Seq2[*importer.Report, error]
	report             documentReport
}

// documentReport is what an import prints.
type documentReport struct {
	Batch     string             `json:"batch,omitempty"`
	DryRun    bool               `json:"dry_run"`
	Lines     int                `json:"lines"`
	Good      int                `json:"good"`
	Created   int                `json:"created"`
	Replaced  int                `json:"replaced"`
	Unchanged int                `json:"unchanged"`
	Problems  []importer.Problem `json:"problems"`
}

func (p *program) documentImportCmd() *cobra.Command {
	d := &documentImport{p: p}
	keep := ""
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import reported documents from a CSV or JSON lines file", Args: usage(cobra.ExactArgs(1), "a file"),
		Long: `A CSV file has headers in its first line: type, number, issuer, status, reported and
reference; and where needed number_to, expiry, keep_until, releasable_to, specimen.
A .jsonl file has the same fields, one object a line. Run with --dry-run first.

Good lines are written, bad ones listed. The batch is named after the file's content:
running the command again writes nothing twice. 'vigie document undo BATCH' takes a
batch back.`,
		Example: "  vigie document import stolen.csv --dry-run\n  vigie document import stolen.csv --label 'list of March'",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if d.keepUntil, err = keepUntil(keep, time.Now()); err != nil {
				return err
			}
			if err := d.open(args[0]); err != nil {
				return err
			}
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.label, "label", "", "what to call the batch (default: the file's name)")
	f.StringVar(&d.batch, "batch", "", "name the batch; needed to import a file again after its batch was undone")
	f.StringVar(&keep, "keep-until", "", "YYYY-MM-DD: end of reports that don't say theirs (default: ten years from now)")
	f.BoolVar(&d.dryRun, "dry-run", false, "check everything here and send nothing")
	return cmd
}

// open reads the file and names the batch.
func (d *documentImport) open(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		d.records = importer.ReportsCSV(b)
	case ".jsonl", ".ndjson":
		d.records = importer.ReportsJSONLines(b)
	default:
		return usagef("%s: the name of the file ends with .csv or .jsonl", filepath.Base(path))
	}
	d.path = path
	if d.label == "" {
		d.label = filepath.Base(path)
	}
	if d.batch == "" {
		d.batch = fmt.Sprintf("documents-%.6x", sha256.Sum256(b))
	}
	d.report.DryRun = d.dryRun
	return nil
}

// run checks all lines, then writes the good ones unless it is a dry run.
func (d *documentImport) run(ctx context.Context) error {
	good, err := d.check(time.Now())
	if err != nil {
		return err
	}
	if !d.dryRun && len(good) > 0 {
		err = d.write(ctx, good)
	}
	if perr := d.print(err); perr != nil {
		return perr
	}
	switch {
	case err != nil && d.report.Batch == "":
		return err // nothing is begun
	case err != nil:
		return withHint(err, "What is written stays written. Run the same command again to go on.")
	case len(d.report.Problems) > 0:
		return errQuiet
	}
	return nil
}

func (d *documentImport) check(now time.Time) ([]*importer.Report, error) {
	var good []*importer.Report
	for rec, err := range d.records {
		d.report.Lines++
		var bad importer.Problems
		switch {
		case errors.As(err, &bad):
			d.report.Problems = append(d.report.Problems, bad...)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", d.path, err)
		default:
			if bad = rec.Check(now, d.keepUntil); len(bad) > 0 {
				d.report.Problems = append(d.report.Problems, bad...)
				continue
			}
			good = append(good, rec)
		}
	}
	d.report.Good = len(good)
	return good, nil
}

// write sends the lines. Each report has an id that follows from batch and line, so
// that a line that was written although its answer got lost is found "unchanged".
func (d *documentImport) write(ctx context.Context, good []*importer.Report) error {
	c, err := d.p.dial()
	if err != nil {
		return err
	}
	st, err := answer[client.ClusterStatus](c.GetCluster(ctx))
	if err != nil {
		return err
	}
	d.report.Batch = d.batch
	bar := d.p.progress(len(good), "import")
	defer func() { _ = bar.Finish() }()
	for len(good) > 0 {
		n := min(len(good), reportLines)
		req := client.ReportImportRequest{Label: d.label}
		for _, rec := range good[:n] {
			req.Lines = append(req.Lines, client.ReportImportLine{Line: rec.Line, Id: d.reportID(st.Origin.Country, rec.Line), Report: reportInput(&rec.Document)})
		}
		var out *client.ImportReport
		err := retry(ctx, func() (err error) {
			out, err = answer[client.ImportReport](c.ImportReports(ctx, d.batch, &client.ImportReportsParams{}, req))
			return err
		})
		if err != nil {
			return err
		}
		d.count(out)
		_ = bar.Add(n)
		good = good[n:]
	}
	return nil
}

func (d *documentImport) count(out *client.ImportReport) {
	d.report.Created += out.Created
	d.report.Replaced += out.Replaced
	d.report.Unchanged += out.Unchanged
	for _, r := range out.Results {
		if r.Outcome != "rejected" {
			continue
		}
		if len(r.Errors) == 0 {
			d.report.Problems = append(d.report.Problems, importer.Problem{Line: r.Line, Detail: "refused by the node: " + r.Code})
		}
		for _, e := range r.Errors {
			d.report.Problems = append(d.report.Problems, importer.Problem{Line: r.Line, Field: e.Pointer, Detail: fmt.Sprintf("refused by the node: %s %s", e.Code, e.Detail)})
		}
	}
}

// reportID gives the id of a line's report: a UUID of version 7 in form, all of
// which follows from batch and line.
func (d *documentImport) reportID(origin string, line int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "vigie report/%s/%d", d.batch, line))
	u := uuid.UUID(sum[:16])
	u[6], u[8] = u[6]&0x0f|0x70, u[8]&0x3f|0x80
	return string(watchlist.NewEntryID(watchlist.Country(origin), u.String()))
}

// reportInput turns a report of the domain into the API's form.
func reportInput(r *watchlist.ReportedDocument) client.ReportInput {
	in := client.ReportInput{
		Type: client.DocumentType(r.Type), Number: r.Number, NumberTo: r.NumberTo, Issuer: string(r.Issuer), Status: client.ReportStatus(r.Status),
		Reported: r.Reported.String(), Expiry: r.Expiry.String(), Reference: r.Reference, KeepUntil: time.UnixMilli(r.KeepUntil).UTC(), Specimen: r.Specimen,
	}
	for _, c := range r.ReleasableTo {
		in.ReleasableTo = append(in.ReleasableTo, string(c))
	}
	return in
}

// print shows the report; stopped is why the import ended early, or nil.
func (d *documentImport) print(stopped error) error {
	r := d.report
	if r.Problems == nil {
		r.Problems = []importer.Problem{}
	}
	return d.p.emit(r, func(w io.Writer) {
		for _, x := range r.Problems {
			row(w, x.Error())
		}
		row(w, fmt.Sprintf("%d lines, %d good, %d problems.", r.Lines, r.Good, len(r.Problems)))
		switch {
		case r.DryRun:
			row(w, "Dry run: nothing was sent.")
		case r.Batch != "":
			row(w, fmt.Sprintf("Batch %s: %d reports created, %d replaced, %d unchanged.", r.Batch, r.Created, r.Replaced, r.Unchanged))
			row(w, "Undo it: vigie document undo "+r.Batch+" --reason …")
		}
		if stopped != nil {
			row(w, "STOPPED before the end.")
		}
	})
}

func (p *program) documentUndoCmd() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "undo BATCH", Short: "Withdraw the reports that a batch created and put back those it changed", Args: usage(cobra.ExactArgs(1), "the id of a batch"),
		Example: "  vigie document undo documents-1a2b3c4d5e6f --reason 'wrong file'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("undoing a batch needs --reason; it is kept with the reports")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			r, err := answer[client.UndoReport](c.UndoReports(cmd.Context(), args[0], &client.UndoReportsParams{IdempotencyKey: freshKey()}, client.ReasonInput{Reason: reason}))
			if err != nil {
				return err
			}
			return p.emit(r, func(w io.Writer) {
				row(w, "batch", r.Batch)
				row(w, "undone", r.Undone)
				row(w, "left alone, changed since", r.Kept)
				row(w, "import it again", "the same command with --batch NAME")
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
