package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// The words that the flags of families take, as the API's contract lists them.
var (
	familyParts    = []string{"surname", "given"}
	familyStatuses = []string{"proposed", "accepted", "refused"}
)

// parseChange reads the number of a change.
func parseChange(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, usagef("%q is not the number of a change; 'vigie names family history' lists them", s)
	}
	return n, nil
}

func (p *program) familyProposeCmd() *cobra.Command {
	in := client.FamilyChangeInput{Kind: "add"}
	part := ""
	cmd := &cobra.Command{
		Use: "propose SPELLING...", Short: "Propose a new family, or spellings for one that is there", Args: usage(cobra.MinimumNArgs(1), "the spellings"),
		Long: `Without --family the spellings make a family of their own; with it they join that
family, which an id or any of its spellings names. A spelling is one word in Latin,
Arabic or N'Ko script; case and accents make no difference. One that belongs to another
family already is refused with that family's name; --allow-shared says that it is meant.
Nothing changes before another administrator has accepted the proposal.`,
		Example: "  vigie names family propose Djaloo --family Diallo --source 'civil register of Ziguinchor, 2026' --justification 'written so on both sides of the border' --dry-run\n  vigie names family propose Tendeng Tendengue --part surname --per-million 300 --source 'partner service, letter 12/2026' --justification 'two spellings in the passports of one family'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Source == "" || in.Justification == "" {
				return usagef("a proposal needs --source and --justification, at least 10 characters each; both are kept for good")
			}
			in.Spellings = args
			switch {
			case in.Family != "":
				in.Kind = "extend"
			case part == "":
				return usagef("say what a new family is, --part surname or given; or which family the spellings join, --family")
			}
			if part != "" {
				if err := oneOf("--part", part, familyParts); err != nil {
					return err
				}
				in.Part = client.FamilyPart(part)
			}
			return p.proposeFamily(cmd.Context(), in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Family, "family", "", "the family that the spellings join: its id, or a spelling of it alone")
	f.StringVar(&part, "part", "", "surname or given, for a new family")
	f.IntVar(&in.PerMillion, "per-million", 0, "how many of a million names hold one of a new family's spellings; without it the name counts as rare, and weighs more than a common one")
	f.BoolVar(&in.AllowShared, "allow-shared", false, "spellings may belong to another family too")
	familyGrounds(cmd, &in)
	_ = cmd.RegisterFlagCompletionFunc("part", cobra.FixedCompletions(familyParts, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// familyGrounds adds the flags that every proposal has.
func familyGrounds(cmd *cobra.Command, in *client.FamilyChangeInput) {
	cmd.Flags().StringVar(&in.Source, "source", "", "where it is attested (required)")
	cmd.Flags().StringVar(&in.Justification, "justification", "", "why (required)")
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "only show what would change")
}

func (p *program) familyWithdrawCmd() *cobra.Command {
	in := client.FamilyChangeInput{Kind: "withdraw"}
	cmd := &cobra.Command{
		Use: "withdraw NUMBER", Short: "Propose to take an accepted change back", Args: usage(cobra.ExactArgs(1), "the number of an accepted change"),
		Long: `Only what administrators have added can be withdrawn, not what the release brings. It
is a proposal like any other: another administrator decides. To take back a proposal of
your own that waits, refuse it: 'vigie names family review NUMBER --refuse'.`,
		Example: "  vigie names family withdraw 3 --source 'partner service, letter 15/2026' --justification 'two families after all'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Source == "" || in.Justification == "" {
				return usagef("a withdrawal needs --source and --justification, at least 10 characters each; both are kept for good")
			}
			n, err := parseChange(args[0])
			if err != nil {
				return err
			}
			in.Change = n
			return p.proposeFamily(cmd.Context(), in)
		},
	}
	familyGrounds(cmd, &in)
	return cmd
}

func (p *program) proposeFamily(ctx context.Context, in client.FamilyChangeInput) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	out, err := answer[client.FamilyProposal](c.ProposeFamilyChange(ctx, &client.ProposeFamilyChangeParams{IdempotencyKey: freshKey()}, in))
	if err != nil {
		return err
	}
	return p.emit(out, func(w io.Writer) {
		if out.DryRun {
			row(w, "Dry run: nothing was proposed.")
		} else {
			row(w, "change", out.Number)
			row(w, "index", out.Index)
			row(w, "next", fmt.Sprintf("another administrator: vigie names family review %d --accept --revision %d --reason …", out.Number, out.Preview.Revision))
		}
		writeFamilyPreview(w, &out.Preview)
	})
}

func (p *program) familyReviewCmd() *cobra.Command {
	in := client.FamilyReviewInput{}
	accept, refuse, revision := false, false, int64(-1)
	cmd := &cobra.Command{
		Use: "review NUMBER --accept|--refuse", Short: "Accept or refuse a proposed change", Args: usage(cobra.ExactArgs(1), "the number of a change"),
		Long: `Look first at what it would do: 'vigie names family show NUMBER'. Who proposed a change
can't accept it, but may refuse it, which takes it back. --revision is that of the table
that you saw the effect on; a change accepted meanwhile makes the review fail (412).`,
		Example: "  vigie names family show 3\n  vigie names family review 3 --accept --revision 2 --reason 'seen in both registers myself'",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parseChange(args[0])
			switch {
			case err != nil:
				return err
			case accept == refuse:
				return usagef("decide: --accept or --refuse")
			case in.Reason == "":
				return usagef("say why: --reason TEXT, at least 10 characters; it is kept for good")
			case accept && revision < 0:
				return usagef("give --revision, the table that you saw the effect on: 'vigie names family show %d'", n)
			}
			in.Accept, in.Revision = accept, max(revision, 0)
			return p.reviewFamily(cmd.Context(), n, in, revision >= 0)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&accept, "accept", false, "put the change in force")
	f.BoolVar(&refuse, "refuse", false, "don't")
	f.StringVar(&in.Reason, "reason", "", "why (required)")
	f.Int64Var(&revision, "revision", revision, "the table's revision in the preview (required to accept)")
	return cmd
}

// reviewFamily sends a decision; a refusal without a revision goes by the present one.
func (p *program) reviewFamily(ctx context.Context, n int64, in client.FamilyReviewInput, known bool) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	if !known {
		d, err := answer[client.FamilyChangeDetail](c.GetFamilyChange(ctx, n, &client.GetFamilyChangeParams{}))
		if err != nil {
			return err
		}
		in.Revision = d.Preview.Revision
	}
	out, err := answer[client.FamilyReviewed](c.ReviewFamilyChange(ctx, n, &client.ReviewFamilyChangeParams{IdempotencyKey: freshKey()}, in))
	if err != nil {
		return err
	}
	return p.emit(out, func(w io.Writer) {
		row(w, "change", out.Number)
		row(w, "status", out.Status)
		row(w, "table", out.Version)
		row(w, "index", out.Index)
	})
}

func (p *program) familyHistoryCmd() *cobra.Command {
	status, cursor, limit := "", "", 100
	cmd := &cobra.Command{
		Use: "history", Short: "List every change that was proposed, the newest first", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "Who proposed it, who decided, and the table's revision from then on. Nothing is ever removed.",
		Example: "  vigie names family history --status proposed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if status != "" {
				if err := oneOf("--status", status, familyStatuses); err != nil {
					return err
				}
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := answer[client.FamilyChangeList](c.ListFamilyChanges(cmd.Context(), &client.ListFamilyChangesParams{Status: client.FamilyChangeStatus(status), Limit: limit, Cursor: cursor}))
			if err != nil {
				return err
			}
			return p.emit(list, func(w io.Writer) {
				row(w, "NUMBER", "KIND", "WHAT", "STATUS", "REVISION", "PROPOSED", "BY", "REVIEWED BY", "REASON")
				for _, x := range list.Items {
					row(w, x.Number, x.Kind, changeWords(&x), changeStatus(&x), x.Revision, x.ProposedAt.UTC().Format(dateFormat),
						fmt.Sprintf("%.13s", x.ProposedBy), dash(fmt.Sprintf("%.13s", x.ReviewedBy)), dash(short(x.Reason)))
				}
				if list.Next != "" {
					row(w, "more:", "vigie names family history --cursor "+list.Next)
				}
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", strings.Join(familyStatuses, ", "))
	f.IntVar(&limit, "limit", limit, "most changes to show, 1 to 500")
	f.StringVar(&cursor, "cursor", "", "go on where the last page ended")
	return cmd
}

// changeWords says in a cell what a change does.
func changeWords(c *client.FamilyChange) string {
	switch c.Kind {
	case "withdraw":
		return fmt.Sprintf("change %d", c.Change)
	case "extend":
		return c.Family + " + " + strings.Join(c.Spellings, ", ")
	}
	return strings.Join(c.Spellings, ", ")
}

func changeStatus(c *client.FamilyChange) string {
	if c.WithdrawnBy != 0 {
		return fmt.Sprintf("%s, withdrawn by %d", c.Status, c.WithdrawnBy)
	}
	return string(c.Status)
}

func writeFamilyChange(w io.Writer, c *client.FamilyChange) {
	row(w, "change", c.Number)
	row(w, "kind", c.Kind)
	row(w, "what", changeWords(c))
	row(w, "status", changeStatus(c))
	if c.PerMillion > 0 {
		row(w, "names with it", fmt.Sprintf("about %d of a million", c.PerMillion))
	}
	row(w, "source", c.Source)
	row(w, "justification", c.Justification)
	row(w, "proposed", fmt.Sprintf("%s by %s, index %d", c.ProposedAt.UTC().Format(dateFormat), c.ProposedBy, c.ProposedIndex))
	if c.ReviewedBy != "" {
		row(w, "reviewed", fmt.Sprintf("%s by %s, index %d", c.ReviewedAt.UTC().Format(dateFormat), c.ReviewedBy, c.ReviewedIndex))
		row(w, "reason", c.Reason)
	}
	if c.Revision > 0 {
		row(w, "revision of the table", c.Revision)
	}
}

// writeFamilyPreview shows what a change would do to the list.
func writeFamilyPreview(w io.Writer, v *client.FamilyPreview) {
	row(w, "table", fmt.Sprintf("%s, revision %d; then %s", v.Version, v.Revision, v.Then))
	row(w, "family", dash(v.Family))
	row(w, "entries", fmt.Sprintf("%d can be found by name, %d have one of the spellings", v.Entries, v.Bearers))
	row(w, "linked", v.Linked)
	row(w, "nearer", v.Nearer)
	row(w, "parted", v.Parted)
	for _, s := range v.Spellings {
		mark := ""
		if s.New {
			mark = " (this change)"
		}
		row(w, "", fmt.Sprintf("%s: %d entries%s", s.Spelling, s.Entries, mark))
	}
	for _, s := range v.Shared {
		row(w, "SHARED", fmt.Sprintf("%s belongs already to %s", s.Spelling, strings.Join(s.Families, ", ")))
	}
}
