package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) matchMRZCmd(f *probeFlags) *cobra.Command {
	proposal := 0
	cmd := &cobra.Command{
		Use: "mrz LINE LINE [LINE]", Short: "Match the machine readable zone of a document",
		Long: `Give each line of the zone as one argument, in quotes: '<' means something to a
shell. With '-' the lines are read from standard input.

When check digits are wrong, 'vigie mrz read' shows other readings of the zone. Hold
them against the document; --proposal N searches with the one that it shows.`,
		Example: "  vigie match mrz 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<' 'L898902C36UTO7408122F1204159ZE184226B<<<<<10' --purpose border_check --reason 'primary inspection'",
		Args:    usage(cobra.RangeArgs(1, 3), "two or three lines, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			lines, err := p.zoneLines(args)
			if err != nil {
				return err
			}
			req, err := f.request()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("proposal") {
				if lines, err = p.takeProposal(cmd.Context(), lines, proposal); err != nil {
					return err
				}
			}
			req.Mrz = client.MrzInput{Lines: lines, AcceptErrors: f.acceptErrors}
			return p.match(cmd.Context(), req, nil)
		},
	}
	cmd.Flags().BoolVar(&f.acceptErrors, "accept-errors", false, "search although check digits are wrong")
	cmd.Flags().IntVar(&proposal, "proposal", 0, "search with this reading, as 'vigie mrz read' numbers them for the same lines")
	cmd.MarkFlagsMutuallyExclusive("proposal", "accept-errors")
	return cmd
}

func (p *program) matchDocumentCmd(f *probeFlags) *cobra.Command {
	kind, issuer := "", ""
	cmd := &cobra.Command{
		Use: "document NUMBER", Short: "Match a document number typed by hand",
		Long:    "Looks the number up among the documents of wanted persons and among those that are\nreported lost, stolen, revoked or forged. Give the issuer: a number alone names no\ndocument.",
		Example: "  vigie match document A00123456 --issuer SEN --type passport --purpose border_check --reason 'primary inspection'",
		Args:    usage(cobra.ExactArgs(1), "a document number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if kind != "" {
				if err := oneOf("--type", kind, documentTypes); err != nil {
					return err
				}
			}
			req, err := f.request()
			if err != nil {
				return err
			}
			req.Documents = []client.ProbeDocument{{Number: args[0], Type: client.DocumentType(kind), Issuer: strings.ToUpper(issuer)}}
			return p.match(cmd.Context(), req, nil)
		},
	}
	cmd.Flags().StringVar(&kind, "type", "", strings.Join(documentTypes, ", "))
	cmd.Flags().StringVar(&issuer, "issuer", "", "ISO 3166-1 alpha-3 or ICAO code of who issued it")
	cmd.Flags().StringArrayVar(&f.names, "name", nil, "a name to compare as well; may be repeated")
	return cmd
}

// zoneLines gives the lines of the arguments, or of standard input for "-".
func (p *program) zoneLines(args []string) ([]string, error) {
	if len(args) == 1 && args[0] == "-" {
		b, err := io.ReadAll(io.LimitReader(p.in, 4096))
		if err != nil {
			return nil, err
		}
		args = strings.Fields(string(b))
	}
	if len(args) < 2 || len(args) > 3 {
		return nil, usagef("a machine readable zone has two or three lines")
	}
	return args, nil
}

// takeProposal gives the lines of a proposal that the user chose by its number, and
// says on standard error what it changes.
func (p *program) takeProposal(ctx context.Context, lines []string, n int) ([]string, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	r, err := answer[client.MrzReading](c.ReadMrz(ctx, client.MrzReadRequest{Lines: lines}))
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(r.Proposals) {
		return nil, usagef("--proposal: there are %d proposals for these lines; 'vigie mrz read' shows them", len(r.Proposals))
	}
	chosen := r.Proposals[n-1]
	p.note("Searching with another reading than the lines given: %s.", repairText(chosen.Repairs))
	return chosen.Lines, nil
}

func (p *program) mrzCmd() *cobra.Command {
	cmd := group("mrz", "Read the machine readable zone of a document", "", p.mrzReadCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) mrzReadCmd() *cobra.Command {
	lang := languages[0]
	cmd := &cobra.Command{
		Use: "read LINE LINE [LINE]", Short: "Say what a zone says, which check digits hold, and how else it may read",
		Long: `Nothing is searched and nothing is kept. Give each line as one argument, in quotes,
or '-' to read them from standard input. Other readings are proposed when check
digits are wrong or characters can't stand where they are; none is taken unless you
give its number to 'vigie match mrz --proposal'. The exit code is 1 when something
is wrong with the zone.`,
		Example: "  vigie mrz read 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<' 'L898902C36UTO7408122F1204159ZE184226B<<<<<10'",
		Args:    usage(cobra.RangeArgs(1, 3), "two or three lines, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--lang", lang, languages); err != nil {
				return err
			}
			lines, err := p.zoneLines(args)
			if err != nil {
				return err
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			r, err := answer[client.MrzReading](c.ReadMrz(cmd.Context(), client.MrzReadRequest{Lines: lines}))
			if err != nil {
				return err
			}
			if err := p.emit(r, func(w io.Writer) { writeReading(w, r, lang) }); err != nil {
				return err
			}
			if !r.Consistent {
				return errQuiet
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&lang, "lang", lang, "language of the advice: fr, en or pt")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languages, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func writeReading(w io.Writer, r *client.MrzReading, lang string) {
	z := r.Result
	cut := ""
	if z.Truncated {
		cut = " (may be cut off)"
	}
	row(w, "format", z.Format)
	row(w, "document", dash(z.DocumentCode), z.Number, "issued by "+dash(z.IssuerPrinted))
	row(w, "name", strings.TrimSpace(z.Surname+", "+z.Given)+cut)
	if z.LikelySurname != "" || z.LikelyGiven != "" {
		row(w, "likely name", z.LikelySurname+", "+z.LikelyGiven)
	}
	row(w, "born", dash(z.Birth.Date), "sex "+dash(string(z.Sex)), "nationality "+dash(z.NationalityPrinted))
	row(w, "expires", dash(z.Expiry))
	for _, c := range z.Checks {
		row(w, "check", c.Field, c.Status)
	}
	for _, a := range z.Advice {
		row(w, "advice", adviceIn(a.Advice, lang))
	}
	for i, p := range r.Proposals {
		row(w, fmt.Sprintf("proposal %d", i+1), repairText(p.Repairs))
		for _, l := range p.Lines {
			row(w, "", l)
		}
	}
}

// repairText lists what a reading changes, lines and places counted from 1.
func repairText(repairs []client.MrzRepair) string {
	var parts []string
	for _, r := range repairs {
		line := 1
		if n := len(r.Pointer); n > 0 {
			line += int(r.Pointer[n-1] - '0')
		}
		parts = append(parts, fmt.Sprintf("%s: line %d, place %d: %s for %s", r.Field, line, r.Position+1, r.To, r.From))
	}
	return strings.Join(parts, "; ")
}
