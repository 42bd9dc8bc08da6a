package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// listFlags are those of "entry list".
type listFlags struct {
	name, text, purpose, reason, status, category, cursor string
	limit                                                 int
}

func (p *program) entryListCmd() *cobra.Command {
	f := &listFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List entries, or those with a name like --name or with the words of --text", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `With --name the most alike come first, in one page; with --text those where its
words are written, of any status. That is a search of a person: it needs --purpose
and --reason, which are audited.

In --text, all words must be found, in any field, without regard to case, accents
and punctuation, and with a wrong letter or two unless they have digits:
  faux passeport gao     all three words
  "faux passeport"       these words in this order
  pass*                  words that begin so, three letters at least
  case:DKR-2026-0012     in one field: name, case, offence, basis, facts, assessment,
                         document, nationality, birth, category, authority, caveat,
                         withdrawn, id, action, status
  faux -status:withdrawn entries without it`,
		Example: `  vigie entry list --status active --limit 500
  vigie entry list --name 'djallo' --purpose investigation --reason 'review of case 12'
  vigie entry list --text 'faux passeport gao' --purpose investigation --reason 'review of case 12'`,
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
	fl.StringVar(&f.text, "text", "", "words that are written in the entry")
	fl.StringVar(&f.purpose, "purpose", "", "border_check, second_line_check, investigation or test (required with --name and --text)")
	fl.StringVar(&f.reason, "reason", "", "why this person is searched now (required with --name and --text)")
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
	case f.name != "" && f.text != "":
		return usagef("--name and --text don't go together")
	case !f.searches() && (f.purpose != "" || f.reason != ""):
		return usagef("--purpose and --reason go with --name or --text")
	case !f.searches():
		return nil
	case f.purpose == "" || f.reason == "":
		return usagef("every search needs --purpose and --reason; both are audited")
	case f.cursor != "":
		return usagef("--cursor doesn't go with --name or --text: a search has one page")
	}
	return oneOf("--purpose", f.purpose, purposes)
}

// searches reports whether a person is searched for.
func (f *listFlags) searches() bool { return f.name != "" || f.text != "" }

// ask sends the search or the listing.
func (f *listFlags) ask(ctx context.Context, c *client.Client) (*client.EntryList, error) {
	status, category := client.EntryStatus(f.status), client.Category(f.category)
	if !f.searches() {
		return answer[client.EntryList](c.ListEntries(ctx, &client.ListEntriesParams{Status: status, Category: category, Limit: f.limit, Cursor: f.cursor}))
	}
	return answer[client.EntryList](c.SearchEntries(ctx, &client.SearchEntriesParams{}, client.EntrySearch{
		Q: f.name, Text: f.text, Purpose: client.Purpose(f.purpose), Reason: f.reason, Status: status, Category: category, Limit: f.limit,
	}))
}

func writeEntries(w io.Writer, list *client.EntryList) {
	head := []any{"ENTRY", "NAME", "BORN", "CATEGORY", "ACTION", "STATUS", "FACES", "ENDS"}
	byText := list.TextIndex > 0
	if byText {
		head = append(head, "FOUND IN")
	}
	row(w, head...)
	for _, e := range list.Items {
		name, born := "-", "-"
		if len(e.Names) > 0 {
			name = e.Names[0].Full
		}
		if len(e.Births) > 0 {
			born = e.Births[0].Date
		}
		cells := []any{e.Id, name, born, e.Category, e.Action, e.Status, e.Faces, showDate(e.ExpiresAt)}
		if byText {
			cells = append(cells, strings.Join(e.Matched, ", "))
		}
		row(w, cells...)
	}
	if list.Truncated {
		fmt.Fprintln(w, "More entries were found: add a word, or raise --limit.")
	}
	if list.Next != "" {
		row(w, "more:", "vigie entry list --cursor "+list.Next)
	}
}
