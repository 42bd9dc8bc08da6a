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
	"vigie/cluster/fsck"
)

// exitCannot is fsck's exit code when the folder could not be checked.
const exitCannot = 2

const fsckLong = `Checks everything in the data folder of a node that does not run, and writes nothing
there: raft log (checksums, gaps, every command), vote, snapshots, registry (pages,
every sealed value, the state hash added up anew), photos, audit chain, face gallery,
identity, keys and rights. It also applies the newest snapshot and the log again in
the system's folder for temporary files (sealed, removed at the end) and compares the
state hash with the registry's.

Names, templates and document numbers are never shown. Each finding has a code, says
what it means and what to do. A note is what a crash leaves and the node deals with.

Exit codes: 0 clean, perhaps with notes; 1 damage was found; 2 it could not be
checked (the node runs, no keys, no data folder).`

func (p *program) fsckCmd() *cobra.Command {
	var nodeKey, clusterKey string
	var explain bool
	cmd := &cobra.Command{
		Use: "fsck [DIR]", Short: "Check the data folder of a stopped node, offline", Long: fsckLong,
		Args: usage(cobra.MaximumNArgs(1), "one data folder, or --config"),
		Example: "  vigie fsck /var/lib/vigie\n  vigie fsck --config /etc/vigie/vigie.yaml --json\n" +
			"  vigie fsck /mnt/copy --node-key-file node.key --cluster-key-file cluster.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if explain {
				return p.fsckCodes()
			}
			opt := fsck.Options{
				NodeKeyFile: nodeKey, ClusterKeyFile: clusterKey, Known: append(galleryFolders(), namesFolder),
				Extra: []fsck.Extra{{Name: "gallery", Check: checkGalleries}},
			}
			if len(args) == 1 {
				opt.Dir = args[0]
			} else if err := p.fsckConfig(&opt); err != nil {
				return &exitError{err, exitCannot}
			}
			return p.fsck(cmd.Context(), opt)
		},
	}
	p.configFlag(cmd)
	cmd.Flags().StringVar(&nodeKey, "node-key-file", "", "node key, when it is not DIR/keys/node.key")
	cmd.Flags().StringVar(&clusterKey, "cluster-key-file", "", "cluster key, when it is not DIR/keys/cluster.key")
	cmd.Flags().BoolVar(&explain, "explain", false, "list all codes with their meaning, and check nothing")
	return cmd
}

// fsckConfig takes folder and keys from the configuration, and checks that nobody
// else can change it.
func (p *program) fsckConfig(opt *fsck.Options) error {
	c, err := p.loadConfig()
	if err != nil {
		return err
	}
	opt.Dir = c.Node.DataDir
	if opt.NodeKeyFile == "" {
		opt.NodeKeyFile = c.Node.NodeKeyFile
	}
	if opt.ClusterKeyFile == "" {
		opt.ClusterKeyFile = c.Node.ClusterKeyFile
	}
	path := c.Path()
	opt.Before = func(rep *fsck.Report) {
		if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o022 != 0 {
			rep.Add(fsck.ConfigRights, path, 0, "mode %04o", st.Mode().Perm())
		}
	}
	return nil
}

func (p *program) fsck(ctx context.Context, opt fsck.Options) error {
	opt.Progress = p.fsckProgress()
	rep, err := fsck.Run(ctx, opt)
	switch {
	case errors.Is(err, cluster.ErrInUse):
		return &exitError{withHint(err, "Stop the node first: systemctl stop vigie. 'vigie doctor' checks a running one."), exitCannot}
	case err != nil:
		return &exitError{err, exitCannot}
	}
	if err := p.emit(rep, func(w io.Writer) { fsckTable(w, rep) }); err != nil {
		return err
	}
	if !rep.Clean {
		return errQuiet
	}
	return nil
}

// fsckProgress tells on standard error, every five seconds, how far a long part is.
func (p *program) fsckProgress() func(part string, done, total int) {
	const every = 5 * time.Second
	last := time.Now()
	return func(part string, done, total int) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		if total > 0 {
			p.note("fsck: %s, %d of %d", part, done, total)
			return
		}
		p.note("fsck: %s, %d", part, done)
	}
}

func fsckTable(w io.Writer, rep *fsck.Report) {
	for _, part := range rep.Parts {
		row(w, "read", part.Name, fmt.Sprintf("%d %s, %d ms", part.Items, part.Unit, part.Took))
	}
	if rep.StateHash != "" {
		text := "not computed anew"
		if rep.Replayed {
			text = "computed anew from snapshot and log"
		}
		row(w, "state", fmt.Sprintf("index %d, term %d, %d entries", rep.Index, rep.Term, rep.Entries), rep.StateHash+", "+text)
	}
	damage := 0
	for _, f := range rep.Findings {
		if f.Level == fsck.Damage {
			damage += f.Count
		}
		text := f.Meaning
		if f.Detail != "" {
			text = f.Detail + ". " + text
		}
		where := f.Where
		if f.Index > 0 {
			where += fmt.Sprintf(", index %d", f.Index)
		}
		if f.Count > 1 {
			where += fmt.Sprintf(" (%d times)", f.Count)
		}
		row(w, f.Level, string(f.Code)+" "+where, text)
		if f.Do != "" {
			row(w, "", "", "-> "+f.Do)
		}
	}
	if rep.Clean {
		row(w, "clean", rep.Dir, "")
	} else {
		row(w, "DAMAGED", rep.Dir, fmt.Sprintf("%d findings", damage))
	}
}

// fsckCode is one line of --explain.
type fsckCode struct {
	Code    fsck.Code  `json:"code"`
	Level   fsck.Level `json:"level"`
	Meaning string     `json:"meaning"`
	Do      string     `json:"do,omitempty"`
}

func (p *program) fsckCodes() error {
	var list []fsckCode
	for _, c := range fsck.Codes() {
		level, meaning, do := fsck.Explain(c)
		list = append(list, fsckCode{c, level, meaning, do})
	}
	return p.emit(list, func(w io.Writer) {
		for _, c := range list {
			row(w, c.Code, c.Level, c.Meaning)
			if c.Do != "" {
				row(w, "", "", "-> "+c.Do)
			}
		}
	})
}
