package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) tokenCmd() *cobra.Command {
	role, ttl := "voter", time.Hour
	create := &cobra.Command{
		Use: "create", Short: "Make a token that admits one new node", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "The token is shown once and works once. It pins the cluster's certificate authority,\nso the new node can't be fooled into another cluster. Treat it as a password.",
		Example: "  vigie token create --role voter\n  vigie token create --role nonvoter --ttl 10m",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if role != "voter" && role != "nonvoter" {
				return usagef("--role: use voter (counts for the majority) or nonvoter (only receives)")
			}
			if ttl < time.Minute || ttl > 24*time.Hour {
				return usagef("--ttl: use 1m to 24h")
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			tok, err := answer[client.Token](c.CreateJoinToken(cmd.Context(), client.TokenCreate{Role: client.NodeRole(role), TtlSeconds: int(ttl.Seconds())}))
			if err != nil {
				return err
			}
			st, err := answer[client.ClusterStatus](c.GetCluster(cmd.Context()))
			if err != nil {
				return err
			}
			return p.emit(tok, func(w io.Writer) {
				row(w, "token", tok.Token)
				row(w, "role", tok.Role)
				row(w, "works until", tok.ExpiresAt.UTC().Format(dateFormat))
				row(w, "on the new node", fmt.Sprintf("vigie join --token TOKEN --name NAME --api HOST:8443 --cluster HOST:8444 --country %s --authority %s", st.Origin.Country, shellQuote(st.Origin.Authority)))
			})
		},
	}
	create.Flags().StringVar(&role, "role", role, "voter or nonvoter")
	create.Flags().DurationVar(&ttl, "ttl", ttl, "how long the token works, 1m to 24h")
	_ = create.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"voter", "nonvoter"}, cobra.ShellCompDirectiveNoFileComp))
	p.linkTo(create)
	return group("token", "Admit new nodes", "", create)
}
