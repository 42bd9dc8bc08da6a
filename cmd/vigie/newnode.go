package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"vigie/cmd/vigie/internal/config"
)

// newNode holds the flags of init and join that write a configuration.
type newNode struct {
	values map[string]*string
	set    []string
}

// newNodeFlags maps flags to configuration keys.
var newNodeFlags = []struct{ flag, key, help string }{
	{"name", "node.name", "what operators call the node, such as dakar-1"},
	{"data-dir", "node.data_dir", "folder for the node's data"},
	{"country", "origin.country", "country that owns the entries, ISO 3166-1 alpha-3"},
	{"authority", "origin.authority", "office that owns the entries"},
	{"api", "listen.api", "ADDRESS:PORT of the HTTPS interface"},
	{"cluster", "listen.cluster", "ADDRESS:PORT for the other nodes"},
	{"profile", "link.profile", "lan, regional or satellite"},
}

func (p *program) addNewNodeFlags(cmd *cobra.Command) *newNode {
	n := &newNode{values: map[string]*string{}}
	for _, f := range newNodeFlags {
		n.values[f.flag] = cmd.Flags().String(f.flag, "", f.help)
	}
	cmd.Flags().StringArrayVar(&n.set, "set", nil, "KEY=VALUE, any other key of the configuration, such as faces.engine=off; may be repeated")
	_ = cmd.MarkFlagDirname("data-dir")
	p.configFlag(cmd)
	return n
}

// config loads the configuration, or writes it from the flags when there is
// none yet; created tells which.
func (p *program) newNodeConfig(n *newNode) (c *config.Config, created bool, err error) {
	path := config.Find(p.configFile, p.getenv)
	given := map[string]string{}
	for _, f := range newNodeFlags {
		if v := *n.values[f.flag]; v != "" {
			given[f.key] = v
		}
	}
	for _, kv := range n.set {
		k, v, ok := strings.Cut(kv, "=")
		if !ok {
			return nil, false, usagef("--set: use KEY=VALUE")
		}
		given[k] = v
	}
	if _, err := os.Stat(path); err == nil {
		if len(given) > 0 {
			return nil, false, usagef("%s exists and its values count: leave the flags out, or name another file with --config", path)
		}
		c, err := p.loadConfig()
		return c, false, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if given["origin.country"] == "" || given["origin.authority"] == "" {
		return nil, false, withHint(usagef("%s does not exist yet: say who owns the entries with --country and --authority", path),
			"For example: --name dakar-1 --country SEN --authority 'Direction nationale'")
	}
	b, err := config.Example(given)
	if err != nil {
		return nil, false, &usageError{err}
	}
	if c, err = config.Parse(path, b); err != nil {
		return nil, false, withHint(&usageError{err}, "%s was not written; the lines are those that it would have.", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, false, err
	}
	if err := os.WriteFile(path, b, 0o640); err != nil {
		return nil, false, fmt.Errorf("write the configuration: %w", err)
	}
	return c, true, nil
}
