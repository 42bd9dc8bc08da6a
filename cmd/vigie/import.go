package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/watchlist"
)

func (p *program) importCmd() *cobra.Command {
	cmd := group("import", "Write many entries from a file, or undo that",
		`Reads a list, checks every line, and writes the good ones. Run with --dry-run first.

It may be interrupted at any time (Ctrl-C, a broken link): a journal beside the input
remembers the batch and what is done, and running the same command again goes on.
Nothing is written twice. 'vigie import undo BATCH' takes a batch back.`,
		p.importFileCmd("csv", "Import a CSV file; --mapping says what its columns mean"),
		p.importFileCmd("jsonl", "Import JSON lines, each an entry as 'vigie entry example' shows, with \"photos\": [\"a.jpg\"]"),
		p.importUndoCmd(), p.importMappingCmd())
	return cmd
}

// importFlags are the flags of one import.
type importFlags struct {
	mapping, photos, label string
	dryRun, restart        bool
}

func (p *program) importFileCmd(kind, short string) *cobra.Command {
	f := importFlags{}
	example := "  vigie import " + kind + " list." + kind + " --photos photos/"
	if kind == "csv" {
		example = "  vigie import csv list.csv --mapping mapping.yaml --photos photos/"
	}
	cmd := &cobra.Command{
		Use: kind + " FILE", Short: short, Args: usage(cobra.ExactArgs(1), "a file"),
		Example: example + " --dry-run\n" + example + " --label 'transfer of 23 November'",
		RunE: func(cmd *cobra.Command, args []string) error {
			im, err := p.newImport(args[0], kind, f)
			if err != nil {
				return err
			}
			defer im.close()
			return im.run(cmd.Context())
		},
	}
	fl := cmd.Flags()
	if kind == "csv" {
		fl.StringVar(&f.mapping, "mapping", "", "YAML file: which column becomes what; 'vigie import mapping' prints one (required)")
		_ = cmd.MarkFlagFilename("mapping", "yaml", "yml")
	}
	fl.StringVar(&f.photos, "photos", "", "folder that the photo names in the file are relative to")
	fl.StringVar(&f.label, "label", "", "what to call the batch (default: the file's name)")
	fl.BoolVar(&f.dryRun, "dry-run", false, "check everything here, photos' presence included, and send nothing")
	fl.BoolVar(&f.restart, "restart", false, "begin a new batch although a journal of an earlier one exists")
	_ = cmd.MarkFlagDirname("photos")
	p.linkTo(cmd)
	return cmd
}

func (p *program) importMappingCmd() *cobra.Command {
	return &cobra.Command{
		Use: "mapping", Short: "Print a commented mapping file for CSV", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.out, importer.ExampleMapping)
			return err
		},
	}
}

func (p *program) importUndoCmd() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "undo BATCH", Short: "Withdraw what a batch created and put back what it changed", Args: usage(cobra.ExactArgs(1), "the id of a batch"),
		Example: "  vigie import undo import-20261123-1a2b3c4d --reason 'wrong file'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("undoing a batch needs --reason; it is kept with the entries")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			// A key of its own for each run: a batch may grow after an undo.
			r, err := answer[client.UndoReport](c.UndoImport(cmd.Context(), args[0], &client.UndoImportParams{IdempotencyKey: freshKey()}, client.ReasonInput{Reason: reason}))
			if err != nil {
				return err
			}
			return p.emit(r, func(w io.Writer) {
				row(w, "batch", r.Batch)
				row(w, "undone", r.Undone)
				row(w, "left alone, changed since", r.Kept)
				row(w, "import it again", "the same command with --restart")
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	p.linkTo(cmd)
	return cmd
}

// importRun is one import: the input read into memory, and what happens to it.
type importRun struct {
	p       *program
	flags   importFlags
	path    string
	input   []byte
	records func() iter.Seq2[*importer.Record, error]
	mapSum  string
	photos  *os.Root
	report  importReport
}

// importReport is what an import prints.
type importReport struct {
	Batch   watchlist.BatchID `json:"batch,omitempty"`
	DryRun  bool              `json:"dry_run"`
	Lines   int               `json:"lines"`
	Good    int               `json:"good"`
	Written int               `json:"written"`
	Photos  int               `json:"photos"`
	// Skipped were written by an earlier run.
	Skipped  int                `json:"skipped"`
	Problems []importer.Problem `json:"problems"`
	// Warnings are about what was written all the same.
	Warnings []importer.Problem `json:"warnings,omitempty"`
}

func (p *program) newImport(path, kind string, f importFlags) (*importRun, error) {
	im := &importRun{p: p, flags: f, path: path}
	im.report.DryRun = f.dryRun
	var err error
	if im.input, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if kind == "csv" {
		if f.mapping == "" {
			return nil, withHint(usagef("--mapping is missing: it says what the columns mean"), "Begin with: vigie import mapping > mapping.yaml")
		}
		text, err := os.ReadFile(f.mapping)
		if err != nil {
			return nil, err
		}
		m, err := importer.ParseMapping(f.mapping, text)
		if err != nil {
			return nil, &usageError{err}
		}
		im.mapSum = importer.Digest(text)
		im.records = func() iter.Seq2[*importer.Record, error] { return importer.CSV(im.input, m) }
	} else {
		im.records = func() iter.Seq2[*importer.Record, error] { return importer.JSONLines(im.input) }
	}
	if f.photos != "" {
		if im.photos, err = os.OpenRoot(f.photos); err != nil {
			return nil, fmt.Errorf("open the photo folder: %w", err)
		}
	}
	return im, nil
}

func (im *importRun) close() {
	if im.photos != nil {
		im.photos.Close()
	}
}

// run checks all lines, then writes the good ones unless it is a dry run.
func (im *importRun) run(ctx context.Context) error {
	good, err := im.check(time.Now())
	if err != nil {
		return err
	}
	if !im.flags.dryRun && len(good) > 0 {
		err = im.write(ctx, good)
	}
	if perr := im.print(err); perr != nil {
		return perr
	}
	var hint *hintError
	if err != nil && (im.report.Batch == "" || errors.As(err, &hint)) {
		return err // nothing is begun, or the error says what to do
	}
	if err != nil {
		return withHint(err, "What is written stays written. Run the same command again to go on.")
	}
	if len(im.report.Problems) > 0 {
		return errQuiet
	}
	return nil
}

// check reads every line and keeps those that can be written.
func (im *importRun) check(now time.Time) ([]*importer.Record, error) {
	var good []*importer.Record
	for rec, err := range im.records() {
		im.report.Lines++
		if err != nil {
			var bad importer.Problems
			if !errors.As(err, &bad) {
				return nil, fmt.Errorf("%s: %w", im.path, err)
			}
			im.report.Problems = append(im.report.Problems, bad...)
			continue
		}
		bad := rec.Check(now)
		for _, name := range rec.Photos {
			if detail := im.checkPhoto(name); detail != "" {
				bad = append(bad, importer.Problem{Line: rec.Line, Field: "photos", Detail: detail})
			}
		}
		if len(bad) > 0 {
			im.report.Problems = append(im.report.Problems, bad...)
			continue
		}
		good = append(good, rec)
	}
	im.report.Good = len(good)
	return good, nil
}

func (im *importRun) checkPhoto(name string) string {
	if im.photos == nil {
		return "the line names a photo: give --photos DIR"
	}
	st, err := im.photos.Stat(name)
	switch {
	case err != nil:
		return "the photo is not in the photo folder, or can't be read"
	case st.IsDir() || st.Size() == 0:
		return "the photo is empty"
	case st.Size() > maxPhoto:
		return fmt.Sprintf("the photo has %d bytes; at most %d are accepted", st.Size(), maxPhoto)
	}
	return ""
}

// journalPath is where the journal of an input is.
func journalPath(input string) string { return input + ".vigie-journal" }

// openJournal opens or begins the journal.
func (im *importRun) openJournal() (*importer.Journal, error) {
	path := journalPath(im.path)
	if im.flags.restart {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	batch := fmt.Sprintf("import-%s-%s", time.Now().UTC().Format("20060102"), uuid.NewString()[:8])
	j, err := importer.OpenJournal(path, importer.Header{Batch: watchlist.BatchID(batch), Input: importer.Digest(im.input), Mapping: im.mapSum})
	if errors.Is(err, importer.ErrOtherInput) {
		return nil, withHint(err, "Finish or undo that import first, or give --restart to begin a new batch from %s.", filepath.Base(im.path))
	}
	return j, err
}

// print shows the report; stopped is why the import ended early, or nil.
func (im *importRun) print(stopped error) error {
	r := im.report
	if r.Problems == nil {
		r.Problems = []importer.Problem{}
	}
	// Requests end in any order; a reader goes through the input by line.
	byLine := func(a, b importer.Problem) int { return a.Line - b.Line }
	slices.SortStableFunc(r.Problems, byLine)
	slices.SortStableFunc(r.Warnings, byLine)
	return im.p.emit(r, func(w io.Writer) {
		for _, x := range r.Problems {
			row(w, x.Error())
		}
		for _, x := range r.Warnings {
			row(w, "WARNING: "+x.Error())
		}
		row(w, fmt.Sprintf("%d lines, %d good, %d problems.", r.Lines, r.Good, len(r.Problems)))
		switch {
		case r.DryRun:
			row(w, "Dry run: nothing was sent.")
		case r.Batch != "":
			row(w, fmt.Sprintf("Batch %s: %d entries and %d photos written, %d written by an earlier run.", r.Batch, r.Written, r.Photos, r.Skipped))
			row(w, "Undo it: vigie import undo "+string(r.Batch)+" --reason …")
		}
		if stopped != nil {
			row(w, "STOPPED before the end.")
		}
	})
}
