package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// listFlags are those of "entry list".
type listFlags struct {
	name, purpose, reason, status, category, cursor string
	limit                                           int
}

func (p *program) entryListCmd() *cobra.Command {
	f := &listFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List entries, or those with a name like --name", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "With --name the most alike come first, in one page. That is a search of a\nperson: it needs --purpose and --reason, which are audited.",
		Example: "  vigie entry list --status active --limit 500\n  vigie entry list --name 'djallo' --purpose investigation --reason 'review of case 12'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := f.ask(cmd.Context(), c)
			if err != nil {
				return err
			}
			return p.emit(list, func(w io.Writer) { writeEntries(w, list) })
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "names like this one, in any spelling")
	fl.StringVar(&f.purpose, "purpose", "", "border_check, second_line_check, investigation or test (required with --name)")
	fl.StringVar(&f.reason, "reason", "", "why this person is searched now (required with --name)")
	fl.StringVar(&f.status, "status", "", "draft, active, suspended, withdrawn or expired")
	fl.StringVar(&f.category, "category", "", "smuggler, trafficker, document_fraud or facilitator")
	fl.IntVar(&f.limit, "limit", 100, "most entries to show, 1 to 500")
	fl.StringVar(&f.cursor, "cursor", "", "go on where the last page ended")
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(purposes, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check refuses flags that don't go together.
func (f *listFlags) check() error {
	switch {
	case f.name == "" && (f.purpose != "" || f.reason != ""):
		return usagef("--purpose and --reason go with --name")
	case f.name == "":
		return nil
	case f.purpose == "" || f.reason == "":
		return usagef("every search needs --purpose and --reason; both are audited")
	case f.cursor != "":
		return usagef("--cursor doesn't go with --name: a search has one page")
	}
	return oneOf("--purpose", f.purpose, purposes)
}

// ask sends the search or the listing.
func (f *listFlags) ask(ctx context.Context, c *client.Client) (*client.EntryList, error) {
	status, category := client.EntryStatus(f.status), client.Category(f.category)
	if f.name == "" {
		return answer[client.EntryList](c.ListEntries(ctx, &client.ListEntriesParams{Status: status, Category: category, Limit: f.limit, Cursor: f.cursor}))
	}
	return answer[client.EntryList](c.SearchEntries(ctx, &client.SearchEntriesParams{}, client.EntrySearch{
		Q: f.name, Purpose: client.Purpose(f.purpose), Reason: f.reason, Status: status, Category: category, Limit: f.limit,
	}))
}

func writeEntries(w io.Writer, list *client.EntryList) {
	row(w, "ENTRY", "NAME", "BORN", "CATEGORY", "ACTION", "STATUS", "FACES", "ENDS")
	for _, e := range list.Items {
		name, born := "-", "-"
		if len(e.Names) > 0 {
			name = e.Names[0].Full
		}
		if len(e.Births) > 0 {
			born = e.Births[0].Date
		}
		row(w, e.Id, name, born, e.Category, e.Action, e.Status, e.Faces, showDate(e.ExpiresAt))
	}
	if list.Next != "" {
		row(w, "more:", "vigie entry list --cursor "+list.Next)
	}
}
