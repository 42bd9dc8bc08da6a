package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	agefile "filippo.io/age"
	"github.com/spf13/cobra"

	"vigie/cluster"
	"vigie/cluster/backup"
	"vigie/cluster/blob"
	"vigie/watchlist"
)

const backupLong = `Writes the whole state of the cluster into one encrypted file: the registry of one
moment, the photos and calibration files that it refers to, and this node's audit log.
The node must be stopped; the others go on, so back up a node that does not lead and
start it again. The file is encrypted for the recipients (age, X25519): this machine
can't read it again, and the private key belongs elsewhere.

The backup is good only when it says so: the file is read back, restored into a
temporary folder, and the state hash compared. To that end it is also encrypted for a
key that is drawn for this run and forgotten.`

// backupReport is what backup and its verification print.
type backupReport struct {
	File string `json:"file"`
	// Verified: everything was restored beside, and the state hash is right.
	Verified    bool      `json:"verified"`
	Cluster     string    `json:"cluster"`
	Node        string    `json:"node"`
	Taken       time.Time `json:"taken"`
	Index       uint64    `json:"index"`
	StateHash   string    `json:"state_hash"`
	Entries     uint64    `json:"entries"`
	Blobs       int       `json:"blobs"`
	AuditEvents uint64    `json:"audit_events"`
	Bytes       int64     `json:"bytes"`
}

func (p *program) backupCmd() *cobra.Command {
	var to string
	var recipients []string
	cmd := &cobra.Command{
		Use: "backup --to FILE --recipient age1…", Short: "Back the cluster up into one encrypted file, and prove that it can be restored",
		Long: backupLong, Args: unknownCommand,
		Example: "  vigie backup key --out backup-key.txt           # once, on a machine that is not this one\n" +
			"  systemctl stop vigie\n  vigie backup --config /etc/vigie/vigie.yaml --to 2026-11-24.vigie --recipient age1…\n  systemctl start vigie",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" || len(recipients) == 0 {
				return withHint(usagef("--to and --recipient are required"), "A recipient is what 'vigie backup key' prints.")
			}
			to, err := parseRecipients(to, recipients)
			if err != nil {
				return err
			}
			return p.backup(cmd.Context(), to)
		},
	}
	p.configFlag(cmd)
	cmd.Flags().StringVar(&to, "to", "", "file to write; it must not exist")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "public key to encrypt for, age1…; may be repeated")
	cmd.AddCommand(p.backupKeyCmd(), p.backupVerifyCmd())
	return cmd
}

// backupTarget is where a backup goes and for whom it is.
type backupTarget struct {
	path       string
	recipients []agefile.Recipient
}

func parseRecipients(path string, texts []string) (backupTarget, error) {
	t := backupTarget{path: path}
	for _, text := range texts {
		r, err := agefile.ParseX25519Recipient(strings.TrimSpace(text))
		if err != nil {
			return t, withHint(usagef("--recipient: %v", err), "A recipient begins with age1; 'vigie backup key' makes one.")
		}
		t.recipients = append(t.recipients, r)
	}
	return t, nil
}

// backup writes FILE.partial, verifies it, and renames it.
func (p *program) backup(ctx context.Context, t backupTarget) (err error) {
	c, err := p.loadConfig()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(t.path); err == nil {
		return usagef("%s exists; a backup never replaces another", t.path)
	}
	trial, err := agefile.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	partial := t.path + ".partial"
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return withHint(fmt.Errorf("make the backup's file: %w", err), "If a run before was ended, remove the .partial file.")
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil && partial != "" {
			err = errors.Join(err, os.Remove(partial))
		}
	}()
	_, err = backup.Write(ctx, backup.Options{
		Dir: c.Node.DataDir, NodeKeyFile: c.Node.NodeKeyFile, ClusterKeyFile: c.Node.ClusterKeyFile,
		Version: readBuild().Version, Now: time.Now(),
	}, f, append(t.recipients, trial.Recipient())...)
	switch {
	case errors.Is(err, cluster.ErrInUse):
		return withHint(err, "Stop this node first (systemctl stop vigie); the other nodes go on. Start it again afterwards.")
	case errors.Is(err, watchlist.ErrNotFound), errors.Is(err, blob.ErrCorrupt):
		return withHint(err, "A photo is not whole on this node: back up another one, and run 'vigie fsck' here.")
	case err != nil:
		return withHint(err, "'vigie fsck' tells what is wrong with the data folder.")
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync the backup: %w", err)
	}
	rep, err := verifyBackup(partial, trial)
	if err != nil {
		return fmt.Errorf("the backup is NOT good and was removed: %w", err)
	}
	if err := os.Rename(partial, t.path); err != nil {
		return fmt.Errorf("name the backup: %w", err)
	}
	partial = ""
	if err := syncFolder(filepath.Dir(t.path)); err != nil {
		return err
	}
	rep.File = t.path
	return p.emitBackup(rep)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	return nil
}

// verifyBackup reads a backup to its end and restores it beside.
func verifyBackup(path string, keys ...agefile.Identity) (rep backupReport, err error) {
	f, err := os.Open(path)
	if err != nil {
		return rep, fmt.Errorf("open the backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return rep, fmt.Errorf("open the backup: %w", err)
	}
	a, err := openBackup(f, keys)
	if err != nil {
		return rep, err
	}
	events, err := backup.Verify(a)
	m := a.Manifest()
	return backupReport{
		File: path, Verified: err == nil, Cluster: m.Cluster, Node: string(m.Node), Taken: m.Taken, Index: m.Index, StateHash: m.StateHash,
		Entries: m.Entries, Blobs: m.Blobs, AuditEvents: events, Bytes: st.Size(),
	}, err
}

func openBackup(r io.Reader, keys []agefile.Identity) (*backup.Archive, error) {
	a, err := backup.Open(r, keys...)
	var none *agefile.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, withHint(err, "The backup was made for other keys than those in the file of --identity.")
	}
	return a, err
}

func (p *program) emitBackup(rep backupReport) error {
	return p.emit(rep, func(w io.Writer) {
		row(w, "good", fmt.Sprintf("%s, %.1f MB, restored beside and compared", rep.File, float64(rep.Bytes)/1e6))
		row(w, "taken", rep.Taken.UTC().Format(dateFormat), fmt.Sprintf("of node %s, cluster %s", rep.Node, rep.Cluster))
		row(w, "holds", fmt.Sprintf("%d entries at index %d, %d photos and files, %d audit events", rep.Entries, rep.Index, rep.Blobs, rep.AuditEvents))
		row(w, "state", rep.StateHash)
	})
}

func (p *program) backupKeyCmd() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "key --out FILE", Short: "Make a key pair for backups", Args: usage(cobra.NoArgs, "no arguments"),
		Long: "Writes a private key (age, X25519), mode 0600, and prints the recipient to back up for.\nMake it on a machine that is not a node, and keep two copies of the file in safes: without\nit no backup can be read, and with it every one can.",
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usagef("--out is required")
			}
			k, err := agefile.GenerateX25519Identity()
			if err != nil {
				return fmt.Errorf("draw a key: %w", err)
			}
			f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			_, err = fmt.Fprintf(f, "# vigie backup key, made %s\n# public key: %s\n%s\n", time.Now().UTC().Format(dateFormat), k.Recipient(), k)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			return p.emit(struct {
				Recipient string `json:"recipient"`
				File      string `json:"file"`
			}{k.Recipient().String(), out}, func(w io.Writer) {
				row(w, "recipient", k.Recipient())
				row(w, "private key", out, "keep two copies in safes, none on a node")
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; it must not exist")
	return cmd
}

func (p *program) backupVerifyCmd() *cobra.Command {
	var identity string
	cmd := &cobra.Command{
		Use: "verify FILE --identity KEY-FILE", Short: "Prove that a backup can still be restored", Args: usage(cobra.ExactArgs(1), "one backup"),
		Long: "Reads the whole file, restores it into a temporary folder, and compares the state hash,\nthe photos and the audit chain. Works anywhere; no node is touched.",
		RunE: func(_ *cobra.Command, args []string) error {
			keys, err := readIdentities(identity)
			if err != nil {
				return err
			}
			rep, err := verifyBackup(args[0], keys...)
			if err != nil {
				return fmt.Errorf("this backup is NOT good: %w", err)
			}
			return p.emitBackup(rep)
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "file of the private key, as 'vigie backup key' writes it (required)")
	return cmd
}

// readIdentities reads a file of private age keys.
func readIdentities(path string) (keys []agefile.Identity, err error) {
	if path == "" {
		return nil, usagef("--identity is required: the file of the private key")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the private key: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if keys, err = agefile.ParseIdentities(f); err != nil {
		// The cause may quote the line, which is a secret.
		return nil, fmt.Errorf("%s holds no private age key", path)
	}
	return keys, nil
}
