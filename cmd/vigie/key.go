package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) keyCmd() *cobra.Command {
	cmd := group("key", "Create, list and revoke the API keys of machines", "", p.keyCreateCmd(), p.keyListCmd(), p.keyRevokeCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) keyCreateCmd() *cobra.Command {
	var role, post string
	var days int
	cmd := &cobra.Command{
		Use: "create LABEL", Short: "Create a key; its secret is shown once",
		Example: "  vigie key create 'kiosk rosso' --role officer --post rosso --days 365",
		Args:    usage(cobra.ExactArgs(1), "a label"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--role", role, roles); err != nil {
				return err
			}
			if days < 0 {
				return usagef("--days: use 0 for a key without an end, or more")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			req := client.KeyCreate{Label: args[0], Role: client.Role(role), Post: post}
			if days > 0 {
				req.ExpiresAt = time.Now().AddDate(0, 0, days).UTC().Truncate(time.Second)
			}
			k, err := answer[client.KeyCreated](c.CreateKey(cmd.Context(), &client.CreateKeyParams{IdempotencyKey: freshKey()}, req))
			if err != nil {
				return err
			}
			// The write may have gone through another node: wait until the one that was
			// asked knows the key, so that it works there when it is printed.
			if _, err := answer[client.KeyList](c.ListKeys(cmd.Context(), &client.ListKeysParams{Consistency: "local", MinIndex: k.Index})); err != nil {
				p.note("the key is created, but this node may not know it yet: %v", err)
			}
			return p.emit(k, func(w io.Writer) {
				row(w, "id", k.Key.Id)
				row(w, "secret", k.Secret)
				row(w, "role", k.Key.Role)
				row(w, "use", "VIGIE_KEY=… vigie status, or the header Authorization: Bearer …")
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "officer", "officer, supervisor, administrator, partner or auditor")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().StringVar(&post, "post", "", "border post of the machine")
	cmd.Flags().IntVar(&days, "days", 365, "days until the key ends, 0 for never")
	return cmd
}

func (p *program) keyListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys, without their secrets", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := answer[client.KeyList](c.ListKeys(cmd.Context(), &client.ListKeysParams{}))
			if err != nil {
				return err
			}
			return p.emit(list, func(w io.Writer) {
				row(w, "ID", "LABEL", "ROLE", "POST", "CREATED", "ENDS", "REVOKED")
				for _, k := range list.Items {
					row(w, k.Id, k.Label, k.Role, dash(k.Post), showDate(k.CreatedAt), showDate(k.ExpiresAt), k.Revoked)
				}
			})
		},
	}
}

func (p *program) keyRevokeCmd() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke a key", Args: usage(cobra.ExactArgs(1), "the id of a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			if _, err := answer[struct{}](c.RevokeKey(cmd.Context(), args[0])); err != nil {
				return err
			}
			return p.say("Key %s is revoked.", args[0])
		},
	}
}
