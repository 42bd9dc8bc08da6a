package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) nodeCmd() *cobra.Command {
	transfer := &cobra.Command{
		Use: "transfer", Short: "Hand leadership to another node, before maintenance", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			if _, err := answer[struct{}](c.TransferLeadership(cmd.Context())); err != nil {
				return err
			}
			return p.say("Another node leads now; 'vigie status' shows which.")
		},
	}
	remove := &cobra.Command{
		Use: "remove NODE", Short: "Take a node out of the cluster for good", Args: usage(cobra.ExactArgs(1), "the name or id of a node"),
		Long: "The node loses its vote and its certificate is refused from then on. Wipe its disk. To\ncome back it joins anew, as another node.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			st, err := answer[client.ClusterStatus](c.GetCluster(cmd.Context()))
			if err != nil {
				return err
			}
			var ids []string
			for _, m := range st.Members {
				if m.Name == args[0] || m.Id == args[0] {
					ids = append(ids, m.Id)
				}
			}
			if len(ids) != 1 {
				return withHint(fmt.Errorf("%d nodes are called %q", len(ids), args[0]), "'vigie status --json' shows the ids.")
			}
			if _, err := answer[struct{}](c.RemoveMember(cmd.Context(), ids[0])); err != nil {
				return err
			}
			return p.say("%s is out of the cluster. Stop it and wipe its disk.", args[0])
		},
	}
	cmd := group("node", "Remove a node, or hand leadership over", "", remove, transfer)
	p.linkTo(cmd)
	return cmd
}
