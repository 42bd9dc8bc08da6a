package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vigie/cluster"
	"vigie/cmd/vigie/internal/config"
)

func (p *program) joinCmd() *cobra.Command {
	token := ""
	cmd := &cobra.Command{
		Use: "join --token TOKEN", Short: "Make this machine one more node of a cluster", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Fetches the node's identity from the cluster with a token of 'vigie token create'. The
token pins the cluster's certificate authority and works once. Writes the configuration
when there is none yet. The node becomes a member when it serves for the first time.`,
		Example: "  vigie join --token vigie1.… --name dakar-2 --country SEN --authority 'Direction nationale' --api 10.0.0.2:8443 --cluster 10.0.0.2:8444\n  vigie join --token - < token.txt",
	}
	flags := p.addNewNodeFlags(cmd)
	cmd.Flags().StringVar(&token, "token", "", "join token, or - to read it from standard input (required)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch token {
		case "":
			return withHint(usagef("--token is missing"), "Get one on a node of the cluster: vigie token create")
		case "-":
			b, err := io.ReadAll(io.LimitReader(p.in, 8192))
			if err != nil {
				return err
			}
			token = strings.TrimSpace(string(b))
		}
		c, created, err := p.newNodeConfig(flags)
		if err != nil {
			return err
		}
		if err := joinCluster(cmd.Context(), c, token); err != nil {
			if created {
				os.Remove(c.Path()) // it was ours, and describes nothing
			}
			return err
		}
		return p.emit(struct {
			ConfigFile string `json:"config_file"`
			DataDir    string `json:"data_dir"`
		}{c.Path(), c.Node.DataDir}, func(w io.Writer) {
			row(w, "This machine holds a node's identity now. Next:")
			row(w, "  vigie serve --config "+shellQuote(c.Path()))
		})
	}
	return cmd
}

func joinCluster(ctx context.Context, c *config.Config, token string) error {
	err := cluster.Join(ctx, cluster.JoinConfig{
		Token: token, DataDir: c.Node.DataDir, NodeKeyFile: c.Node.NodeKeyFile, ClusterKeyFile: c.Node.ClusterKeyFile, Name: c.Node.Name,
		ClusterAdvertise: c.Advertise.Cluster, APIAdvertise: c.Advertise.API,
	})
	if errors.Is(err, cluster.ErrNotEmpty) {
		return withHint(fmt.Errorf("%s: %w", c.Node.DataDir, err), "Choose another node.data_dir, or move the old one away.")
	} else if err != nil {
		return withHint(fmt.Errorf("join the cluster: %w", err), "A token works once and for a limited time; its addresses must be reachable from here. A new one: vigie token create")
	}
	return nil
}
