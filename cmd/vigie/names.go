package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/cluster/registry"
	"vigie/index/name"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// nameFamilies joins what the registry and the name index know of spelling families.
type nameFamilies struct {
	reg   *registry.Store
	index *name.Index
}

// FamilyChanges lists the changes that were proposed.
func (n nameFamilies) FamilyChanges() ([]watchlist.FamilyChange, error) { return n.reg.FamilyChanges() }

// Table is the table that searches go by.
func (n nameFamilies) Table() *names.Table { return n.index.Table() }

// Preview says what another table would do.
func (n nameFamilies) Preview(ctx context.Context, now, then *names.Table, spellings []string) (watchlist.FamilyImpact, error) {
	return n.index.Preview(ctx, now, then, spellings)
}

func (p *program) namesCmd() *cobra.Command {
	cmd := group("names", "Show or change how names are compared, for the whole cluster", `What the cluster knows of the region's names beside the rules of the program.`, p.namesFamilyCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) namesFamilyCmd() *cobra.Command {
	return group("family", "The table of spelling families: Diallo, Jallow and Djaló are one name",
		`A search for one spelling of a family finds the others. The release brings a table;
administrators add to it: one proposes, with a source and a reason, another looks at
what the change would do to the list and accepts or refuses it. Each node takes an
accepted change over at once; no release is needed. Leads and audit events name the
table that they were made with (models: names), such as wa-4+2.

Both steps need an account ('vigie login'): behind an API key there may be anybody.`,
		p.familyListCmd(), p.familyShowCmd(), p.familyProposeCmd(), p.familyWithdrawCmd(), p.familyReviewCmd(), p.familyHistoryCmd())
}

func (p *program) familyListCmd() *cobra.Command {
	spelling, added := "", false
	cmd := &cobra.Command{
		Use: "list", Short: "List the families in force", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "Spellings that a change added are followed by its number in brackets.",
		Example: "  vigie names family list --added\n  vigie names family list --spelling Jallow",
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := p.families(cmd.Context(), spelling)
			if err != nil {
				return err
			}
			if added {
				kept := t.Items[:0]
				for _, f := range t.Items {
					if changedBy(f) {
						kept = append(kept, f)
					}
				}
				t.Items = kept
			}
			return p.emit(t, func(w io.Writer) {
				row(w, "FAMILY", "PART", "SOURCE", "SPELLINGS")
				for _, f := range t.Items {
					row(w, f.Id, f.Part, short(f.Provenance), spellingWords(f))
				}
				row(w, fmt.Sprintf("table %s, %d accepted changes", t.Version, t.Revision))
			})
		},
	}
	cmd.Flags().StringVar(&spelling, "spelling", "", "only families that this spelling belongs to")
	cmd.Flags().BoolVar(&added, "added", false, "only families with something that an administrator added")
	return cmd
}

func (p *program) families(ctx context.Context, spelling string) (*client.NameFamilies, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	return answer[client.NameFamilies](c.ListNameFamilies(ctx, &client.ListNameFamiliesParams{Spelling: spelling}))
}

// changedBy reports whether a change added anything to a family.
func changedBy(f client.NameFamily) bool {
	for _, s := range f.Spellings {
		if s.Change != 0 {
			return true
		}
	}
	return false
}

func spellingWords(f client.NameFamily) string {
	words := make([]string, len(f.Spellings))
	for i, s := range f.Spellings {
		if words[i] = s.Spelling; s.Change != 0 {
			words[i] += fmt.Sprintf(" [%d]", s.Change)
		}
	}
	return strings.Join(words, ", ")
}

// short cuts a text for a table.
func short(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (p *program) familyShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show FAMILY|SPELLING|NUMBER", Short: "Show a family, or a change and what it would do", Args: usage(cobra.ExactArgs(1), "a family, a spelling or the number of a change"),
		Long: `With a number: the change, and while it waits for a review, what it would do to the
entries of the node that is asked. Look at that before you accept it:

  linked   entries with a word that one of the spellings finds as the same name from
           then on, and takes for another name now
  nearer   entries with a word that is alike already and will score higher
  parted   entries with a word that will score lower, or count as another name`,
		Example: "  vigie names family show Jallow\n  vigie names family show surname/Diallo\n  vigie names family show 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n, err := strconv.ParseInt(args[0], 10, 64); err == nil {
				return p.showFamilyChange(cmd.Context(), n)
			}
			spelling := args[0]
			if strings.Contains(spelling, "/") {
				spelling = "" // an id: the whole table is looked through
			}
			t, err := p.families(cmd.Context(), spelling)
			if err != nil {
				return err
			}
			found := []client.NameFamily{}
			for _, f := range t.Items {
				if spelling != "" || f.Id == args[0] {
					found = append(found, f)
				}
			}
			if len(found) == 0 {
				return withHint(fmt.Errorf("no family has that id or spelling in table %s", t.Version), "'vigie names family list' shows all of them.")
			}
			return p.emit(found, func(w io.Writer) {
				for _, f := range found {
					row(w, "family", f.Id)
					row(w, "part", f.Part)
					row(w, "source", f.Provenance)
					if f.Frequency > 0 {
						row(w, "names with it", fmt.Sprintf("about %.0f of a million", f.Frequency*1e6))
					}
					row(w, "spellings", spellingWords(f))
				}
			})
		},
	}
}

func (p *program) showFamilyChange(ctx context.Context, number int64) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	d, err := answer[client.FamilyChangeDetail](c.GetFamilyChange(ctx, number, &client.GetFamilyChangeParams{}))
	if err != nil {
		return err
	}
	return p.emit(d, func(w io.Writer) {
		writeFamilyChange(w, &d.Change)
		if d.Change.Status == "proposed" {
			writeFamilyPreview(w, &d.Preview)
		}
	})
}
