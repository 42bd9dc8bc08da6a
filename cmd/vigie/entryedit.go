package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) entryEditCmd() *cobra.Command {
	var file string
	var set []string
	cmd := &cobra.Command{
		Use: "edit ID", Short: "Change an entry: --set, --file, or in your editor",
		Long: `Sends a JSON merge patch (RFC 7396): null clears a field, a list is replaced as a
whole. Without --set and --file the entry opens in $VISUAL or $EDITOR. The change is
refused when somebody else changed the entry meanwhile.`,
		Example: "  vigie entry edit SEN-0192… --set status=suspended\n  vigie entry edit SEN-0192… --set 'births=[{\"date\":\"1984-05\"}]'\n  vigie entry edit SEN-0192… --file patch.json",
		Args:    usage(cobra.ExactArgs(1), "the id of an entry"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			e, err := answer[client.Entry](c.GetEntry(cmd.Context(), args[0], &client.GetEntryParams{}))
			if err != nil {
				return err
			}
			patch, err := p.patchFor(cmd.Context(), e, set, file)
			if err != nil {
				return err
			}
			w, err := answer[client.EntryWritten](c.UpdateEntryWithBody(cmd.Context(), e.Id, &client.UpdateEntryParams{IfMatch: etag(e.Revision), IdempotencyKey: freshKey()},
				"application/merge-patch+json", bytes.NewReader(patch)))
			if err != nil {
				return err
			}
			return p.printWritten(w)
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "FIELD=VALUE; the value is JSON, or a plain text; may be repeated")
	cmd.Flags().StringVar(&file, "file", "", "JSON merge patch, or - for standard input")
	return cmd
}

// patchFor gives the merge patch that the flags, or the user's editor, ask for.
func (p *program) patchFor(ctx context.Context, e *client.Entry, set []string, file string) ([]byte, error) {
	patch := map[string]json.RawMessage{}
	switch {
	case file != "" && len(set) > 0:
		return nil, usagef("give --set or --file, not both")
	case file != "":
		if err := p.readJSON(file, &patch); err != nil {
			return nil, err
		}
	case len(set) > 0:
		for _, kv := range set {
			k, v, ok := strings.Cut(kv, "=")
			if !ok {
				return nil, usagef("--set: use FIELD=VALUE")
			}
			if !json.Valid([]byte(v)) {
				quoted, err := json.Marshal(v)
				if err != nil {
					return nil, err
				}
				v = string(quoted)
			}
			patch[k] = json.RawMessage(v)
		}
	default:
		return p.patchByEditor(ctx, e)
	}
	return json.Marshal(patch)
}

// patchByEditor lets the user edit the entry and gives what changed.
func (p *program) patchByEditor(ctx context.Context, e *client.Entry) ([]byte, error) {
	editor := p.getenv("VISUAL")
	if editor == "" {
		editor = p.getenv("EDITOR")
	}
	if editor == "" {
		return nil, usagef("set $EDITOR, or say the change: --set FIELD=VALUE")
	}
	before, err := editable(e)
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp("", "vigie-entry-*.json")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(before)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	words := strings.Fields(editor)
	run := exec.CommandContext(ctx, words[0], append(words[1:], tmp.Name())...)
	run.Stdin, run.Stdout, run.Stderr = p.in, p.out, p.err
	if err := run.Run(); err != nil {
		return nil, fmt.Errorf("the editor failed: %w", err)
	}
	after, err := os.ReadFile(tmp.Name())
	if err != nil {
		return nil, err
	}
	return mergePatch(before, after)
}

// editable gives the fields of an entry that its owner may change.
func editable(e *client.Entry) ([]byte, error) {
	return json.MarshalIndent(client.EntryInput{
		Category: e.Category, Action: e.Action, Status: client.EntryInputStatus(e.Status), Names: e.Names, Births: e.Births, Sex: e.Sex,
		Nationalities: e.Nationalities, Documents: e.Documents, Facts: e.Facts, Assessments: e.Assessments, LegalBasis: e.LegalBasis,
		Offence: e.Offence, CaseReference: e.CaseReference, Issued: e.Issued, ReviewBy: e.ReviewBy, ExpiresAt: e.ExpiresAt,
		ReleasableTo: e.ReleasableTo, Caveats: e.Caveats, Specimen: e.Specimen,
	}, "", "  ")
}

// mergePatch gives the RFC 7396 patch that turns one object into another,
// comparing top-level fields.
func mergePatch(before, after []byte) ([]byte, error) {
	var a, b map[string]json.RawMessage
	if err := json.Unmarshal(before, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &b); err != nil {
		return nil, fmt.Errorf("what you saved is not JSON: %w", err)
	}
	patch := map[string]json.RawMessage{}
	for k, v := range b {
		if !sameJSON(a[k], v) {
			patch[k] = v
		}
	}
	for k := range a {
		if _, kept := b[k]; !kept {
			patch[k] = json.RawMessage("null")
		}
	}
	if len(patch) == 0 {
		return nil, errors.New("nothing was changed")
	}
	return json.Marshal(patch)
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
