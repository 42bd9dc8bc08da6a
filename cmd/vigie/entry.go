package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) entryCmd() *cobra.Command {
	cmd := group("entry", "Add, read, change and withdraw entries", "",
		p.entryAddCmd(), p.entryGetCmd(), p.entryImpactCmd(), p.entryListCmd(), p.entryEditCmd(), p.entryWithdrawCmd(), p.faceAddCmd(), p.faceRemoveCmd(), p.entryExampleCmd())
	p.linkTo(cmd)
	return cmd
}

// etag is a revision as If-Match wants it.
func etag(revision int64) string { return strconv.Quote(strconv.FormatInt(revision, 10)) }

// exampleEntry gives the example with dates that fit now.
func exampleEntry(now time.Time) string {
	day := func(years int) string { return now.UTC().AddDate(years, 0, 0).Format(time.DateOnly) }
	return strings.NewReplacer("2026-11-23", day(0), "2027-11-23", day(1), "2028-11-23", day(2)).Replace(entryExample)
}

const entryExample = `{
  "category": "smuggler",
  "action": "locate",
  "names": [{"kind": "primary", "full": "Mamadou DIALLO", "surname": "DIALLO", "given": "Mamadou"}],
  "births": [{"date": "1984-05-17", "place": "Labé"}],
  "sex": "M",
  "nationalities": ["GIN"],
  "documents": [{"type": "passport", "number": "O00012345", "issuer": "GIN", "status": "valid"}],
  "facts": "Convicted in 2024.",
  "legal_basis": "arrest warrant 12/2026",
  "offence": "smuggling of migrants",
  "case_reference": "DKR-2026-0012",
  "issued": "2026-11-23T00:00:00Z",
  "review_by": "2027-11-23T00:00:00Z",
  "expires_at": "2028-11-23T00:00:00Z",
  "specimen": true
}
`

func (p *program) entryExampleCmd() *cobra.Command {
	return &cobra.Command{
		Use: "example", Short: "Print an entry as JSON, to be filled in", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.out, exampleEntry(time.Now()))
			return err
		},
	}
}

// readJSON reads a file, or standard input for "-".
func (p *program) readJSON(path string, into any) error {
	var b []byte
	var err error
	if path == "-" {
		b, err = io.ReadAll(io.LimitReader(p.in, 1<<20))
	} else {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	return strictJSON(b, into)
}

func strictJSON(b []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return withHint(fmt.Errorf("the JSON does not fit: %w", err), "'vigie entry example' prints one that does.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the JSON does not fit: more text follows the object; give one object")
	}
	return nil
}

func (p *program) entryAddCmd() *cobra.Command {
	var photos []string
	cmd := &cobra.Command{
		Use: "add FILE", Short: "Create an entry from JSON, with photos if there are any",
		Long: `Creates an entry. With "status": "draft" in the file it does not match yet, and what it
would do to the list is shown as by 'vigie entry impact' (not with --json), which is
audited like a search; activate it with 'vigie entry edit'.`,
		Example: "  vigie entry example > e.json   # then edit it\n  vigie entry add e.json --photo front.jpg\n  vigie entry add - < e.json",
		Args:    usage(cobra.ExactArgs(1), "a JSON file, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in client.EntryInput
			if err := p.readJSON(args[0], &in); err != nil {
				return err
			}
			files := make([][]byte, len(photos))
			for i, path := range photos {
				var err error
				if files[i], err = readPhoto(path); err != nil {
					return err
				}
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			w, err := answer[client.EntryWritten](c.CreateEntry(cmd.Context(), &client.CreateEntryParams{IdempotencyKey: freshKey()}, in))
			if err != nil {
				return err
			}
			for i, b := range files {
				f, err := sendFace(cmd.Context(), c, w.Id, b, freshKey())
				if err != nil {
					return withHint(fmt.Errorf("entry %s is written, but %s was refused: %w", w.Id, photos[i], err), "Add another photo: vigie entry face-add %s FILE", w.Id)
				}
				w.Revision, w.Index = f.Revision, f.Index
				for _, x := range f.Warnings {
					w.Warnings = append(w.Warnings, client.Warning{Pointer: photos[i], Code: x.Code, Detail: x.Detail})
				}
			}
			if err := p.printWritten(w); err != nil || p.json || in.Status != "draft" {
				return err
			}
			if err := p.impact(cmd.Context(), c, w.Id, client.ImpactRequest{Purpose: "investigation", Reason: "draft of case " + in.CaseReference}); err != nil {
				return withHint(fmt.Errorf("the draft %s is written, but not what it does to the list: %w", w.Id, err), "Ask again: vigie entry impact %s --reason TEXT", w.Id)
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&photos, "photo", nil, "a photo of the person; may be repeated")
	_ = cmd.MarkFlagFilename("photo", "jpg", "jpeg", "png", "webp")
	return cmd
}

func (p *program) printWritten(e *client.EntryWritten) error {
	return p.emit(e, func(w io.Writer) {
		row(w, "entry", e.Id)
		row(w, "revision", e.Revision)
		row(w, "index", e.Index)
		writeWarnings(w, e.Warnings)
	})
}

func (p *program) entryGetCmd() *cobra.Command {
	local := false
	cmd := &cobra.Command{
		Use: "get ID", Short: "Show an entry", Args: usage(cobra.ExactArgs(1), "the id of an entry"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			params := &client.GetEntryParams{}
			if local {
				params.Consistency = "local"
			}
			e, err := answer[client.Entry](c.GetEntry(cmd.Context(), args[0], params))
			if err != nil {
				return err
			}
			return p.emit(e, func(w io.Writer) { writeEntry(w, e) })
		},
	}
	cmd.Flags().BoolVar(&local, "local", false, "this node's own copy, also when it is cut off")
	return cmd
}

func writeEntry(w io.Writer, e *client.Entry) {
	row(w, "entry", e.Id)
	row(w, "status", fmt.Sprintf("%s, revision %d", e.Status, e.Revision))
	row(w, "owner", e.Origin.Country+", "+e.Origin.Authority)
	row(w, "wanted as", fmt.Sprintf("%s; on sight: %s", e.Category, e.Action))
	for _, n := range e.Names {
		row(w, string(n.Kind)+" name", n.Full)
	}
	for _, b := range e.Births {
		row(w, "born", strings.TrimSpace(b.Date+" "+b.To+" "+b.Place))
	}
	row(w, "sex, nationality", dash(string(e.Sex))+" "+strings.Join(e.Nationalities, " "))
	for _, d := range e.Documents {
		row(w, string(d.Type), strings.TrimSpace(fmt.Sprintf("%s %s %s %s", d.Issuer, d.Number, d.Status, d.Expiry)))
	}
	for _, f := range e.Faces {
		row(w, "face", fmt.Sprintf("%s, eyes %.0f px apart %s", f.Id, f.Quality.InterEyePx, strings.Join(f.Quality.Flags, " ")))
		if !f.ReplaceBy.IsZero() {
			row(w, "", "weak reference: find a better photo by "+showDate(f.ReplaceBy))
		}
	}
	row(w, "legal basis", e.LegalBasis)
	row(w, "offence", e.Offence)
	row(w, "case", e.CaseReference)
	row(w, "valid", fmt.Sprintf("%s to %s, review by %s", showDate(e.Issued), showDate(e.ExpiresAt), showDate(e.ReviewBy)))
	if e.Facts != "" {
		row(w, "facts", e.Facts)
	}
	if e.Assessments != "" {
		row(w, "assessments", e.Assessments)
	}
	if e.Specimen {
		row(w, "SPECIMEN", "demonstration data")
	}
}

func (p *program) entryWithdrawCmd() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "withdraw ID", Short: "Withdraw an entry: it stops matching at once, for good", Args: usage(cobra.ExactArgs(1), "the id of an entry"),
		Example: "  vigie entry withdraw SEN-0192… --reason 'warrant lifted by the court'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("a withdrawal needs --reason; it is kept with the entry")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			w, err := answer[client.EntryWritten](c.WithdrawEntry(cmd.Context(), args[0], &client.WithdrawEntryParams{IdempotencyKey: freshKey()}, client.ReasonInput{Reason: reason}))
			if err != nil {
				return err
			}
			return p.printWritten(w)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
