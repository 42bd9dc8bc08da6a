package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vigie/cluster"
	"vigie/cluster/backup"
	"vigie/cmd/vigie/internal/config"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

const restoreLong = `Makes a new cluster of one node, in an empty data folder, with the state of a backup:
entries, photos, accounts, API keys, imports, reported documents, calibration decisions.
It is a new cluster, with new id, authority and keys: nodes of the old one can't join or
talk to it, and must never run beside it as if they were the same list. Join new nodes
with 'vigie token create'. Members, join tokens and sessions are not taken over.

What was written after the backup is lost. The new audit log begins with the restore;
the old one lies in DATA_DIR/audit-before, its key beside the node's ('vigie audit verify
--dir'). Passwords and API keys of the old cluster work; an API key for you is written
into the context file, as 'vigie init' does.`

// restoreOutput is what restore prints.
type restoreOutput struct {
	ClusterID     string    `json:"cluster_id"`
	NodeID        string    `json:"node_id"`
	FromCluster   string    `json:"from_cluster"`
	Taken         time.Time `json:"taken"`
	Index         uint64    `json:"index"`
	Entries       uint64    `json:"entries"`
	ConfigFile    string    `json:"config_file"`
	DataDir       string    `json:"data_dir"`
	CAFile        string    `json:"ca_file"`
	CAFingerprint string    `json:"ca_fingerprint"`
	ContextFile   string    `json:"context_file"`
}

func (p *program) restoreCmd() *cobra.Command {
	var identity, reason string
	cmd := &cobra.Command{
		Use: "restore FILE --identity KEY-FILE --reason TEXT", Short: "Make a new cluster of one node from a backup", Long: restoreLong,
		Args:    usage(cobra.ExactArgs(1), "one backup"),
		Example: "  vigie restore 2026-11-24.vigie --identity backup-key.txt --reason 'fire in Dakar, ticket 71' --name dakar-1 --config /etc/vigie/vigie.yaml\n  vigie serve --config /etc/vigie/vigie.yaml",
	}
	flags := p.addNewNodeFlags(cmd)
	cmd.Flags().StringVar(&identity, "identity", "", "file of the private key (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log (required)")
	cmd.Flags().StringVar(&p.link.context, "context", "", "context file to write ($VIGIE_CONTEXT, else ~/.config/vigie/context.json)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if reason == "" {
			return usagef("--reason is required: it goes into the audit log")
		}
		out, err := p.restore(cmd.Context(), args[0], identity, reason, flags)
		if err != nil {
			return err
		}
		return p.emit(out, func(w io.Writer) { writeRestore(w, out) })
	}
	return cmd
}

// restore opens the backup, makes the configuration if there is none, and restores.
func (p *program) restore(ctx context.Context, file, identity, reason string, flags *newNode) (out *restoreOutput, err error) {
	keys, err := readIdentities(identity)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	a, err := openBackup(f, keys)
	if err != nil {
		return nil, err
	}
	m := a.Manifest()
	if _, err := os.Stat(config.Find(p.configFile, p.getenv)); err != nil {
		*flags.values["country"], *flags.values["authority"] = string(m.Origin.Country), m.Origin.Authority
	}
	c, created, err := p.newNodeConfig(flags)
	if err != nil {
		return nil, err
	}
	if out, err = p.restoreInto(ctx, c, a, reason); err != nil && created {
		os.Remove(c.Path()) // it was ours, and describes nothing
	}
	return out, err
}

func (p *program) restoreInto(ctx context.Context, c *config.Config, a *backup.Archive, reason string) (*restoreOutput, error) {
	m := a.Manifest()
	if own := (watchlist.Origin{Country: watchlist.Country(c.Origin.Country), Authority: c.Origin.Authority}); own != m.Origin {
		return nil, withHint(usagef("%s: origin says %s, %s, the backup belongs to %s, %s", c.Path(), own.Country, own.Authority, m.Origin.Country, m.Origin.Authority),
			"The owner of a list never changes: correct the configuration.")
	}
	key, token, err := operatorKey(c.Node.Name, time.Now())
	if err != nil {
		return nil, err
	}
	key.Label = "operator of " + c.Node.Name + " (vigie restore)"
	res, err := cluster.Restore(ctx, cluster.RestoreConfig{
		Init: cluster.InitConfig{
			DataDir: c.Node.DataDir, NodeKeyFile: c.Node.NodeKeyFile, ClusterKeyFile: c.Node.ClusterKeyFile, Name: c.Node.Name, Origin: m.Origin,
			ClusterAdvertise: c.Advertise.Cluster, APIAdvertise: c.Advertise.API, Commands: []command.Envelope{command.New("local", command.APIKeyPut{Key: key})},
		},
		From: m.Cluster, FromNode: m.Node, Reason: reason, Taken: m.Taken,
	}, a)
	if errors.Is(err, cluster.ErrNotEmpty) {
		return nil, withHint(fmt.Errorf("%s: %w", c.Node.DataDir, err), "Choose another node.data_dir, or move the old one away.")
	} else if err != nil {
		return nil, err
	}
	ca, err := readCA(c)
	if err != nil {
		return nil, err
	}
	out := &restoreOutput{
		ClusterID: res.Cluster, NodeID: string(res.Node), FromCluster: m.Cluster, Taken: m.Taken, Index: res.Index, Entries: res.Entries,
		ConfigFile: c.Path(), DataDir: c.Node.DataDir,
	}
	if out.CAFile, out.CAFingerprint, err = writeCA(c, ca); err != nil {
		return nil, err
	}
	out.ContextFile, err = p.newContext(c, linkFile{Server: "https://" + c.Advertise.API, CA: string(pemCert(ca)), Key: token, ClusterID: res.Cluster})
	return out, err
}

func writeRestore(w io.Writer, out *restoreOutput) {
	row(w, "restored", fmt.Sprintf("%d entries, as of index %d of cluster %s, %s", out.Entries, out.Index, out.FromCluster, out.Taken.UTC().Format(dateFormat)))
	row(w, "new cluster", out.ClusterID, "keep the nodes of the old one switched off")
	row(w, "data", out.DataDir)
	row(w, "CA certificate", out.CAFile, "give it to clients: the old one is not trusted any more")
	row(w, "CA fingerprint", out.CAFingerprint, "SHA-256, to compare by telephone")
	row(w, "context", out.ContextFile, "holds an API key for 90 days; protect it")
	row(w, "")
	row(w, "Next:")
	row(w, "  vigie serve --config "+shellQuote(out.ConfigFile))
	row(w, "  vigie token create", "to add further nodes: vigie join --token …")
}
