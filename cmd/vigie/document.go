package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// The words that the flags of documents take, as the API's contract lists them.
var (
	documentTypes    = []string{"passport", "identity_card", "residence_permit", "visa", "driving_licence", "other"}
	documentStatuses = []string{"lost", "stolen", "stolen_blank", "revoked", "forged_series"}
)

// keepYears is how long a report counts when nobody says otherwise: as long as the
// longest validity of a passport.
const keepYears = 10

func (p *program) documentCmd() *cobra.Command {
	cmd := group("document", "Report lost, stolen, revoked and forged documents",
		`Keeps the list of documents that are not to be accepted as they stand, apart from
the list of wanted persons: a report has no field for a person. A match says of each
document of a traveller whether it is reported. That is a finding about the document
and not about the person, who may be the one from whom it was stolen.`,
		p.documentAddCmd(), p.documentListCmd(), p.documentShowCmd(), p.documentRemoveCmd(), p.documentImportCmd(), p.documentUndoCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) documentAddCmd() *cobra.Command {
	in := client.ReportInput{}
	kind, status, keep, releasable := "passport", "", "", []string(nil)
	cmd := &cobra.Command{
		Use: "add NUMBER", Short: "Report a document, or with --to a run of documents", Args: usage(cobra.ExactArgs(1), "a document number"),
		Example: "  vigie document add A00123456 --issuer SEN --status stolen --reported 2026-03-01 --reference 'PV 12/2026'\n  vigie document add A0050000 --to A0050999 --issuer SEN --status stolen_blank --reported 2026-03 --reference 'PV 13/2026'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Issuer == "" || status == "" || in.Reported == "" || in.Reference == "" {
				return usagef("a report needs --issuer, --status, --reported and --reference")
			}
			if err := oneOf("--status", status, documentStatuses); err != nil {
				return err
			}
			if err := oneOf("--type", kind, documentTypes); err != nil {
				return err
			}
			until, err := keepUntil(keep, time.Now())
			if err != nil {
				return err
			}
			in.Number, in.Type, in.Status, in.KeepUntil = args[0], client.DocumentType(kind), client.ReportStatus(status), until
			in.Issuer, in.ReleasableTo = strings.ToUpper(in.Issuer), releasable
			c, err := p.dial()
			if err != nil {
				return err
			}
			w, err := answer[client.ReportWritten](c.CreateReport(cmd.Context(), &client.CreateReportParams{IdempotencyKey: freshKey()}, in))
			if err != nil {
				return err
			}
			return p.printReportWritten(w)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.NumberTo, "to", "", "last number of a run: as long as the first, and different only in the digits at its end")
	f.StringVar(&kind, "type", kind, strings.Join(documentTypes, ", "))
	f.StringVar(&in.Issuer, "issuer", "", "ISO 3166-1 alpha-3 or ICAO code of who issued it (required)")
	f.StringVar(&status, "status", "", strings.Join(documentStatuses, ", ")+" (required)")
	f.StringVar(&in.Reported, "reported", "", "when it was reported: YYYY, YYYY-MM or YYYY-MM-DD (required)")
	f.StringVar(&in.Reference, "reference", "", "of the report, such as a police file; not a name (required)")
	f.StringVar(&in.Expiry, "expiry", "", "the document's own date of expiry")
	f.StringVar(&keep, "keep-until", "", "YYYY-MM-DD: the report counts no more from then on (default: ten years from now)")
	f.StringSliceVar(&releasable, "releasable-to", nil, "countries that it may be passed on to; kept on record, this release passes nothing on")
	f.BoolVar(&in.Specimen, "specimen", false, "mark demonstration data")
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(documentStatuses, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(documentTypes, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// keepUntil reads the end of a report, by default keepYears from now.
func keepUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now.UTC().AddDate(keepYears, 0, 0).Truncate(24 * time.Hour), nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || !t.After(now) {
		return t, usagef("--keep-until: use YYYY-MM-DD, a day to come")
	}
	return t, nil
}

func (p *program) printReportWritten(r *client.ReportWritten) error {
	return p.emit(r, func(w io.Writer) {
		row(w, "report", r.Id)
		row(w, "revision", r.Revision)
		row(w, "index", r.Index)
	})
}

func (p *program) documentListCmd() *cobra.Command {
	status, issuer, cursor, limit := "", "", "", 100
	cmd := &cobra.Command{
		Use: "list", Short: "List reported documents", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "In the order of their ids. To look a number up, use 'vigie match document'.",
		Example: "  vigie document list --status stolen_blank --issuer SEN",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := answer[client.ReportList](c.ListReports(cmd.Context(), &client.ListReportsParams{Status: client.ReportStatus(status), Issuer: strings.ToUpper(issuer), Limit: limit, Cursor: cursor}))
			if err != nil {
				return err
			}
			return p.emit(list, func(w io.Writer) {
				row(w, "REPORT", "TYPE", "NUMBER", "ISSUER", "STATUS", "REPORTED", "COUNTS", "ENDS")
				for _, r := range list.Items {
					row(w, r.Id, r.Type, numbers(r.Number, r.NumberTo), r.Issuer, r.Status, r.Reported, yesNo(r.Counts), showDate(r.KeepUntil))
				}
				if list.Next != "" {
					row(w, "more:", "vigie document list --cursor "+list.Next)
				}
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", strings.Join(documentStatuses, ", "))
	f.StringVar(&issuer, "issuer", "", "only documents of this issuer")
	f.IntVar(&limit, "limit", limit, "most reports to show, 1 to 500")
	f.StringVar(&cursor, "cursor", "", "go on where the last page ended")
	return cmd
}

// numbers shows a number, or a run of them.
func numbers(from, to string) string {
	if to == "" {
		return from
	}
	return from + " to " + to
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (p *program) documentShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a reported document", Args: usage(cobra.ExactArgs(1), "the id of a report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			r, err := answer[client.Report](c.GetReport(cmd.Context(), args[0], &client.GetReportParams{}))
			if err != nil {
				return err
			}
			return p.emit(r, func(w io.Writer) {
				row(w, "report", r.Id)
				row(w, "owner", r.Origin.Country+", "+r.Origin.Authority)
				row(w, "document", fmt.Sprintf("%s %s %s", r.Issuer, r.Type, numbers(r.Number, r.NumberTo)))
				row(w, "status", fmt.Sprintf("%s, reported %s", r.Status, r.Reported))
				row(w, "reference", r.Reference)
				row(w, "expiry of the document", dash(r.Expiry))
				row(w, "counts", yesNo(r.Counts)+", until "+showDate(r.KeepUntil))
				if r.Withdrawn {
					row(w, "WITHDRAWN", r.WithdrawnReason)
				}
				if r.Specimen {
					row(w, "SPECIMEN", "demonstration data")
				}
				row(w, "revision", r.Revision)
			})
		},
	}
}

func (p *program) documentRemoveCmd() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "remove ID", Short: "Withdraw a report: it stops counting at once, for good", Args: usage(cobra.ExactArgs(1), "the id of a report"),
		Long:    "The report stays on record with the reason and who gave it, and no search finds it any more.",
		Example: "  vigie document remove SEN-0192… --reason 'found again by its holder'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("withdrawing a report needs --reason; it is kept with the report")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			w, err := answer[client.ReportWritten](c.WithdrawReport(cmd.Context(), args[0], &client.WithdrawReportParams{IdempotencyKey: freshKey()}, client.ReasonInput{Reason: reason}))
			if err != nil {
				return err
			}
			return p.printReportWritten(w)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
