package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vigie/api/auth"
	"vigie/cluster"
	"vigie/cluster/blob"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/models"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// operatorKeyLife is how long the API key that init writes into the context
// file works.
const operatorKeyLife = 90 * 24 * time.Hour

// initOutput is what `vigie init` prints. All but the paths is secret.
type initOutput struct {
	ClusterID     string           `json:"cluster_id"`
	NodeID        watchlist.NodeID `json:"node_id"`
	ConfigFile    string           `json:"config_file"`
	DataDir       string           `json:"data_dir"`
	CAFile        string           `json:"ca_file"`
	CAFingerprint string           `json:"ca_fingerprint"`
	ContextFile   string           `json:"context_file"`
	AdminLogin    string           `json:"admin_login"`
	AdminPassword string           `json:"admin_password"`
	AdminKey      string           `json:"admin_key"`
}

func (p *program) initCmd() *cobra.Command {
	login := "admin"
	cmd := &cobra.Command{
		Use: "init", Short: "Make a new cluster with this machine as its first node", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Makes the cluster's certificate authority and keys, the first node's data folder, and
an administrator with a one-time password. Writes the configuration when there is none
yet, the CA certificate beside it, and a context file (mode 0600) with an API key, so
that the other commands find the cluster. Refuses a data folder that isn't empty.`,
		Example: "  vigie init --name dakar-1 --country SEN --authority 'Direction nationale' --config /etc/vigie/vigie.yaml\n  vigie serve --config /etc/vigie/vigie.yaml",
	}
	flags := p.addNewNodeFlags(cmd)
	cmd.Flags().StringVar(&login, "admin", login, "login of the first administrator")
	cmd.Flags().StringVar(&p.link.context, "context", "", "context file to write ($VIGIE_CONTEXT, else ~/.config/vigie/context.json)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, created, err := p.newNodeConfig(flags)
		if err != nil {
			return err
		}
		out, err := p.initCluster(cmd.Context(), c, login)
		if err != nil {
			if created {
				os.Remove(c.Path()) // it was ours, and describes nothing
			}
			return err
		}
		return p.emit(out, func(w io.Writer) { writeInit(w, out, created) })
	}
	return cmd
}

func writeInit(w io.Writer, out *initOutput, created bool) {
	row(w, "cluster", out.ClusterID)
	if created {
		row(w, "configuration", out.ConfigFile, "written, every key explained")
	}
	row(w, "data", out.DataDir)
	row(w, "CA certificate", out.CAFile, "give it to clients")
	row(w, "CA fingerprint", out.CAFingerprint, "SHA-256, to compare by telephone")
	row(w, "administrator", out.AdminLogin, "one-time password "+out.AdminPassword)
	row(w, "context", out.ContextFile, "holds an API key for 90 days; protect it")
	row(w, "")
	row(w, "Next:")
	row(w, "  vigie serve --config "+shellQuote(out.ConfigFile))
	row(w, "  vigie status", "in another terminal")
	row(w, "  vigie token create", "to add the second and third node: vigie join --token …")
	row(w, "  vigie login "+out.AdminLogin, "to choose a password of your own")
}

// initCluster makes the cluster, then the files that lead to it.
func (p *program) initCluster(ctx context.Context, c *config.Config, login string) (*initOutput, error) {
	now := time.Now()
	user, password, err := firstAdmin(ctx, login, now)
	if err != nil {
		return nil, err
	}
	key, token, err := operatorKey(c.Node.Name, now)
	if err != nil {
		return nil, err
	}
	shipped, err := shippedDecision()
	if err != nil {
		return nil, err
	}
	res, err := cluster.Init(ctx, cluster.InitConfig{
		DataDir: c.Node.DataDir, NodeKeyFile: c.Node.NodeKeyFile, ClusterKeyFile: c.Node.ClusterKeyFile, Name: c.Node.Name,
		Origin:           watchlist.Origin{Country: watchlist.Country(c.Origin.Country), Authority: c.Origin.Authority},
		ClusterAdvertise: c.Advertise.Cluster, APIAdvertise: c.Advertise.API,
		Commands: []command.Envelope{
			command.New("local", command.UserPut{User: user, Create: true}),
			command.New("local", command.APIKeyPut{Key: key}),
			command.New("local", shipped),
		},
	})
	if errors.Is(err, cluster.ErrNotEmpty) {
		return nil, withHint(fmt.Errorf("%s: %w", c.Node.DataDir, err), "Choose another node.data_dir, or move the old one away. To start the node that is in it: vigie serve.")
	} else if err != nil {
		return nil, fmt.Errorf("make the cluster: %w", err)
	}
	ca, err := readCA(c)
	if err != nil {
		return nil, err
	}
	out := &initOutput{
		ClusterID: res.Cluster, NodeID: res.Node, ConfigFile: c.Path(), DataDir: c.Node.DataDir,
		AdminLogin: user.Login, AdminPassword: password, AdminKey: token,
	}
	if out.CAFile, out.CAFingerprint, err = writeCA(c, ca); err != nil {
		return nil, err
	}
	out.ContextFile, err = p.newContext(c, linkFile{Server: "https://" + c.Advertise.API, CA: string(pemCert(ca)), Key: token, ClusterID: res.Cluster})
	return out, err
}

// shippedDecision records what the release of the first node brings as the first
// calibration in force: later releases that bring another one change nothing by
// themselves. Every node of this release keeps the file.
func shippedDecision() (command.CalibrationPut, error) {
	c, err := models.DefaultCalibration()
	if err != nil {
		return command.CalibrationPut{}, fmt.Errorf("the built-in calibration: %w", err)
	}
	return command.CalibrationPut{
		Version: c.Version(), Model: c.Model(), File: blob.Name(models.ShippedCalibration()), Shipped: true,
		Reason: "shipped with the release that made the cluster",
	}, nil
}

// readCA gives the CA certificate of the node that the configuration names, in
// DER form. The node must not run.
func readCA(c *config.Config) (der []byte, err error) {
	key, err := seal.Load(c.Node.NodeKeyFile)
	if err != nil {
		return nil, fmt.Errorf("load the node key: %w", err)
	}
	reg, err := registry.Open(filepath.Join(c.Node.DataDir, "registry.db"), key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reg.Close()) }()
	setup, err := reg.Cluster()
	if err != nil {
		return nil, fmt.Errorf("read the CA certificate: %w", err)
	}
	return setup.CACert, nil
}

func pemCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// writeCA writes the CA certificate beside the configuration and gives its path
// and the SHA-256 of its DER form.
func writeCA(c *config.Config, der []byte) (path, fingerprint string, err error) {
	sum := sha256.Sum256(der)
	path = filepath.Join(filepath.Dir(c.Path()), "ca.pem")
	if err := os.WriteFile(path, pemCert(der), 0o644); err != nil {
		return "", "", fmt.Errorf("write the CA certificate: %w", err)
	}
	return path, hex.EncodeToString(sum[:]), nil
}

// newContext writes the context file. One that leads to another cluster is left
// alone, and the new one goes beside the configuration.
func (p *program) newContext(c *config.Config, f linkFile) (string, error) {
	path := p.contextPath()
	if _, err := os.Stat(path); err == nil {
		path = filepath.Join(filepath.Dir(c.Path()), "context.json")
		p.note("%s exists and is left alone; use the new one with --context %s", p.contextPath(), path)
	}
	if err := writeContext(path, f); err != nil {
		return "", fmt.Errorf("write the context file: %w", err)
	}
	return filepath.Abs(path)
}

// firstAdmin makes the first administrator, with a one-time password.
func firstAdmin(ctx context.Context, login string, now time.Time) (watchlist.User, string, error) {
	password, err := oneTimePassword()
	if err != nil {
		return watchlist.User{}, "", err
	}
	h, err := auth.NewHasher(auth.DefaultParams(), 1)
	if err != nil {
		return watchlist.User{}, "", err
	}
	hash, err := h.Hash(ctx, password)
	if err != nil {
		return watchlist.User{}, "", fmt.Errorf("hash the password: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return watchlist.User{}, "", err
	}
	return watchlist.User{
		ID: watchlist.UserID(id.String()), Login: login, Role: watchlist.RoleAdministrator, PasswordHash: hash,
		CreatedAt: now.UnixMilli(), MustChange: true,
	}, password, nil
}

// operatorKey makes the API key of the context file.
func operatorKey(node string, now time.Time) (watchlist.APIKey, string, error) {
	id := uuid.New()
	tok, err := auth.NewAPIKeyToken(watchlist.KeyID(hex.EncodeToString(id[:8])))
	if err != nil {
		return watchlist.APIKey{}, "", err
	}
	return watchlist.APIKey{
		ID: tok.ID, SecretHash: tok.Hash(), Role: watchlist.RoleAdministrator, Label: "operator of " + node + " (vigie init)",
		CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(operatorKeyLife).UnixMilli(),
	}, tok.String(), nil
}
